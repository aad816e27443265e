"""The seam between whoever trains a forecaster and whoever scores, checks or packages one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import polars as pl


@runtime_checkable
class Forecaster(Protocol):
    """A trained model that continues series.

    The same object predicts in evaluation, in checks and in production. It holds no state that a call changes.
    """

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        """Forecast the ``horizon`` steps after the last stamp of every series.

        Parameters
        ----------
        history
            Panel frame: ``series``, ``time`` (UTC), ``y`` and static columns. Rows may come in any order; series
            may end at different stamps. It must not be changed.
        horizon
            Number of steps, at least 1.

        Returns
        -------
        pl.DataFrame
            ``series``, ``time``, ``step`` (1 … ``horizon``) and ``prediction``, one row for each series and step.
        """
        ...
