"""Every series as a dot: the model's error over the best baseline's, with the line where both are equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from penstock.reporting.blocks import Figure, Spec
from penstock.reporting.figures.frame import axis, label, layout, plain, suffix
from penstock.reporting.figures.labels import Dot, placed
from penstock.reporting.figures.scales import log_axis, wants_log

_NAMED = 3
_FEW = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """One dot, of a name that no other has; ``item`` is its place in the chooser that a click opens, ``None`` when it is not there."""

    name: str
    baseline: float
    model: float
    item: int | None


def pairs(dots: Sequence[Pair], titles: tuple[str, str], unit: str) -> Figure:
    """Return the scatter, with titles for the baseline's axis and for the model's; both axes are alike."""
    values = [value for dot in dots for value in (dot.baseline, dot.model)]
    scale = log_axis(values) if wants_log(values) else _linear(values)
    sides = _sides(dots, log="type" in scale)
    axes = {
        "xaxis": axis(titles[0], showline=True, **scale),
        "yaxis": axis(titles[1], showline=True, **scale),
    }
    notes = [
        label("baseline better", "--quiet", xref="paper", yref="paper", x=0.02, y=0.98),
        label("model better", "--quiet", xref="paper", yref="paper", x=0.98, y=0.03),
    ]
    return Figure(
        data=tuple(_half(dots, sides, unit, won=won) for won in (True, False)),
        layout=layout(axes, shapes=[_equal()], annotations=notes),
    )


def _harmed(dots: Sequence[Pair]) -> frozenset[str]:
    """Return the names of the series that the model harms most."""
    lost = [dot for dot in dots if dot.model > dot.baseline > 0]
    return frozenset(
        dot.name for dot in sorted(lost, key=lambda dot: (-dot.model / dot.baseline, dot.name))[:_NAMED]
    )


def _sides(dots: Sequence[Pair], *, log: bool) -> Mapping[str, tuple[str, str]]:
    """Return the label and its side for each name; where they are many, only the most harmed have a label."""
    named = {dot.name for dot in dots} if len(dots) <= _FEW else _harmed(dots)
    points = [Dot(x=dot.baseline, y=dot.model, label=dot.name if dot.name in named else "") for dot in dots]
    sides = placed(points, log_x=log, log_y=log)
    return {
        dot.name: (point.label if side else "", side or "middle right")
        for dot, point, side in zip(dots, points, sides, strict=True)
    }


def _linear(values: Sequence[float]) -> Spec:
    low, high = min(values), max(values)
    pad = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return {"range": [low - pad, high + pad]}


def _equal() -> Spec:
    line = {"color": "--quiet", "width": 1, "dash": "dot"}
    corner = {"xref": "paper", "yref": "paper", "x0": 0, "y0": 0, "x1": 1, "y1": 1}
    return {"type": "line", "line": line, "layer": "below", **corner}


def _half(dots: Sequence[Pair], sides: Mapping[str, tuple[str, str]], unit: str, *, won: bool) -> Spec:
    shown = [dot for dot in dots if (dot.model < dot.baseline) == won]
    tail, colour = suffix(unit), "--model" if won else "--bad"
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [dot.baseline for dot in shown],
        "y": [dot.model for dot in shown],
        "text": [plain(sides[dot.name][0]) for dot in shown],
        "textposition": [sides[dot.name][1] for dot in shown],
        "textfont": {"size": 12, "color": colour},
        "hovertext": [plain(dot.name) for dot in shown],
        "customdata": [dot.item for dot in shown],
        "name": "model better" if won else "baseline better",
        "marker": {"color": colour, "size": 7, "opacity": 0.75},
        "hovertemplate": f"%{{hovertext}}<br>model %{{y:,.3~r}}{tail}<br>baseline %{{x:,.3~r}}{tail}<extra></extra>",
    }
