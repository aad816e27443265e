"""The chooser of a forecasting report: truth, test forecasts of every origin and the future, for each series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from penstock.domain.covariates import is_covariate
from penstock.reporting.blocks import Chooser, Item, Layer, Window
from penstock.reporting.columns import FramePacker, band_columns, by_series, milliseconds, on_clock
from penstock.reporting.facts import ReportFacts
from penstock.reporting.numbers import measure
from penstock.reporting.packing import Packer
from penstock.reporting.scope import BUDGET, Material, Scope, scoped
from penstock.reporting.standing import Standing, badness, metric_facts

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

CHOOSER = "series"
ROW_KEYS = frozenset({"series", "time", "y"})
_RECENT_HORIZONS = 10


def order_of_need(facts: ReportFacts) -> tuple[str, ...]:
    """Return the series names, those with the largest errors first, then by name."""
    import polars as pl

    frames = [facts.history, facts.predictions[facts.chosen]]
    unique = pl.concat([frame.select(pl.col("series").cast(pl.String).unique()) for frame in frames])
    names = set(unique["series"].to_list())
    ranked = sorted(
        (s for s in facts.slices if s.by == "series"), key=lambda s: (-badness(facts, s), s.slice)
    )
    first = dict.fromkeys(s.slice for s in ranked if s.slice in names)
    return (*first, *sorted(names - first.keys()))


def series_scope(facts: ReportFacts, standing: Standing, budget: int = BUDGET) -> Scope:
    """Return what the page carries of each series, at most ``budget`` numbers."""
    baseline = standing.baseline
    return scoped(
        Material(
            names=order_of_need(facts),
            history=facts.history.sort("series", "time"),
            predictions=facts.predictions[facts.chosen].sort("series", "cutoff", "step"),
            baseline=None if baseline is None else _sorted(facts.predictions.get(baseline.name)),
            forecast=None if facts.forecast is None else facts.forecast.sort("series", "time"),
            horizon=facts.task.horizon,
        ),
        budget,
    )


def _sorted(frame: pl.DataFrame | None) -> pl.DataFrame | None:
    return None if frame is None else frame.sort("series", "cutoff", "step")


def series_chooser(facts: ReportFacts, standing: Standing, scope: Scope) -> Chooser:
    """Return the chooser over the series in ``scope``, in order of name."""
    packer = Packer()
    pack = FramePacker(packer=packer)
    parts = _parts(scope.material, facts.task.timezone)
    words = _words(facts, standing)
    items = [
        Item(
            name=name,
            facts=words.get(name, ()),
            columns=_columns(pack, parts, name),
            mark_ms=_last_known(parts, name),
        )
        for name in sorted(scope.material.names)
    ]
    return Chooser(
        id=CHOOSER,
        title=f"Forecast and truth of one series, {facts.task.target}",
        noun="series",
        items=tuple(items),
        layers=_layers(facts, standing, scope),
        packed=packer.packed(),
        unit=facts.task.unit,
        windows=_windows(facts, scope),
        note=f"Times in {facts.task.timezone}. {scope.note}".strip(),
    )


def _parts(material: Material, timezone: str) -> Mapping[str, Mapping[str, pl.DataFrame]]:
    frames = {
        "truth": material.history,
        "test": material.predictions,
        "baseline": material.baseline,
        "future": material.forecast,
    }
    return {name: by_series(on_clock(frame, timezone)) for name, frame in frames.items() if frame is not None}


def _columns(
    pack: FramePacker, parts: Mapping[str, Mapping[str, pl.DataFrame]], name: str
) -> Mapping[str, tuple[int, ...]]:
    columns: dict[str, tuple[int, ...]] = {}
    if name in parts["truth"]:
        columns["truth"] = pack.truth(parts["truth"][name])
    if name in parts["test"]:
        columns.update(pack.tests(parts["test"][name], "test", banded=True))
    if name in parts.get("baseline", {}):
        columns.update(pack.tests(parts["baseline"][name], "baseline", banded=False))
    if name in parts.get("future", {}):
        columns.update(pack.future(parts["future"][name]))
    return columns


def _last_known(parts: Mapping[str, Mapping[str, pl.DataFrame]], name: str) -> float | None:
    if name not in parts["truth"] or name not in parts.get("future", {}):
        return None
    return float(parts["truth"][name]["time"][-1])


def _layers(facts: ReportFacts, standing: Standing, scope: Scope) -> tuple[Layer, ...]:
    material, model = scope.material, standing.colours[facts.chosen]
    bands = [
        _band_layer(material.predictions, "test_band"),
        _band_layer(material.forecast, "forecast_band"),
    ]
    lines: list[Layer | None] = [Layer(name="truth", label="truth", colour="--ink", width=1.3)]
    if standing.baseline is not None and material.baseline is not None:
        label = f"{standing.baseline.label}, tested"
        lines.append(
            Layer(name="baseline", label=label, colour="--best", style="dot", width=1.3, shown=False)
        )
    lines.append(Layer(name="test", label=f"{standing.model.label}, tested", colour=model, width=1.8))
    if material.forecast is not None:
        lines.append(
            Layer(name="forecast", label="forecast of the future", colour=model, style="dash", width=2.2)
        )
    return tuple(layer for layer in [*bands, *lines] if layer is not None)


def _band_layer(frame: pl.DataFrame | None, name: str) -> Layer | None:
    edges = None if frame is None else band_columns(frame)
    if edges is None:
        return None
    level = edges[0].removeprefix("lower_")
    return Layer(name=name, label=f"{level} % interval", colour="--band", style="band")


def _words(facts: ReportFacts, standing: Standing) -> Mapping[str, tuple[tuple[str, str], ...]]:
    words: dict[str, list[tuple[str, str]]] = {}
    for row in _statics(facts):
        words[row[0]] = list(row[1])
    for score in facts.slices:
        if score.by != "series":
            continue
        metric = metric_facts(facts, score.metric)
        entry = words.setdefault(score.slice, [])
        entry.append((metric.label, measure(score.value, metric.unit, metric.scale)))
        if score.baseline is not None and standing.baseline is not None:
            entry.append((standing.baseline.label, measure(score.baseline, metric.unit, metric.scale)))
    return {name: tuple(entry) for name, entry in words.items()}


def _statics(facts: ReportFacts) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what each series is; a covariate changes with time, so no value of it says anything of a series."""
    import polars as pl

    columns = [name for name in facts.history.columns if name not in ROW_KEYS and not is_covariate(name)]
    if not columns:
        return []
    table = facts.history.group_by("series").agg(pl.col(columns).first().cast(pl.String)).sort("series")
    return [(str(row[0]), list(zip(columns, map(str, row[1:]), strict=True))) for row in table.iter_rows()]


def _windows(facts: ReportFacts, scope: Scope) -> tuple[Window, ...]:
    import polars as pl

    material = scope.material
    frames = [material.history, material.predictions, material.forecast]
    ends = pl.concat([frame["time"] for frame in frames if frame is not None and frame.height])
    edges = milliseconds(pl.Series([ends.min(), ends.max()], dtype=ends.dtype), facts.task.timezone)
    start, end = float(edges[0]), float(edges[1])
    step = _step_ms(material.predictions)
    horizon = step * facts.task.horizon
    recent = Window(label="Newest", start_ms=max(start, end - _RECENT_HORIZONS * horizon), end_ms=end)
    whole = Window(label="Everything", start_ms=start, end_ms=end)
    return (recent, whole, *_origins(scope.cutoffs, horizon, facts.task.timezone))


def _step_ms(predictions: pl.DataFrame) -> float:
    import polars as pl

    lead = (pl.col("time") - pl.col("cutoff")).dt.total_milliseconds() / pl.col("step")
    value = predictions.select(lead.median()).item()
    return float(value) if value is not None else 1.0


def _origins(cutoffs: tuple[datetime, ...], horizon_ms: float, timezone: str) -> list[Window]:
    import polars as pl

    moments = pl.Series(cutoffs, dtype=pl.Datetime("us", "UTC")).sort(descending=True)
    labels = moments.dt.convert_time_zone(timezone).dt.strftime("Origin %Y-%m-%d %H:%M")
    return [
        Window(
            label=label,
            start_ms=float(at) - 2 * horizon_ms,
            end_ms=float(at) + 1.2 * horizon_ms,
            mark_ms=float(at),
        )
        for label, at in zip(labels, milliseconds(moments, timezone), strict=True)
    ]
