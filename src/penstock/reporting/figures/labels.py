"""Where the labels of a scatter stand, so that they cover each other as little as can be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# The narrowest panel decides, so that labels fit on a phone as well.
_PANEL_W, _PANEL_H = 245.0, 260.0
_LETTER_W, _LINE_H, _GAP = 6.6, 15.0, 9.0
_DOT, _DOT_H = 12.0, 22.0
_TOLERATED = 0.08
_MARGIN_SHARE = 0.06
_SIDES = (
    "middle right",
    "middle left",
    "top center",
    "bottom center",
    "top right",
    "bottom right",
    "top left",
    "bottom left",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dot:
    """A point with its label, which may be empty; ``must`` keeps the label even where it hides something."""

    x: float
    y: float
    label: str
    must: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Box:
    left: float
    right: float
    low: float
    high: float

    def overlap(self, other: _Box) -> float:
        """Return the common area in square pixels."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.high, other.high) - max(self.low, other.low)
        return max(width, 0.0) * max(height, 0.0)

    def outside(self, width: float) -> float:
        """Return the area that does not fit a panel of this width, in square pixels."""
        over = max(-self.left, 0.0) + max(self.right - width, 0.0)
        return over * (self.high - self.low) * 4


def placed(dots: Sequence[Dot], *, log_x: bool, log_y: bool, width: float = _PANEL_W) -> list[str | None]:
    """Return a Plotly text position for each dot's label, or ``None`` where every side would hide something.

    ``width`` is that of the panel in pixels.

    Labels that must stand are placed first, then the others in their order; each takes the side that hides the least.
    """
    xs = _spread([math.log10(dot.x) if log_x else dot.x for dot in dots], width)
    ys = _spread([math.log10(dot.y) if log_y else dot.y for dot in dots], _PANEL_H)
    centres = list(zip(xs, ys, strict=True))
    taken = [_around(x, y, _DOT, _DOT_H) for x, y in centres]
    sides: list[str | None] = [None] * len(dots)
    for i in sorted((i for i, dot in enumerate(dots) if dot.label), key=lambda i: (not dots[i].must, i)):
        boxes = _boxes(dots[i], *centres[i])
        side = _best(boxes, taken, width)
        if dots[i].must or _hidden(boxes[side], taken, width) <= _TOLERATED * boxes[side].overlap(
            boxes[side]
        ):
            sides[i] = side
            taken.append(boxes[side])
    return sides


def _boxes(dot: Dot, x: float, y: float) -> Mapping[str, _Box]:
    return {side: _label_box(side, x, y, len(dot.label) * _LETTER_W) for side in _SIDES}


def _best(boxes: Mapping[str, _Box], taken: Sequence[_Box], width: float) -> str:
    return min(_SIDES, key=lambda side: (_hidden(boxes[side], taken, width), _SIDES.index(side)))


def _hidden(box: _Box, taken: Sequence[_Box], width: float) -> float:
    return box.outside(width) + sum(box.overlap(other) for other in taken)


def _spread(values: Sequence[float], size: float) -> list[float]:
    if not values:
        return []
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    margin = size * _MARGIN_SHARE
    return [margin + (value - low) / span * (size - 2 * margin) for value in values]


def _around(x: float, y: float, width: float, height: float) -> _Box:
    return _Box(left=x - width / 2, right=x + width / 2, low=y - height / 2, high=y + height / 2)


def _label_box(side: str, x: float, y: float, width: float) -> _Box:
    vertical, horizontal = side.split()
    shift_x = {"left": -(width / 2 + _GAP), "center": 0.0, "right": width / 2 + _GAP}[horizontal]
    shift_y = {"top": _LINE_H / 2 + _GAP, "middle": 0.0, "bottom": -(_LINE_H / 2 + _GAP)}[vertical]
    return _around(x + shift_x, y + shift_y, width, _LINE_H)
