"""The ladder as figures: every rung's error with its interval, and error against the time it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

from penstock.reporting.blocks import Figure, Spec
from penstock.reporting.facts import MetricFacts, RungFacts
from penstock.reporting.figures.frame import axis, label, layout, plain, suffix
from penstock.reporting.figures.labels import Dot, placed
from penstock.reporting.figures.scales import log_axis, wants_log
from penstock.reporting.standing import Standing

Timed: TypeAlias = Literal["fit", "predict"]
FASTEST_S = 1e-3
WIDE_PX = 560.0
"""Room for dots and labels in a figure of the full width."""

LINE_DOTS = 12

_BETTER = {"lower": "lower", "higher": "higher", "zero": "nearer to zero"}
_SYMBOLS = {"model": "circle", "baseline": "circle", "oracle": "diamond"}
_SIZES = {"model": 12, "baseline": 8, "oracle": 11}


def ranking(standing: Standing) -> Figure:
    """Return one line per rung, best on top: the error as a dot, its bootstrap interval as a bar, the value beside it."""
    rungs = list(reversed(standing.rungs))
    rows = list(range(len(rungs)))
    y = axis(
        tickmode="array",
        tickvals=rows,
        ticktext=[plain(rung.label) for rung in rungs],
        range=[-0.6, len(rungs) - 0.4],
        tickfont={"size": 13, "color": "--ink"},
        showgrid=False,
        ticklabelstandoff=6,
    )
    x = axis(f"{named(standing.metric)}, {_BETTER[standing.metric.better]} is better", **_scale(standing))
    values = [_value_label(standing, rung, row) for row, rung in zip(rows, rungs, strict=True)]
    return Figure(
        data=tuple(_row(standing, rung, row) for row, rung in zip(rows, rungs, strict=True)),
        layout=layout(
            {"xaxis": x, "yaxis": y},
            shapes=_oracle_line(standing),
            annotations=values,
            margin={"l": 8, "r": 64, "t": 4, "b": 8},
        ),
        phone={
            "margin": {"l": 4, "r": 50, "t": 12, "b": 8},
            "yaxis": {**y, "showticklabels": False, "range": [-0.6, len(rungs) - 0.2]},
            "annotations": [*values, *_names_above(rungs)],
        },
    )


def _names_above(rungs: Sequence[RungFacts]) -> list[Spec]:
    """Return the names over the rows: on a narrow screen there is no room beside them."""
    place = {"xref": "paper", "x": 0, "xanchor": "left", "xshift": 4, "yshift": 15}
    return [label(rung.label, "--quiet", y=row, **place) for row, rung in enumerate(rungs)]


def named(metric: MetricFacts) -> str:
    """Return the metric with its unit, as an axis is named."""
    return f"{metric.label} in {metric.unit}" if metric.unit else metric.label


def _ends(standing: Standing, rung: RungFacts) -> tuple[float, float]:
    """Return the interval of the main metric as shown, or the value twice."""
    interval, scale = rung.intervals.get(standing.metric.name), standing.metric.scale
    if interval is None:
        return standing.score(rung) * scale, standing.score(rung) * scale
    return interval.lower * scale, interval.upper * scale


def _scale(standing: Standing) -> Spec:
    ends = [end for rung in standing.rungs for end in _ends(standing, rung)]
    return log_axis(ends) if wants_log(ends) else {"rangemode": "normal"}


def _value_label(standing: Standing, rung: RungFacts, row: int) -> Spec:
    upper = _ends(standing, rung)[1]
    at = math.log10(upper) if _scale(standing).get("type") == "log" else upper
    text, colour = standing.shown(rung), standing.colours[rung.name]
    return label(text, colour, x=at, y=row, xanchor="left", xshift=9)


def _oracle_line(standing: Standing) -> list[Spec]:
    if standing.oracle is None:
        return []
    x = standing.score(standing.oracle) * standing.metric.scale
    line = {"color": "--oracle", "width": 1, "dash": "dot"}
    return [
        {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": line, "layer": "below"}
    ]


def _marker(standing: Standing, rung: RungFacts) -> Spec:
    return {
        "color": standing.colours[rung.name],
        "size": _SIZES[rung.kind],
        "symbol": _SYMBOLS[rung.kind],
        "line": {"width": 0},
    }


def _row(standing: Standing, rung: RungFacts, row: int) -> Spec:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [standing.score(rung) * standing.metric.scale],
        "y": [row],
        "name": plain(rung.label),
        "marker": _marker(standing, rung),
        "error_x": _interval(standing, rung),
        "cliponaxis": False,
        "hovertemplate": f"%{{x:,.4~r}}{suffix(standing.metric.unit)}",
    }


def _interval(standing: Standing, rung: RungFacts) -> Spec:
    if standing.metric.name not in rung.intervals:
        return {"visible": False}
    lower, upper = _ends(standing, rung)
    value = standing.score(rung) * standing.metric.scale
    return {
        "type": "data",
        "symmetric": False,
        "array": [upper - value],
        "arrayminus": [value - lower],
        "thickness": 2,
        "width": 4,
        "color": standing.colours[rung.name],
    }


def against_time(standing: Standing) -> Figure:
    """Return each rung's error over the seconds that it takes, on a logarithmic time axis.

    A full mark stands at the time to fit, a hollow one at the time to predict, a line joins them. Times under a
    millisecond are drawn at one millisecond; rungs that were not fitted are left out.
    """
    timed = [rung for rung in standing.rungs if "fit" in times_of(rung)]
    musts = {rung.name for rung in (standing.model, standing.baseline) if rung is not None}
    ends = [
        Dot(
            x=next(iter(times_of(rung).values())),
            y=standing.score(rung) * standing.metric.scale,
            label=rung.label,
            must=rung.name in musts,
        )
        for rung in timed
    ]
    dots = [*ends, *(dot for rung, end in zip(timed, ends, strict=True) for dot in _line(rung, end))]
    sides = placed(dots, log_x=True, log_y=_scale(standing).get("type") == "log", width=WIDE_PX)
    data = [_timed(standing, rung, side) for rung, side in zip(timed, sides, strict=False)]
    y = axis(named(standing.metric), **_scale(standing))
    x = axis("seconds", type="log", range=_padded(dots), tickformat="~g", dtick=1)
    return Figure(data=tuple(data), layout=layout({"xaxis": x, "yaxis": y}))


def _line(rung: RungFacts, end: Dot) -> list[Dot]:
    """Return dots without labels along the line to the time to predict, so that no label is put on it."""
    other = times_of(rung).get("predict", end.x)
    shares = [step / LINE_DOTS for step in range(1, LINE_DOTS + 1)]
    return [replace(end, x=end.x * (other / end.x) ** share, label="", must=False) for share in shares]


def times_of(rung: RungFacts) -> dict[Timed, float]:
    """Return the rung's times that are known, to fit first, none under a millisecond."""
    found: dict[Timed, float | None] = {"fit": rung.fit_seconds, "predict": rung.predict_seconds}
    return {which: max(seconds, FASTEST_S) for which, seconds in found.items() if seconds is not None}


def _padded(dots: Sequence[Dot]) -> list[float]:
    logs = [math.log10(dot.x) for dot in dots] or [0.0]
    return [math.floor(min(logs)) - 0.3, math.ceil(max(logs)) + 0.3]


def _timed(standing: Standing, rung: RungFacts, side: str | None) -> Spec:
    tail, times = suffix(standing.metric.unit), times_of(rung)
    marker = _marker(standing, rung)
    marks = {"fit": marker["symbol"], "predict": f"{marker['symbol']}-open"}
    return {
        "type": "scatter",
        "mode": "lines+markers+text",
        "x": list(times.values()),
        "y": [standing.score(rung) * standing.metric.scale] * len(times),
        "name": plain(rung.label),
        "text": [plain(rung.label) if side else "", ""][: len(times)],
        "textposition": side or "middle right",
        "textfont": {"size": 12, "color": standing.colours[rung.name]},
        "marker": {
            **marker,
            "symbol": [marks[which] for which in times],
            "line": {"width": 1.5, "color": marker["color"]},
        },
        "line": {"width": 1, "color": standing.colours[rung.name]},
        "cliponaxis": False,
        "customdata": list(times),
        "hovertemplate": f"%{{y:,.4~r}}{tail}, %{{x:.2~r}} s to %{{customdata}}",
    }
