"""Forecasters that only look back: nothing is learned but where to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.forecasting.origins import ArrayForecaster, Origins

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class SeasonalNaive(ArrayForecaster):
    """Repeats the last season: step h is the value of the same phase in the last ``season`` values known."""

    season: int
    frequency: str

    @property
    def history(self) -> int:
        """One season."""
        return self.season

    def continue_windows(self, origins: Origins, horizon: int) -> NDArray[np.float64]:
        """Forecast (N, ``horizon``)."""
        import numpy as np

        phases = np.arange(horizon) % self.season
        return origins.history(self.season)[:, phases]


@dataclass(frozen=True, kw_only=True)
class MovingAverage(ArrayForecaster):
    """Forecasts the mean of the last ``window`` values for every step."""

    window: int
    frequency: str

    @property
    def history(self) -> int:
        """One window."""
        return self.window

    def continue_windows(self, origins: Origins, horizon: int) -> NDArray[np.float64]:
        """Forecast (N, ``horizon``)."""
        import numpy as np

        return np.repeat(origins.history(self.window).mean(axis=1)[:, None], horizon, axis=1)


@dataclass(frozen=True, kw_only=True)
class Drift(ArrayForecaster):
    """Goes on along the straight line through the first and the last of the last ``window`` values."""

    window: int
    frequency: str

    @property
    def history(self) -> int:
        """One window."""
        return self.window

    def continue_windows(self, origins: Origins, horizon: int) -> NDArray[np.float64]:
        """Forecast (N, ``horizon``)."""
        import numpy as np

        known = origins.history(self.window)
        slope = (known[:, -1] - known[:, 0]) / (self.window - 1)
        return np.asarray(known[:, -1:] + slope[:, None] * np.arange(1, horizon + 1))
