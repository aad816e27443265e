"""From a panel and cutoffs to arrays and back: what every forecaster of this package shares.

Shapes: ``N`` windows (pairs of series and cutoff, sorted so), ``H`` steps, ``M`` steps of history, ``K`` known columns.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from penstock.domain.errors import ConfigError, DataError
from penstock.forecasting.grid import Grid, cutoffs_of, grid_of
from penstock.forecasting.panel import require_length, require_panel, static_columns

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from penstock.forecasting.known import Known


@dataclass(frozen=True, kw_only=True)
class Origins:
    """Where forecasts start: ``rows`` (N,) index the series of ``grid``, ``places`` (N,) the last stamps known.

    ``statics`` has one row for each series of the grid, in its order: ``series`` and the static columns.
    """

    grid: Grid
    statics: pl.DataFrame
    rows: NDArray[np.int64]
    places: NDArray[np.int64]

    def history(self, steps: int) -> NDArray[np.float64]:
        """Return the last ``steps`` values known (N, ``steps``)."""
        import numpy as np

        offsets = np.arange(-steps + 1, 1)
        return np.asarray(self.grid.values[self.rows[:, None], self.places[:, None] + offsets])

    def part(self, start: int, size: int) -> Origins:
        """Return the windows from ``start``, at most ``size``."""
        end = start + size
        return Origins(
            grid=self.grid, statics=self.statics, rows=self.rows[start:end], places=self.places[start:end]
        )

    def known(self, known: Known, horizon: int) -> KnownAhead:
        """Make the known columns of every stamp to forecast, each only once however many windows need it."""
        import numpy as np
        import polars as pl

        wanted = np.unique(self.places[:, None] + np.arange(1, horizon + 1))
        stamps = self.grid.stamps(horizon).gather(wanted)
        frame = self.statics.join(pl.DataFrame({"time": stamps}), how="cross", maintain_order="left_right")
        matrix = known.matrix(frame).reshape(self.statics.height, len(wanted), -1)
        return KnownAhead(matrix=matrix, wanted=wanted, horizon=horizon)


@dataclass(frozen=True, kw_only=True)
class KnownAhead:
    """Known columns of all series at the ``wanted`` positions of the grid."""

    matrix: NDArray[np.float32]
    wanted: NDArray[np.int64]
    horizon: int

    def of(self, origins: Origins) -> NDArray[np.float32]:
        """Pick the columns of each window (N, H, K)."""
        import numpy as np

        first = np.searchsorted(self.wanted, origins.places + 1)
        return np.asarray(self.matrix[origins.rows[:, None], first[:, None] + np.arange(self.horizon)])


class ArrayForecaster(ABC):
    """A forecaster that continues many windows at once; subclasses are frozen dataclasses with a ``frequency``."""

    frequency: str

    @property
    @abstractmethod
    def history(self) -> int:
        """Number of values up to the cutoff that a forecast needs."""

    @abstractmethod
    def continue_windows(self, origins: Origins, horizon: int) -> NDArray[np.float64]:
        """Forecast (N, ``horizon``) from values up to each window's cutoff only."""

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        """Forecast the ``horizon`` steps after the last stamp of every series.

        Parameters
        ----------
        history
            Panel frame: ``series``, ``time`` (UTC), ``y`` and the static columns of training. Rows may come in any
            order; series may end at different stamps. It is not changed.
        horizon
            Number of steps, at least 1.

        Returns
        -------
        pl.DataFrame
            ``series``, ``time``, ``step`` (1 … ``horizon``, Int32) and ``prediction``, sorted by series and step.

        Raises
        ------
        DataError
            A series is too short, has gaps or missing values, or was not in training; names the series.
        ConfigError
            ``horizon`` is below 1.
        """
        import numpy as np

        _require_horizon(horizon)
        panel = require_panel(history)
        require_length(panel, self.history, "the lags and windows of the model")
        recent = panel.group_by("series", maintain_order=True).tail(self.history).select(panel.columns)
        grid = grid_of(recent, self.frequency)
        origins = Origins(
            grid=grid, statics=statics_of(recent), rows=np.arange(len(grid.series)), places=grid.last
        )
        return _frame(origins, self.continue_windows(origins, horizon)).drop("cutoff", "y")

    def predict_origins(self, panel: pl.DataFrame, cutoffs: Sequence[datetime], horizon: int) -> pl.DataFrame:
        """Forecast after every cutoff, knowing only the values up to it, in one pass over all of them.

        Parameters
        ----------
        panel
            Panel frame that may go on after the cutoffs: later values appear in ``y`` of the result, nowhere else.
        cutoffs
            Last stamps known (UTC); each must stand on the grid.
        horizon
            Number of steps, at least 1.

        Returns
        -------
        pl.DataFrame
            ``series``, ``cutoff``, ``time``, ``step``, ``y`` (null where unknown) and ``prediction``, sorted by
            series, cutoff and step. A series without a value at a cutoff, or with too little history before it, has
            no rows for that cutoff.

        Raises
        ------
        DataError
            A cutoff is no stamp of the panel, or no series has enough history before any of them.
        """
        _require_horizon(horizon)
        ordered = require_panel(panel)
        grid = grid_of(ordered, self.frequency)
        origins = _eligible(grid, statics_of(ordered), cutoffs, self.history)
        return _frame(origins, self.continue_windows(origins, horizon))


def statics_of(panel: pl.DataFrame) -> pl.DataFrame:
    """Return ``series`` and the static columns, one row for each series in the panel's order."""
    return panel.group_by("series", maintain_order=True).first().select("series", *static_columns(panel))


def _eligible(grid: Grid, statics: pl.DataFrame, cutoffs: Sequence[datetime], history: int) -> Origins:
    import numpy as np

    places = np.unique(cutoffs_of(grid, cutoffs))
    ready = (places >= grid.first[:, None] + history - 1) & (places <= grid.last[:, None])
    rows, columns = np.nonzero(ready)
    if not len(rows):
        raise DataError(
            f"no series has the {history} values up to any of the {len(places)} cutoffs that the model looks back on; "
            "choose later cutoffs, or a model with shorter lags and windows"
        )
    return Origins(grid=grid, statics=statics, rows=rows, places=places[columns])


def _frame(origins: Origins, forecast: NDArray[np.float64]) -> pl.DataFrame:
    """Lay forecasts (N, H) out as rows."""
    import numpy as np
    import polars as pl

    count, horizon = forecast.shape
    grid = origins.grid
    stamps = grid.stamps(horizon)
    ahead = (origins.places[:, None] + np.arange(1, horizon + 1)).ravel()
    rows = np.repeat(origins.rows, horizon)
    inside = ahead < grid.values.shape[1]
    truth = np.full(len(ahead), np.nan)
    truth[inside] = grid.values[rows[inside], ahead[inside]]
    return pl.DataFrame(
        {
            "series": pl.Series(grid.series).gather(rows),
            "cutoff": stamps.gather(np.repeat(origins.places, horizon)),
            "time": stamps.gather(ahead),
            "step": np.tile(np.arange(1, horizon + 1, dtype=np.int32), count),
            "y": pl.Series(truth).fill_nan(None),
            "prediction": forecast.ravel(),
        }
    )


def _require_horizon(horizon: int) -> None:
    if horizon < 1:
        raise ConfigError(f"horizon is {horizon}; allowed: whole numbers from 1 up")
