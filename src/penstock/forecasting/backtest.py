"""What a forecaster would have said after each of many cutoffs, beside what happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError
from penstock.evaluation.splits import truths, up_to
from penstock.forecasting.origins import ArrayForecaster

if TYPE_CHECKING:
    import polars as pl

    from penstock.evaluation.predictor import Forecaster

COLUMNS = ("series", "cutoff", "time", "step", "y", "prediction")


def backtest(
    forecaster: Forecaster, panel: pl.DataFrame, cutoffs: Sequence[datetime], horizon: int
) -> pl.DataFrame:
    """Forecast after every cutoff from the rows up to it, and set the truth beside.

    Parameters
    ----------
    forecaster
        Any object of the protocol. Those of this package do all cutoffs in one pass; any other is called once for
        each cutoff with the rows up to it.
    panel
        Panel frame that reaches beyond the cutoffs.
    cutoffs
        Last stamps known (UTC), each a stamp of the grid.
    horizon
        Steps after each cutoff.

    Returns
    -------
    pl.DataFrame
        ``series``, ``cutoff``, ``time``, ``step``, ``y`` (null where unknown), ``prediction``, sorted by series,
        cutoff and step.

    Raises
    ------
    DataError
        No cutoff is given, or one is no stamp of the panel.
    """
    if not cutoffs:
        raise DataError("no cutoffs to forecast from; give at least one stamp of the panel")
    if isinstance(forecaster, ArrayForecaster):
        return forecaster.predict_origins(panel, cutoffs, horizon)
    return _one_by_one(forecaster, panel, cutoffs, horizon)


def _one_by_one(
    forecaster: Forecaster, panel: pl.DataFrame, cutoffs: Sequence[datetime], horizon: int
) -> pl.DataFrame:
    import polars as pl

    dtype = panel.schema["time"]
    parts = [
        forecaster.predict(up_to(panel, cutoff), horizon).with_columns(cutoff=pl.lit(cutoff, dtype=dtype))
        for cutoff in sorted(set(cutoffs))
    ]
    truth = truths(panel, tuple(sorted(set(cutoffs))), horizon).select("series", "cutoff", "time", "y")
    joined = pl.concat(parts).join(truth, on=["series", "cutoff", "time"], how="left")
    return joined.select(*COLUMNS).sort("series", "cutoff", "step")
