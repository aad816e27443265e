"""Small line drawings for table cells."""

from __future__ import annotations

import math
from collections.abc import Sequence

from penstock.reporting.blocks import Spark

WIDTH, HEIGHT, _MARGIN = 200.0, 32.0, 2.0


def spark(title: str, lines: Sequence[tuple[str, Sequence[float]]]) -> Spark | None:
    """Return the lines (colour role, values at equal distances) on one common scale; non-finite values are skipped.

    ``None`` when no line has two finite values.
    """
    finite = [value for _, values in lines for value in values if math.isfinite(value)]
    if len(finite) < 2:  # noqa: PLR2004 - a line needs two ends
        return None
    low, high = min(finite), max(finite)
    drawn = tuple((colour, _points(values, low, high)) for colour, values in lines)
    return Spark(lines=drawn, title=title)


def _points(values: Sequence[float], low: float, high: float) -> str:
    across = WIDTH / max(len(values) - 1, 1)
    span = (high - low) or 1.0
    tall = HEIGHT - 2 * _MARGIN
    return " ".join(
        f"{i * across:.1f},{HEIGHT - _MARGIN - (value - low) / span * tall:.1f}"
        for i, value in enumerate(values)
        if math.isfinite(value)
    )
