"""Lines over time, with moments marked: what happens to a system day after day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from penstock.reporting.blocks import Figure, Spec
from penstock.reporting.figures.frame import axis, label, layout, plain, suffix

_KEY_ROOM_PX = 34
_FEW = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """One line: values at moments (ISO 8601 on the shown clock); ``dots`` draws points without a line."""

    label: str
    colour: str
    x: Sequence[str]
    y: Sequence[float | None]
    dash: str = "solid"
    width: float = 2.0
    dots: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Marks:
    """Moments to mark by thin vertical lines, stretches of time to shade, and the ends of the axis.

    The chart's words say what lines and stretches are.
    """

    ends: tuple[str, str] | None = None
    lines: Sequence[str] = ()
    stretches: Sequence[tuple[str, str]] = ()


def timeline(drawn: Sequence[Course], marks: Marks, y_title: str, unit: str) -> Figure:
    """Return the courses over time with a key above them."""
    x = axis(type="date", showline=True, showgrid=False, range=list(marks.ends) if marks.ends else None)
    y = axis(y_title, rangemode="tozero")
    return Figure(
        data=tuple(_trace(course, unit) for course in drawn),
        layout=layout(
            {"xaxis": x, "yaxis": y},
            hovermode="x unified",
            showlegend=True,
            legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"color": "--quiet"}},
            margin={"l": 8, "r": 12, "t": _KEY_ROOM_PX, "b": 8},
            shapes=[*(_line(at) for at in marks.lines), *(_stretch(*ends) for ends in marks.stretches)],
            annotations=[_alarm(ends[0]) for ends in marks.stretches],
        ),
        phone={"showlegend": False, "margin": {"l": 4, "r": 4, "t": 16, "b": 8}},
    )


def _trace(course: Course, unit: str) -> Spec:
    few = len(course.x) <= _FEW
    return {
        "type": "scatter",
        "mode": "markers" if course.dots else "lines",
        "x": list(course.x),
        "y": list(course.y),
        "name": plain(course.label),
        "line": {"color": course.colour, "width": course.width, "dash": course.dash},
        "marker": {"color": course.colour, "size": 5 if few else 3, "opacity": 0.55},
        "hovertemplate": f"%{{y:,.3~r}}{suffix(unit)}",
    }


def _line(at: str) -> Spec:
    return {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": at,
        "x1": at,
        "y0": 0,
        "y1": 1,
        "layer": "below",
        "line": {"color": "--quiet", "width": 1, "dash": "dot"},
        "opacity": 0.55,
    }


def _stretch(start: str, end: str) -> Spec:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": start,
        "x1": end,
        "y0": 0,
        "y1": 1,
        "layer": "below",
        "fillcolor": "--bad",
        "opacity": 0.14,
        "line": {"color": "--bad", "width": 1},
    }


def _alarm(at: str) -> Spec:
    return label("alarm", "--bad", x=at, y=1, yref="paper", xanchor="left", yanchor="top", xshift=3)
