"""A field of rows over time: who departs when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from penstock.reporting.blocks import Figure
from penstock.reporting.figures.frame import TICK_PX, axis, layout, plain

_SCALE = ((0.0, "rgba(127,140,155,0.06)"), (0.5, "rgba(194,86,12,0.45)"), (1.0, "rgba(180,35,24,0.95)"))
"""See-through at the low end, so that it reads on the light and on the dark page."""
_ROW_PX, _FRAME_PX, _LEAST_PX = 14, 90, 190


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """Values of each row at each moment (ISO 8601 on the shown clock); ``None`` is a gap. ``low`` to ``high`` is shown."""

    rows: Sequence[str]
    x: Sequence[str]
    values: Sequence[Sequence[float | None]]
    low: float
    high: float


def heat(field: Field, meaning: str) -> Figure:
    """Return the field, first row on top; ``meaning`` names a value in the hover text."""
    trace = {
        "type": "heatmap",
        "x": list(field.x),
        "y": [plain(row) for row in field.rows],
        "z": [list(values) for values in field.values],
        "zmin": field.low,
        "zmax": field.high,
        "colorscale": [list(stop) for stop in _SCALE],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "hovertemplate": f"%{{y}}, %{{x}}: %{{z:,.2~r}} {plain(meaning)}<extra></extra>",
    }
    y = axis(
        autorange="reversed", showgrid=False, type="category", tickfont={"size": TICK_PX, "color": "--ink"}
    )
    x = axis(type="date", showline=True, showgrid=False)
    return Figure(
        data=(trace,), layout=layout({"xaxis": x, "yaxis": y}, margin={"l": 8, "r": 12, "t": 4, "b": 8})
    )


def heat_height_px(rows: int) -> int:
    """Return how tall a field of so many rows should be."""
    return max(_LEAST_PX, _FRAME_PX + _ROW_PX * rows)
