"""Whether a converted model says what the native one says: over the whole recursion, not one call of a regressor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from penstock.domain.results import Result
from penstock.forecasting.panel import require_panel

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from penstock.forecasting.forecaster import ForecastModel

WINDOWS = 1_000
"""Windows that parity is measured on, where the panel has so many."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What is compared: forecasts of ``horizon`` steps from ``windows`` windows, which may differ by ``tolerance``."""

    horizon: int
    tolerance: float
    windows: int = WINDOWS

    def judged(self, ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> Parity:
        """Compare forecasts of whole windows, one after the other (N × H,)."""
        shape = (-1, self.horizon)
        relative, cosine = differences(ours.reshape(shape), theirs.reshape(shape))
        return Parity(
            windows=ours.size // self.horizon,
            steps=self.horizon,
            relative=relative,
            cosine=cosine,
            tolerance=self.tolerance,
        )


class Parity(Result):
    """How far two runtimes are apart.

    Attributes
    ----------
    windows, steps
        Pairs of series and cutoff, and steps forecast from each.
    relative
        Largest absolute difference of two forecasts, over the largest absolute forecast of their window.
    cosine
        Largest cosine distance of two windows: 0 for the same direction.
    tolerance
        What neither may be above.
    """

    windows: int
    steps: int
    relative: float
    cosine: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether both differences are within the tolerance, and there was anything to compare."""
        return self.windows > 0 and max(self.relative, self.cosine) <= self.tolerance

    def __str__(self) -> str:
        return (
            f"largest relative difference {self.relative:.3g} and cosine distance {self.cosine:.3g} against "
            f"{self.tolerance:g}, over {self.windows} windows of {self.steps} steps"
        )


def measure_parity(native: ForecastModel, other: ForecastModel, panel: pl.DataFrame, trial: Trial) -> Parity:
    """Let both forecast after the same cutoffs of ``panel``, and compare.

    Parameters
    ----------
    native, other
        The same model with other regressors.
    panel
        Panel frame, such as the one of training; of its series at most as many as windows are taken, spread evenly.
    trial
        How much of it.

    Raises
    ------
    DataError
        No series has enough history for a single window.
    """
    horizon = trial.horizon
    taken = _some_series(require_panel(panel), trial.windows)
    cutoffs = spread_cutoffs(taken, native.history, horizon, trial.windows)
    ours, theirs = (
        model.predict_origins(taken, cutoffs, horizon)["prediction"].to_numpy() for model in (native, other)
    )
    return trial.judged(ours, theirs)


def differences(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> tuple[float, float]:
    """Return the largest relative difference and the largest cosine distance of (N, H) forecasts.

    Where only one of two is finite, both are infinite.
    """
    import numpy as np

    if not np.array_equal(np.isfinite(ours), np.isfinite(theirs)):
        return math.inf, math.inf
    ours, theirs = np.nan_to_num(ours), np.nan_to_num(theirs)
    largest = np.maximum(np.abs(ours), np.abs(theirs)).max(axis=1, initial=0.0)
    unit = np.where(largest > 0, largest, 1.0)[:, None]
    relative = np.abs(ours - theirs) / unit
    one, two = _directions(ours / unit), _directions(theirs / unit)
    # Half the squared length of the difference: 1 less a product would be nothing but rounding.
    cosine = ((one - two) ** 2).sum(axis=1) / 2.0
    return float(relative.max(initial=0.0)), float(cosine.max(initial=0.0))


def spread_cutoffs(panel: pl.DataFrame, history: int, horizon: int, windows: int) -> list[datetime]:
    """Choose cutoffs, evenly spread, after which at least ``windows`` forecasts start, or all there are.

    The steps after them lie in the panel where it is long enough for that.
    """
    import polars as pl

    place, steps_left = pl.int_range(pl.len()).over("series"), pl.len().over("series")
    ready = panel.filter(place >= history - 1)
    inside = panel.filter((place >= history - 1) & (place < steps_left - horizon))
    counts = (inside if inside.height else ready).group_by("time").len().sort("time")
    stamps = counts["time"].to_list()
    chosen = _evenly(len(stamps), -(-windows * len(stamps) // max(int(counts["len"].sum()), 1)))
    while int(counts["len"].gather(chosen).sum()) < windows and len(chosen) < len(stamps):
        chosen = _evenly(len(stamps), 2 * len(chosen))
    return [stamps[number] for number in chosen]


def _evenly(count: int, wanted: int) -> list[int]:
    """Choose ``wanted`` of ``count`` numbers from 0 up, the last one among them."""
    wanted = min(max(wanted, 1), count)
    return sorted({count - 1 - number * count // wanted for number in range(wanted)})


def _some_series(panel: pl.DataFrame, most: int) -> pl.DataFrame:
    import polars as pl

    names = panel["series"].unique(maintain_order=True)
    return panel.filter(pl.col("series").is_in(names.gather(_evenly(len(names), most)).implode()))


def _directions(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    lengths = np.sqrt((rows**2).sum(axis=1))[:, None]
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0))
