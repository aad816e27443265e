"""Each series on its own scale, so that one model can learn from levels that span decades.

============  =====================================================================================================
scale         what it does to the values of one series
============  =====================================================================================================
none          nothing
standardise   less their mean, by their standard deviation
mean          by the mean of their absolute values
log           logarithm, then standardised; every training value must be above zero. Later values below half of the
              smallest training value count as that half, so that an outage cannot stop a forecast
auto          log for a series whose training values are all above zero and within ``LOG_RANGE`` of their median,
              standardise for any other
============  =====================================================================================================

A series that never changes keeps its level and is divided by 1. Parameters come from training values only and stand
in a table: ``scale`` (as asked), ``series``, ``log``, ``centre``, ``spread``, ``floor``, ``least``.

``least`` is for series that rest at zero and never go below it: half of what is nearly their smallest value above
zero (the lowest twentieth of those values is left aside). A median forecast below it means nothing but zero, and trees
that add up small steps never say zero by themselves. It is 0 for every other series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError, bounded

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

COLUMNS = ("scale", "series", "log", "centre", "spread", "floor", "least")
LOG_RANGE = 1e-3
"""Smallest value over median for which ``auto`` takes the logarithm."""

RARE = 0.05
"""Share of the values above zero that may be smaller than what counts as the smallest."""

ROUNDING = 1e-12
"""A spread below this share of the mean is the rounding of a series that never changes."""


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """Parameters of S series; values to scale are (S, …) float64 and may hold NaN, which stays NaN."""

    log: NDArray[np.bool_]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    floor: NDArray[np.float64]
    least: NDArray[np.float64]

    def forward(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scale ``values``."""
        import numpy as np

        shape = (-1, *(1,) * (values.ndim - 1))
        scaled = values.copy()
        if self.log.any():
            raised = np.maximum(values[self.log], self.floor[self.log].reshape(shape))
            scaled[self.log] = np.log(raised)
        return (scaled - self.centre.reshape(shape)) / self.spread.reshape(shape)

    def inverse(self, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        """Undo ``forward``."""
        import numpy as np

        shape = (-1, *(1,) * (scaled.ndim - 1))
        values = scaled * self.spread.reshape(shape) + self.centre.reshape(shape)
        values[self.log] = np.exp(values[self.log])
        return values

    def take(self, rows: NDArray[np.int64]) -> Scaling:
        """Repeat or reorder the series."""
        return Scaling(
            log=self.log[rows],
            centre=self.centre[rows],
            spread=self.spread[rows],
            floor=self.floor[rows],
            least=self.least[rows],
        )

    def settled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return ``values`` (S, H) with 0 in place of what is below the least value of a series that rests at zero."""
        import numpy as np

        least = self.least[:, None]
        return np.where((least > 0) & (values < least), 0.0, values)


def fit_scaling(values: NDArray[np.float64], series: Sequence[str], scale: str) -> pl.DataFrame:
    """Learn the parameters of one scale.

    Parameters
    ----------
    values
        Training values (S, T), NaN where a series has no row.
    series
        Names of the S series.
    scale
        One of the names in the table above.

    Returns
    -------
    pl.DataFrame
        One row a series, as described above.

    Raises
    ------
    DataError
        A logarithm is asked for a series with a value of zero or below; names the series.
    """
    import numpy as np
    import polars as pl

    smallest = np.nanmin(values, axis=1)
    log = _uses_log(values, smallest, scale)
    refused = [name for name, low in zip(series, smallest, strict=True) if scale == "log" and low <= 0]
    if refused:
        raise DataError(
            f"target scale log needs values above zero; these {len(refused)} series have zero or less: "
            f"{bounded(refused)}; use scale auto or standardise, or drop them"
        )
    logged = values.copy()
    logged[log] = np.log(values[log])
    centre, spread = _moments(logged, scale)
    return pl.DataFrame(
        {
            "scale": pl.Series([scale] * len(series), dtype=pl.String),
            "series": pl.Series(series, dtype=pl.String),
            "log": log,
            "centre": centre,
            "spread": np.where(spread > ROUNDING * np.abs(centre), spread, 1.0),
            "floor": np.where(log, smallest / 2, 0.0),
            "least": _least(values),
        }
    )


def scaling_of(table: pl.DataFrame, scale: str, series: Sequence[str]) -> Scaling:
    """Pick the parameters of ``series``, in that order, from a table.

    Raises
    ------
    DataError
        A series was not in the training part.
    """
    import polars as pl

    wanted = pl.DataFrame({"series": pl.Series(series, dtype=pl.String)})
    rows = wanted.join(table.filter(pl.col("scale") == scale), on="series", how="left", maintain_order="left")
    lost = rows.filter(pl.col("centre").is_null())["series"].to_list()
    if lost:
        raise DataError(
            f"the model was not trained on {len(lost)} of the series: {bounded(lost)}; train it again with them, or "
            "leave them out"
        )
    return Scaling(
        log=rows["log"].to_numpy(),
        centre=rows["centre"].to_numpy(),
        spread=rows["spread"].to_numpy(),
        floor=rows["floor"].to_numpy(),
        least=rows["least"].to_numpy(),
    )


def _least(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the least value that a forecast above zero may have (S,); a series of zeros only may have none."""
    import numpy as np

    found = np.zeros(len(values))
    for row in np.flatnonzero(np.nanmin(values, axis=1) == 0):
        above = values[row][values[row] > 0]
        found[row] = np.quantile(above, RARE, method="lower") / 2 if len(above) else np.finfo(np.float64).max
    return found


def _uses_log(values: NDArray[np.float64], smallest: NDArray[np.float64], scale: str) -> NDArray[np.bool_]:
    import numpy as np

    if scale == "auto":
        return np.asarray((smallest > 0) & (smallest >= LOG_RANGE * np.nanmedian(values, axis=1)))
    return np.asarray((smallest > 0) & (scale == "log"))


def _moments(logged: NDArray[np.float64], scale: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import numpy as np

    zeros = np.zeros(len(logged))
    if scale == "none":
        return zeros, zeros + 1.0
    if scale == "mean":
        return zeros, np.nanmean(np.abs(logged), axis=1)
    return np.nanmean(logged, axis=1), np.nanstd(logged, axis=1)
