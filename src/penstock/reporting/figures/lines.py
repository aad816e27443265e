"""Lines over an ordered axis, each labelled at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from penstock.reporting.blocks import Figure, Spec
from penstock.reporting.figures.frame import axis, label, layout, plain, suffix
from penstock.reporting.figures.scales import step_ticks

_LABEL_ROOM_PX = 150


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line: values at whole positions, its name (empty: drawn without a label) and its colour role."""

    label: str
    colour: str
    x: Sequence[float]
    y: Sequence[float | None]
    dash: str = "solid"


@dataclass(frozen=True, kw_only=True, slots=True)
class Axes:
    """Titles, unit and tick labels of a line figure; ``ticks`` names positions that are not numbers."""

    x: str
    y: str
    unit: str = ""
    ticks: Mapping[int, str] = field(default_factory=dict)


def lines(drawn: Sequence[Line], axes: Axes) -> Figure:
    """Return the lines with direct labels at their right ends, which narrow screens leave to the key."""
    x = axis(axes.x, showgrid=False, showline=True, **_ticks(axes, drawn))
    y = axis(axes.y, rangemode="tozero")
    ends = _labels(drawn)
    wide = {"margin": {"l": 8, "r": _LABEL_ROOM_PX, "t": 12, "b": 8}, "annotations": ends}
    return Figure(
        data=tuple(_trace(line, axes) for line in drawn),
        layout=layout({"xaxis": x, "yaxis": y}, hovermode="x unified", **wide),
        phone={"annotations": [], "margin": {"l": 8, "r": 8, "t": 12, "b": 8}},
    )


def _ticks(axes: Axes, drawn: Sequence[Line]) -> Spec:
    if not axes.ticks:
        return step_ticks(int(max((x for line in drawn for x in line.x), default=1)))
    stride = 1 if len(axes.ticks) <= 12 else 3  # noqa: PLR2004 - a clock reads well in threes
    shown = [position for position in sorted(axes.ticks) if position % stride == 0]
    texts = [axes.ticks[position] for position in shown]
    ends = [min(axes.ticks) - 0.5, max(axes.ticks) + 0.5]
    return {"tickmode": "array", "tickvals": shown, "ticktext": texts, "range": ends}


def _trace(line: Line, axes: Axes) -> Spec:
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(line.x) <= 48 else "lines",  # noqa: PLR2004 - dots merge beyond two days
        "x": list(line.x),
        "y": list(line.y),
        "name": plain(line.label),
        "line": {"color": line.colour, "width": 2, "dash": line.dash},
        "marker": {"color": line.colour, "size": 4},
        "hovertemplate": f"%{{y:,.3~r}}{suffix(axes.unit)}",
    }


def _labels(drawn: Sequence[Line]) -> list[Spec]:
    ends = [(line, _last(line)) for line in drawn if line.label]
    known = [(line, end) for line, end in ends if end is not None]
    heights = _apart([end[1] for _, end in known], _span(drawn))
    return [
        label(line.label, line.colour, x=end[0], y=height, xanchor="left", xshift=8, align="left")
        for (line, end), height in zip(known, heights, strict=True)
    ]


def _last(line: Line) -> tuple[float, float] | None:
    known = [(x, y) for x, y in zip(line.x, line.y, strict=True) if y is not None]
    return known[-1] if known else None


def _span(drawn: Sequence[Line]) -> float:
    values = [y for line in drawn for y in line.y if y is not None]
    return max([*values, 0.0]) - min([*values, 0.0])


def _apart(heights: Sequence[float], span: float) -> list[float]:
    """Push labels up until each stands at least a line's height above the next lower one."""
    least = span * 0.07
    moved = list(heights)
    order = sorted(range(len(moved)), key=lambda i: moved[i])
    for lower, upper in pairwise(order):
        moved[upper] = max(moved[upper], moved[lower] + least)
    return moved
