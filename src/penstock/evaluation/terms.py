"""Every metric as a ratio of two sums over rows, so that one pass gives all groups and every resample.

``mae`` is the sum of ``absolute`` over the sum of ``rows``; ``rmse`` is the root of ``squared`` over ``rows``. Sums
add up over groups and cutoffs, ratios do not: keep sums, divide last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.errors import ConfigError, UnknownNameError, bounded, did_you_mean
from penstock.evaluation.point_metrics import NEAR_ZERO
from penstock.evaluation.sums import group_sums

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

UNSCALED = "unscaled_rows"
NEAR_ZERO_ROWS = "near_zero_rows"
ROWS = "rows"
COUNTS = (ROWS, NEAR_ZERO_ROWS, UNSCALED)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreOptions:
    """What scoring needs beside the predictions.

    ``time_zone`` is where the hour of day is read. ``overstock_price`` and ``stockout_price`` are money per unit
    forecast too high and too low; ``cost`` needs both.
    """

    time_zone: str = "UTC"
    overstock_price: float | None = None
    stockout_price: float | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """The two terms whose sums are divided, and whether the root is taken after."""

    numerator: str
    denominator: str = ROWS
    root: bool = False

    def finish(self, sums: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Divide the sums, elementwise; 0 / 0 is NaN and a number over 0 too."""
        import numpy as np

        below = sums[self.denominator]
        undefined = np.full(below.shape, np.nan)
        with np.errstate(over="ignore"):
            ratio: NDArray[np.float64] = np.divide(
                sums[self.numerator], below, out=undefined, where=below != 0.0
            )
        return np.asarray(np.sqrt(ratio)) if self.root else ratio


RECIPES: dict[str, Recipe] = {
    "mape": Recipe("relative", "relative_rows"),
    "rmspe": Recipe("relative_squared", "relative_rows", root=True),
    "mae": Recipe("absolute"),
    "mse": Recipe("squared"),
    "rmse": Recipe("squared", root=True),
    "mase": Recipe("scaled", "scaled_rows"),
    "rmsse": Recipe("scaled_squared", "scaled_squared_rows", root=True),
    "wape": Recipe("absolute", "size"),
    "bias": Recipe("signed"),
    "smape": Recipe("symmetric"),
    "cost": Recipe("cost"),
}


def recipes_for(metrics: Sequence[str], options: ScoreOptions) -> dict[str, Recipe]:
    """Return the recipe of each metric, in order.

    Raises
    ------
    UnknownNameError
        A name that point forecasts cannot be scored by.
    ConfigError
        ``cost`` without both prices.
    """
    unknown = [name for name in metrics if name not in RECIPES]
    if unknown:
        raise UnknownNameError(
            f"cannot score point forecasts by {bounded(unknown)}{did_you_mean(unknown[0], RECIPES)}"
        )
    if "cost" in metrics and (options.overstock_price is None or options.stockout_price is None):
        raise ConfigError("the metric 'cost' needs two prices; give overstock_price and stockout_price")
    return {name: RECIPES[name] for name in metrics}


def weight_of(metric: str) -> str:
    """Name the term whose sum weighs a group's ``metric`` when groups are averaged."""
    return RECIPES[metric].denominator


def known_rows(predictions: pl.DataFrame, scales: pl.DataFrame | None) -> pl.DataFrame:
    """Keep the rows whose truth is known, put each series' scales beside, and turn missing predictions into NaN.

    Raises
    ------
    UnknownNameError
        A column is missing.
    """
    import polars as pl

    missing = [name for name in ("series", "y", "prediction") if name not in predictions.columns]
    if missing:
        raise UnknownNameError(
            f"predictions lack {bounded(missing)}; they hold {bounded(predictions.columns)}"
        )
    frame = predictions.filter(pl.col("y").is_not_null() & pl.col("y").is_not_nan()).with_columns(
        pl.col("prediction").cast(pl.Float64).fill_null(float("nan"))
    )
    if scales is None:
        nothing = pl.lit(None, dtype=pl.Float64)
        return frame.with_columns(nothing.alias("mae_scale"), nothing.alias("rmse_scale"))
    kept = scales.select("series", "mae_scale", "rmse_scale")
    return frame.join(kept, on="series", how="left", maintain_order="left")


def term_sums(
    rows: pl.DataFrame, recipes: dict[str, Recipe], by: Sequence[str], options: ScoreOptions
) -> pl.DataFrame:
    """Sum the terms that ``recipes`` and the counts need over each group of ``by``, sorted by group."""
    wanted = {term for recipe in recipes.values() for term in (recipe.numerator, recipe.denominator)} | set(
        COUNTS
    )
    terms = {name: expr for name, expr in _terms(options).items() if name in wanted}
    return group_sums(rows, terms, by)


def _terms(options: ScoreOptions) -> dict[str, pl.Expr]:
    """Return what each row adds to each sum; null adds nothing."""
    import polars as pl

    truth, scale, root_scale = pl.col("y").cast(pl.Float64), pl.col("mae_scale"), pl.col("rmse_scale")
    error = pl.col("prediction") - truth
    near_zero = truth.abs() <= NEAR_ZERO
    relative = pl.when(~near_zero).then(error / truth)
    size = truth.abs() + pl.col("prediction").abs()
    dear = pl.lit(options.overstock_price or 0.0), pl.lit(options.stockout_price or 0.0)
    counts = {
        ROWS: truth.is_not_null(),
        NEAR_ZERO_ROWS: near_zero,
        UNSCALED: scale.is_null(),
        "relative_rows": ~near_zero,
        "scaled_rows": scale.is_not_null(),
        "scaled_squared_rows": root_scale.is_not_null(),
    }
    sums = {
        "signed": error,
        "absolute": error.abs(),
        "squared": error**2,
        "size": truth.abs(),
        "relative": relative.abs(),
        "relative_squared": relative**2,
        "scaled": error.abs() / scale,
        "scaled_squared": (error / root_scale) ** 2,
        "symmetric": pl.when(size != 0.0).then(2.0 * error.abs() / size).otherwise(0.0),
        "cost": pl.when(error > 0.0).then(error * dear[0]).otherwise(-error * dear[1]),
    }
    return counts | sums
