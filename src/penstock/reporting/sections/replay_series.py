"""How a replay went for each series: the worst, and a chooser that shows what would have been said of any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.reporting.blocks import Block, Cell, Chooser, Column, Item, Layer, Prose, Section, Table, Window
from penstock.reporting.columns import FramePacker, by_series, milliseconds, on_clock
from penstock.reporting.figures.ladder import named
from penstock.reporting.numbers import count, measure, number
from penstock.reporting.packing import Packer
from penstock.reporting.replay_facts import ReplayFacts
from penstock.reporting.scope import BUDGET, Material, scoped
from penstock.reporting.sparks import spark

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from penstock.reporting.blocks import Spark
    from penstock.reporting.scope import Scope

CHOOSER = "replay-series"
WORST = 12
_RECENT_HORIZONS = 14


def replay_series(facts: ReplayFacts, budget: int = BUDGET) -> Section | None:
    """Return the worst series and the chooser; nothing without forecasts."""
    if facts.predictions.is_empty():
        return None
    scope = _scope(facts, budget)
    blocks: list[Block] = [Prose(text=_wins(facts)), _worst(facts, scope), _chooser(facts, scope)]
    return Section(id="series", title="Series", blocks=tuple(blocks))


def _ordered(facts: ReplayFacts) -> pl.DataFrame:
    """Return the series worst first: by what a seasonal naive would have made of them where errors have a unit."""
    return facts.series.sort("error", "series", descending=[True, False], nulls_last=True)


def _wins(facts: ReplayFacts) -> str:
    both = facts.series.drop_nulls(["error", "naive"])
    if both.is_empty():
        return f"{count(facts.series.height)} series were forecast; the truth of none is known yet."
    wins = int((both["error"] < both["naive"]).sum())
    return f"The model errs less than the seasonal naive in {count(wins)} of {count(both.height)} series."


def _scope(facts: ReplayFacts, budget: int) -> Scope:
    import polars as pl

    rows = facts.predictions.sort("series", "cutoff", "step")
    history = rows.drop_nulls("y").group_by("series", "time").agg(pl.col("y").first()).sort("series", "time")
    names = [*_ordered(facts)["series"].to_list()]
    rest = sorted(set(rows["series"].unique().to_list()) - set(names))
    return scoped(
        Material(
            names=(*names, *rest),
            history=history,
            predictions=rows,
            baseline=rows.with_columns(prediction=pl.col("naive")),
            forecast=None,
            horizon=facts.task.horizon,
        ),
        budget,
    )


def _worst(facts: ReplayFacts, scope: Scope) -> Table:
    places = {name: place for place, name in enumerate(sorted(scope.material.names))}
    courses = _courses(facts)
    rows = tuple(
        (
            Cell(
                text=row["series"], pick=(CHOOSER, places[row["series"]]) if row["series"] in places else None
            ),
            Cell(text=measure(row["error"], "", facts.metric.scale), sort=row["error"]),
            Cell(text=measure(row["naive"], "", facts.metric.scale), sort=row["naive"]),
            _ratio(row["error"], row["naive"]),
            Cell(text=count(row["rows"]), sort=row["rows"]),
            Cell(text="", spark=courses.get(row["series"])),
        )
        for row in _ordered(facts).head(WORST).iter_rows(named=True)
    )
    columns = (
        Column(label="Series"),
        Column(label=named(facts.metric), right=True),
        Column(label="Naive", right=True, hint="the same metric of the seasonal naive"),
        Column(label="Ratio", right=True, hint="model over naive: below 1 the model is better"),
        Column(label="Values", right=True, hint="how many forecasts were judged"),
        Column(label="Absolute error, slot by slot"),
    )
    return Table(
        caption=f"The {count(len(rows))} worst series; choose one to see it", columns=columns, rows=rows
    )


def _ratio(error: float | None, naive: float | None) -> Cell:
    if error is None or not naive:
        return Cell(text=number(None))
    return Cell(text=number(error / naive), sort=error / naive, tone="bad" if error > naive else "good")


def _courses(facts: ReplayFacts) -> Mapping[str, Spark]:
    """Return the mean absolute error of each of the worst series over the slots, drawn small."""
    import polars as pl

    names = _ordered(facts).head(WORST)["series"].to_list()
    rows = facts.predictions.filter(pl.col("series").is_in(names)).drop_nulls("y")
    errors = (
        rows.group_by("series", "cutoff")
        .agg(error=(pl.col("y") - pl.col("prediction")).abs().mean())
        .sort("cutoff")
    )
    drawn = {}
    for (name,), part in errors.partition_by("series", as_dict=True, maintain_order=True).items():
        made = spark(f"Absolute error of {name} over the slots", [("--model", part["error"].to_list())])
        if made is not None:
            drawn[str(name)] = made
    return drawn


def _chooser(facts: ReplayFacts, scope: Scope) -> Chooser:
    packer = Packer()
    parts = _parts(scope, facts.task.timezone)
    items = [
        Item(name=name, facts=_words(facts).get(name, ()), columns=_columns(packer, parts, name))
        for name in sorted(scope.material.names)
    ]
    layers = [Layer(name="truth", label="truth, as known in the end", colour="--ink", width=1.3)]
    if "baseline" in parts:
        layers.append(
            Layer(
                name="baseline", label="seasonal naive", colour="--best", style="dot", width=1.2, shown=False
            )
        )
    layers.append(Layer(name="test", label="what it would have said", colour="--model", width=1.8))
    return Chooser(
        id=CHOOSER,
        title=f"What would have been said of one series, {facts.task.target}",
        noun="series",
        items=tuple(items),
        layers=tuple(layers),
        packed=packer.packed(),
        unit=facts.task.unit,
        windows=_windows(facts, scope),
        note=f"Times in {facts.task.timezone}. {scope.note}".strip(),
    )


def _parts(scope: Scope, timezone: str) -> Mapping[str, Mapping[str, pl.DataFrame]]:
    material = scope.material
    frames = {"truth": material.history, "test": material.predictions, "baseline": material.baseline}
    return {name: by_series(on_clock(frame, timezone)) for name, frame in frames.items() if frame is not None}


def _columns(
    packer: Packer, parts: Mapping[str, Mapping[str, pl.DataFrame]], name: str
) -> dict[str, tuple[int, ...]]:
    pack = FramePacker(packer=packer)
    columns: dict[str, tuple[int, ...]] = {}
    if name in parts["truth"]:
        columns["truth"] = pack.truth(parts["truth"][name])
    for layer in ("test", "baseline"):
        if name in parts.get(layer, {}):
            columns.update(pack.tests(parts[layer][name], layer, banded=False))
    return columns


def _words(facts: ReplayFacts) -> dict[str, tuple[tuple[str, str], ...]]:
    metric = facts.metric
    return {
        row["series"]: (
            (metric.label, measure(row["error"], metric.unit, metric.scale)),
            ("seasonal naive", measure(row["naive"], metric.unit, metric.scale)),
            ("against the truth known first", measure(row["error_first"], metric.unit, metric.scale)),
        )
        for row in facts.series.iter_rows(named=True)
    }


def _windows(facts: ReplayFacts, scope: Scope) -> tuple[Window, ...]:
    import polars as pl

    times = scope.material.predictions["time"]
    edges = milliseconds(pl.Series([times.min(), times.max()], dtype=times.dtype), facts.task.timezone)
    start, end = float(edges[0]), float(edges[1])
    step = scope.material.predictions.filter(pl.col("step") == 1)["time"].sort()
    gap_ms = float((step[-1] - step[0]).total_seconds() * 1000 / max(1, step.n_unique() - 1))
    recent = max(start, end - _RECENT_HORIZONS * max(gap_ms, 1.0))
    return (
        Window(label="Newest slots", start_ms=recent, end_ms=end),
        Window(label="Everything", start_ms=start, end_ms=end),
    )
