"""What one unit of scaled error is worth in each series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.domain.errors import ConfigError
from penstock.evaluation.sums import group_sums

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl


def naive_scales(panel: pl.DataFrame, season_length: int, train_end: datetime) -> pl.DataFrame:
    """Measure the in-sample error of the seasonal naive, the denominator of MASE and RMSSE.

    Parameters
    ----------
    panel
        Frame with ``series``, ``time``, ``y``, on a regular grid within each series.
    season_length
        Steps between a value and its naive forecast.
    train_end
        Last stamp that counts, itself included: the scale must not know the final window.

    Returns
    -------
    pl.DataFrame
        ``series``, ``mae_scale``, ``rmse_scale``, one row for each series of the panel, sorted. Pairs with a missing
        value are left out. A scale is null where it means nothing: the series has no pair of values one season
        apart, or it is constant (or exactly periodic), so that the naive never errs. Scores leave rows without
        scale out of MASE and RMSSE and count them.

    Raises
    ------
    ConfigError
        ``season_length`` is below 1.
    """
    import polars as pl

    if season_length < 1:
        raise ConfigError(f"season_length={season_length} is not allowed; give a number of steps from 1 up")
    value = pl.col("y").fill_nan(None)
    change = value - value.shift(season_length).over("series", order_by="time")
    counted = pl.when(pl.col("time") <= train_end).then(pl.col("change"))
    terms = {"absolute": counted.abs(), "squared": counted**2, "pairs": counted.is_not_null()}
    sums = group_sums(panel.select("series", "time", change.alias("change")), terms, ["series"])
    return sums.select(
        "series",
        _positive(pl.col("absolute") / pl.col("pairs")).alias("mae_scale"),
        _positive((pl.col("squared") / pl.col("pairs")).sqrt()).alias("rmse_scale"),
    )


def _positive(scale: pl.Expr) -> pl.Expr:
    """Turn 0 (a naive that never errs) and 0 / 0 (no pair) into null."""
    import polars as pl

    return pl.when((scale > 0.0) & scale.is_finite()).then(scale)
