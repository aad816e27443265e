"""How prediction intervals did: the share of truths inside, and what their width and their misses cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from penstock.evaluation.metrics import coverage, interval_score

if TYPE_CHECKING:
    import polars as pl

LOWER, UPPER = "lower_", "upper_"


def interval_levels(predictions: pl.DataFrame) -> tuple[str, ...]:
    """Return the levels that have bounds, rising, as their columns name them: ``90`` of ``lower_90``, ``upper_90``."""
    found = [name.removeprefix(LOWER) for name in predictions.columns if name.startswith(LOWER)]
    return tuple(sorted(found, key=float))


def bounded_rows(predictions: pl.DataFrame, level: str) -> pl.DataFrame:
    """Keep the rows whose truth and bounds of ``level`` are known numbers."""
    import polars as pl

    needed = [pl.col(name) for name in ("y", LOWER + level, UPPER + level)]
    return predictions.filter(one.is_not_null() & one.is_not_nan() for one in needed)


def interval_metrics(predictions: pl.DataFrame) -> dict[str, float]:
    """Return ``coverage_90`` (a share) and ``interval_score_90`` (unit of the target) for each level.

    Rows without truth or bounds count for neither; a level without any other row is left out.
    """
    return {
        name: value
        for level in interval_levels(predictions)
        for name, value in _of_level(bounded_rows(predictions, level), level).items()
        if math.isfinite(value)
    }


def _of_level(rows: pl.DataFrame, level: str) -> dict[str, float]:
    truth, lower, upper = (rows[name].to_numpy() for name in ("y", LOWER + level, UPPER + level))
    share = float(level) / 100
    return {
        f"coverage_{level}": coverage(y_true=truth, lower=lower, upper=upper),
        f"interval_score_{level}": interval_score(y_true=truth, lower=lower, upper=upper, level=share),
    }
