"""Axes whose ticks people can read: logarithmic ones at 1, 2 and 5 with whole labels, and whole steps."""

from __future__ import annotations

import math
from collections.abc import Sequence

from penstock.reporting.blocks import Spec

_WIDE_RATIO = 8.0
_PAD = 0.06
_STRIDES = (1, 2, 3, 6, 12, 24, 48, 168, 336)
_LABELS = 8


def wants_log(values: Sequence[float]) -> bool:
    """Tell whether the values are positive and reach over so wide a range that a linear axis would hide the small."""
    return bool(values) and min(values) > 0 and max(values) / min(values) > _WIDE_RATIO


def log_axis(values: Sequence[float]) -> Spec:
    """Return the settings of a logarithmic axis around ``values``, labelled at 1, 2, 5, 10, 20 and so on."""
    low, high = math.log10(min(values)), math.log10(max(values))
    pad = (high - low) * _PAD + 0.02
    decades = range(math.floor(low - pad), math.ceil(high + pad) + 1)
    ticks = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
    shown = [tick for tick in ticks if low - pad <= math.log10(tick) <= high + pad]
    return {
        "type": "log",
        "range": [low - pad, high + pad],
        "tickmode": "array",
        "tickvals": shown,
        "ticktext": [f"{tick:,.10g}" for tick in shown],
    }


def step_ticks(last: int) -> Spec:
    """Return settings for whole positions 1 to ``last``: the first has a label, then every third, sixth or 24th."""
    stride = next((s for s in _STRIDES if last <= s * _LABELS), max(1, last // _LABELS))
    shown = {1} | set(range(stride, last + 1, stride))
    return {"tickmode": "array", "tickvals": sorted(shown), "range": [0.5, last + 0.5]}
