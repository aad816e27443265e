"""Which of many numbers are unlike the others, by a rule that the odd ones cannot bend."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

FEWEST_PEERS = 5
"""Fewer numbers have no usual value that could be left."""

FARTHEST = 3.5
"""How many robust deviations from the median are still usual (Iglewicz and Hoaglin, 1993)."""

_NORMAL = 1.4826
"""Median absolute deviations in one standard deviation of normal errors."""


def robust_distances(values: Mapping[str, float], least: float) -> dict[str, float]:
    """Return how many robust deviations each value stands above the median of all (below: negative).

    Parameters
    ----------
    values
        Name → finite number.
    least
        The deviation is at least this: where almost all are equal, a trifle is no outlier.

    Returns
    -------
    dict
        Empty for fewer than ``FEWEST_PEERS`` values.
    """
    if len(values) < FEWEST_PEERS:
        return {}
    middle = median(values.values())
    deviation = max(_NORMAL * median(abs(value - middle) for value in values.values()), least)
    return {name: (value - middle) / deviation for name, value in values.items()}
