"""From a panel and cutoffs to arrays and back: what every forecaster of this package shares.

Shapes: ``N`` windows (pairs of series and cutoff, sorted so), ``H`` steps, ``M`` steps of history, ``K`` known columns.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from penstock.domain.covariates import plain
from penstock.domain.errors import ConfigError, DataError, bounded
from penstock.forecasting.ahead import Covariates, covariates_on, divided
from penstock.forecasting.grid import Grid, cutoffs_of, grid_of
from penstock.forecasting.panel import require_length, require_panel, static_columns

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from penstock.forecasting.covariates import CovariateColumns
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
    covariates: Covariates | None = None

    def history(self, steps: int) -> NDArray[np.float64]:
        """Return the last ``steps`` values known (N, ``steps``)."""
        import numpy as np

        offsets = np.arange(-steps + 1, 1)
        return np.asarray(self.grid.values[self.rows[:, None], self.places[:, None] + offsets])

    def part(self, start: int, size: int) -> Origins:
        """Return the windows from ``start``, at most ``size``."""
        end = start + size
        return replace(self, rows=self.rows[start:end], places=self.places[start:end])

    def known(self, known: Known, horizon: int) -> KnownAhead:
        """Make the known columns of every stamp to forecast, each only once however many windows need it.

        Raises
        ------
        DataError
            A covariate is missing for a step to forecast; lists the pairs of series and time.
        ConfigError
            A covariate is not known as far ahead as ``horizon``.
        """
        import numpy as np
        import polars as pl

        wanted = np.unique(self.places[:, None] + np.arange(1, horizon + 1))
        stamps = self.grid.stamps(horizon).gather(wanted)
        frame = self.statics.join(pl.DataFrame({"time": stamps}), how="cross", maintain_order="left_right")
        matrix = known.matrix(frame).reshape(self.statics.height, len(wanted), -1)
        if known.covariates:
            covered = self._covariates(known.covariates, horizon).matrix(known.covariates, wanted)
            matrix = np.concatenate([matrix, covered], axis=2)
        return KnownAhead(matrix=matrix, wanted=wanted, horizon=horizon)

    def _covariates(self, columns: Sequence[CovariateColumns], horizon: int) -> Covariates:
        import numpy as np

        if self.covariates is None:
            raise DataError(f"no covariates were given; the model needs {bounded(_plain(columns))}")
        for each in columns:
            each.require(horizon)
        lost = self.covariates.missing(columns, self.rows, self.places[:, None] + np.arange(1, horizon + 1))
        if lost:
            raise DataError(
                "covariates are missing for the steps to forecast: "
                + "; ".join(lost)
                + "; add rows with these series "
                "and times whose target is empty, or name a second file with them: future=FILE"
            )
        return self.covariates


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

    @property
    def covariates(self) -> tuple[CovariateColumns, ...]:
        """What is made of covariates; nothing, for most forecasters."""
        return ()

    @abstractmethod
    def continue_windows(self, origins: Origins, horizon: int) -> NDArray[np.float64]:
        """Forecast (N, ``horizon``) from values up to each window's cutoff only."""

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        """Forecast the ``horizon`` steps after the last stamp of every series.

        Parameters
        ----------
        history
            Panel frame: ``series``, ``time`` (UTC), ``y``, the static columns and the covariates of training. Rows may
            come in any order; series may end at different stamps. What is known ahead stands in rows after the last
            value of a series, whose ``y`` is null. It is not changed.
        horizon
            Number of steps, at least 1.

        Returns
        -------
        pl.DataFrame
            ``series``, ``time``, ``step`` (1 … ``horizon``, Int32) and ``prediction``, sorted by series and step.

        Raises
        ------
        DataError
            A series is too short, has gaps or missing values, or was not in training; names the series. Or a covariate
            is missing for a step to forecast; lists the pairs of series and time.
        ConfigError
            ``horizon`` is below 1, or a covariate is not known as far ahead.
        """
        origins = self.after(history, horizon)
        return _frame(origins, self.continue_windows(origins, horizon)).drop("cutoff", "y")

    def after(self, history: pl.DataFrame, horizon: int) -> Origins:
        """Return one window for each series, from its last value on; arguments and errors are those of ``predict``."""
        import numpy as np

        _require_horizon(horizon)
        panel, ahead = divided(history)
        panel = require_panel(panel)
        require_length(panel, self.history, "the lags and windows of the model")
        recent = panel.group_by("series", maintain_order=True).tail(self.history).select(panel.columns)
        grid = grid_of(recent, self.frequency)
        return Origins(
            grid=grid,
            statics=statics_of(recent),
            rows=np.arange(len(grid.series)),
            places=grid.last,
            covariates=self._covered(grid, [recent, ahead], horizon, carried=False),
        )

    def predict_origins(self, panel: pl.DataFrame, cutoffs: Sequence[datetime], horizon: int) -> pl.DataFrame:
        """Forecast after every cutoff, knowing only the values up to it, in one pass over all of them.

        Parameters
        ----------
        panel
            Panel frame that may go on after the cutoffs: later values appear in ``y`` of the result, nowhere else.
            Known covariates are read from its rows after a cutoff; after the end of a series, where nothing is
            scored, their last value stands.
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
        origins = replace(
            _eligible(grid, statics_of(ordered), cutoffs, self.history),
            covariates=self._covered(grid, [ordered], horizon, carried=True),
        )
        return _frame(origins, self.continue_windows(origins, horizon))

    def _covered(
        self, grid: Grid, frames: Sequence[pl.DataFrame], horizon: int, *, carried: bool
    ) -> Covariates | None:
        import polars as pl

        names = [each.name for each in self.covariates]
        if not names:
            return None
        there = [
            frame.select("series", "time", *(name for name in names if name in frame.columns))
            for frame in frames
        ]
        return covariates_on(grid, pl.concat(there), names, horizon, carried=carried)


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


def _plain(columns: Sequence[CovariateColumns]) -> list[str]:
    return [plain(each.name) for each in columns]


def _require_horizon(horizon: int) -> None:
    if horizon < 1:
        raise ConfigError(f"horizon is {horizon}; allowed: whole numbers from 1 up")
