"""Scores of predictions: overall, for each series or slice, each step ahead, each hour of the day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penstock.domain.errors import UnknownNameError, bounded
from penstock.evaluation.terms import COUNTS, ScoreOptions, known_rows, recipes_for, term_sums

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

DEFAULT_OPTIONS = ScoreOptions()
HOUR = "hour"


def score(
    predictions: pl.DataFrame,
    scales: pl.DataFrame | None,
    metrics: Sequence[str],
    by: Sequence[str] = (),
    options: ScoreOptions = DEFAULT_OPTIONS,
) -> pl.DataFrame:
    """Score point predictions in groups.

    Parameters
    ----------
    predictions
        Frame with ``series``, ``y``, ``prediction``, and the columns that ``by`` names. Rows without truth are left
        out; a missing prediction makes the scores of its group NaN.
    scales
        Result of ``naive_scales``; without it MASE and RMSSE are NaN.
    metrics
        Names of ``POINT_METRICS``, or ``cost``.
    by
        Columns that make the groups: ``series``, a static column, ``step``, ``cutoff``, a column naming the rung …
        ``hour`` is derived from ``time`` in ``options.time_zone``. Empty: one group of all.
    options
        Time zone and prices.

    Returns
    -------
    pl.DataFrame
        ``by``, one Float64 column a metric (NaN where undefined), and the Int64 counts ``rows`` (scored),
        ``near_zero_rows`` (left out of MAPE and RMSPE) and ``unscaled_rows`` (left out of MASE and RMSSE), sorted by
        group. Without any scored row a group does not appear; the one group of all always does.

    Raises
    ------
    UnknownNameError
        A metric or a column that does not exist.
    ConfigError
        ``cost`` without prices.
    """
    import polars as pl

    recipes = recipes_for(metrics, options)
    rows = group_columns(known_rows(predictions, scales), by, options)
    sums = term_sums(rows, recipes, by, options)
    arrays = term_arrays(sums, by)
    values = [pl.Series(name, recipe.finish(arrays)) for name, recipe in recipes.items()]
    return pl.DataFrame([sums[name] for name in by] + values + [sums[name].cast(pl.Int64) for name in COUNTS])


def overall(
    predictions: pl.DataFrame,
    scales: pl.DataFrame | None,
    metrics: Sequence[str],
    options: ScoreOptions = DEFAULT_OPTIONS,
) -> dict[str, float]:
    """Score all rows together: metric → value; the rules of ``score`` hold."""
    row = score(predictions, scales, metrics, options=options)
    return {name: float(row[name][0]) for name in metrics}


def group_columns(rows: pl.DataFrame, by: Sequence[str], options: ScoreOptions) -> pl.DataFrame:
    """Add the hour of day where it is asked for, and refuse columns that do not exist.

    Raises
    ------
    UnknownNameError
        Names the columns that are missing and those that exist.
    """
    import polars as pl

    if HOUR in by and HOUR not in rows.columns and "time" in rows.columns:
        rows = rows.with_columns(pl.col("time").dt.convert_time_zone(options.time_zone).dt.hour().alias(HOUR))
    missing = [name for name in by if name not in rows.columns]
    if missing:
        raise UnknownNameError(
            f"cannot group scores by {bounded(missing)}; the predictions hold {bounded(rows.columns)}"
        )
    return rows


def term_arrays(sums: pl.DataFrame, by: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Return the sums as arrays by name, without the group columns."""
    return {name: sums[name].to_numpy() for name in sums.columns if name not in by}
