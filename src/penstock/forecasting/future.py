"""The forecast that leaves the house: what follows the last stamp of a panel."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from penstock.domain.errors import bounded
from penstock.forecasting.ahead import divided, ended_series, is_few

if TYPE_CHECKING:
    import polars as pl

    from penstock.evaluation.predictor import Forecaster

log = logging.getLogger(__name__)


def forecast_future(model: Forecaster, panel: pl.DataFrame, horizon: int) -> pl.DataFrame:
    """Forecast the ``horizon`` steps after the last stamp of every series that still goes on.

    A series that lags behind the others is forecast from its own end. One whose whole forecast would lie in the
    panel's past has ended: it is left out and named in the log. Where more than ``ENDED_SHARE`` of the series would
    have, they do not share one calendar, and all are forecast from their own ends.

    Parameters
    ----------
    model
        A trained forecaster.
    panel
        Panel frame: ``series``, ``time`` (UTC), ``y``, the static columns and the covariates of training. What is known
        ahead stands in rows after the last value of a series, whose ``y`` is null.
    horizon
        Number of steps, at least 1.

    Returns
    -------
    pl.DataFrame
        ``series``, ``time``, ``step`` and ``prediction``, as the model returns them.
    """
    import polars as pl

    valued = divided(panel)[0].filter(pl.col("y").is_not_null())
    ended = ended_series(valued, horizon)
    if not ended:
        return model.predict(panel, horizon)
    if not is_few(ended, valued):
        log.warning(
            "%d series end before the others and are forecast from their own ends: %s",
            len(ended),
            bounded(ended),
        )
        return model.predict(panel, horizon)
    log.warning("%d series have ended and are not forecast: %s", len(ended), bounded(ended))
    # Left out before and not after: nobody can say what will be known of a series that is no more.
    return model.predict(panel.filter(~pl.col("series").is_in(ended)), horizon)


def no_forecast(panel: pl.DataFrame) -> pl.DataFrame:
    """Return a forecast of no step, with the columns that one has."""
    import polars as pl

    names = panel.clear().select("series", "time")
    return names.with_columns(step=pl.lit(1, dtype=pl.Int32), prediction=pl.lit(0.0))
