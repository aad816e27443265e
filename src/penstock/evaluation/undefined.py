"""Metrics that mean nothing where the truth is zero, and what judges in their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.evaluation.point_metrics import NEAR_ZERO

if TYPE_CHECKING:
    import polars as pl

    from penstock.evaluation.metrics import PointMetric

RELATIVE: tuple[PointMetric, ...] = ("mape", "rmspe")
INSTEAD: PointMetric = "mase"
ZERO_SHARE = 0.05
"""Largest share of the values that may be zero where a relative metric is to judge: the others alone do not tell."""


@dataclass(frozen=True, kw_only=True)
class Deciding:
    """The metric that judges, and why it is not the one that was asked for; empty where it is."""

    metric: PointMetric
    note: str = ""


def deciding(known: pl.DataFrame, metric: PointMetric) -> Deciding:
    """Return ``metric``, or ``mase`` where it is relative and too many values of ``known`` are zero.

    Parameters
    ----------
    known
        Training part: ``series`` and ``y``.
    metric
        What the configuration asks for.
    """
    import polars as pl

    zeros = known.filter(pl.col("y").abs() <= NEAR_ZERO)
    share = zeros.height / max(known.height, 1)
    if metric not in RELATIVE or share <= ZERO_SHARE:
        return Deciding(metric=metric)
    return Deciding(
        metric=INSTEAD,
        note=f"{metric} is undefined where the truth is zero, as at {share:.0%} of the training values (in "
        f"{zeros['series'].n_unique()} series): {INSTEAD} judges instead, and wape stands beside it",
    )
