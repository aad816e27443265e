"""Direct forecasts: one boosting that knows how many steps ahead it looks, and never reads a forecast of its own.

Every column of the past is what is known at the cutoff. With a season of 24 and the value 30 steps ahead to forecast:

==================  =================================================================================================
column              what stands there
==================  =================================================================================================
lag below a season  counted from the cutoff, as for the first step: ``lag1`` is the last value known
lag of a season     counted from the value to forecast, and set back by whole seasons until it is known: ``lag24`` is
                    the value 48 steps before, at the same hour
means, deviations   over the last values known
``steps_ahead``     30
==================  =================================================================================================

A target's reference is taken from the same columns, so that a series that repeats its season is continued exactly. One
model of all steps with the step as a column is the global form of direct forecasting (Ben Taieb and others, Expert
Systems with Applications 39, 2012, compare the strategies). The winner of the M5 competition averaged recursive and
direct boostings (Makridakis, Spiliotis and Assimakopoulos, International Journal of Forecasting 38, 2022), which is
what ``strategy: mixed`` does.

Shapes: ``N`` windows, ``M`` steps of history, ``H`` steps of horizon, ``K`` known columns, ``D`` columns in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from penstock.forecasting.recursion import Windows, rebuilt, windows_of
from penstock.forecasting.rolling import Rolling
from penstock.forecasting.table import FeatureTable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from penstock.forecasting.features import ResolvedFeatures
    from penstock.forecasting.models import Regressor
    from penstock.forecasting.targets import Target

STEP = "steps_ahead"
DRAWS = 4
"""Steps that each value is learned at, drawn evenly over the horizon; more where there are few values."""

FEW_ROWS = 200_000
ROWS_AT_ONCE = 400_000


@dataclass(frozen=True, kw_only=True)
class DirectTable(FeatureTable):
    """Rows of a table, each to be forecast from ``steps`` (R,) before; ``known`` ends with that number.

    ``seasons`` are the lengths by which long lags are set back.
    """

    steps: NDArray[np.int64]
    seasons: tuple[int, ...]

    @property
    def label(self) -> NDArray[np.float32]:
        """The target (R,)."""
        import numpy as np

        return np.asarray(self.values[self.places])

    def fill(self, name: str, out: NDArray[np.float32]) -> None:
        """Write one column of the past, as it is known ``steps`` before the target, into ``out`` (R,)."""
        window = self.windows.get(name)
        if window is None:
            lag = int(name.removeprefix("lag"))
            out[:] = self.values[self.places - distance(lag, self.steps, self.seasons)]
        else:
            out[:] = window[self.places - self.steps + 1]

    def kept(self, rows: NDArray[np.int64]) -> Self:
        """Keep these rows."""
        return replace(super().kept(rows), steps=self.steps[rows])

    def references(
        self, target: Target, names: Sequence[str]
    ) -> tuple[NDArray[np.float32] | None, list[NDArray[np.float32] | None]]:
        """Return what the target is stated against, and what each of the columns ``names``: (R,), ``None`` for nothing.

        A column that is counted from the cutoff is taken less the reference of the first step.
        """
        own, found = super().references(target, names)
        if target.against != "lag":
            return own, found
        first = self.values[self.places - self.steps + 1 - target.steps]
        near = [from_cutoff(name, self.seasons) for name in names]
        return own, [first if each else other for each, other in zip(near, found, strict=True)]


def distance(lag: int, steps: NDArray[np.int64], seasons: Sequence[int]) -> NDArray[np.int64]:
    """Count from the values to forecast, ``steps`` after the cutoff, back to what a lag means for them.

    Parameters
    ----------
    lag
        Lag of the first step.
    steps
        Steps ahead, 1 or more, any shape.
    seasons
        Lengths by which a lag may be set back: the longest one that divides the lag. A lag that no season divides is
        counted from the cutoff.
    """
    import numpy as np

    season = season_of(lag, seasons)
    return lag + season * -(np.minimum(lag - steps, 0) // season) if season else steps - 1 + lag


def from_cutoff(name: str, seasons: Sequence[int]) -> bool:
    """Tell whether a column is the same for all steps after a cutoff, and is taken less a reference."""
    return name.startswith("mean") or (name.startswith("lag") and not season_of(int(name[3:]), seasons))


def season_of(lag: int, seasons: Sequence[int]) -> int:
    """Return the longest season that divides the lag, 0 where none does."""
    return max((season for season in seasons if lag % season == 0), default=0)


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """How rows of a direct table are drawn: by ``seed``, and hardly more than ``limit``, which ``thinned`` keeps to."""

    seed: int
    limit: int | None = None

    def draws(self, rows: int, ahead: int) -> int:
        """Return at how many steps each of ``rows`` values is learned."""
        wanted = max(DRAWS, -(-FEW_ROWS // max(rows, 1)))
        if self.limit is not None:
            wanted = min(wanted, -(-self.limit // max(rows, 1)))
        return min(ahead, wanted)


EVERYTHING = Drawing(seed=0)


def direct_table(table: FeatureTable, ahead: int, seasons: Sequence[int], drawing: Drawing) -> DirectTable:
    """Pair the rows of ``table`` with steps at which they are to be forecast.

    Parameters
    ----------
    table
        Rows that have all of their past for the first step.
    ahead
        Longest step; a row that lies too near the start of its series for a step is not paired with it.
    seasons
        Lengths by which long lags are set back.
    drawing
        How many pairs, and which.
    """
    import numpy as np

    starts = np.flatnonzero(np.diff(table.series, prepend=-1))
    lengths = np.diff(np.append(starts, len(table.series)))
    ranks = np.arange(len(table.series)) - np.repeat(starts, lengths)
    rows, steps = _drawn_steps(np.minimum(ranks + 1, ahead), ahead, drawing)
    known = np.empty((len(rows), table.known.shape[1] + 1), dtype=np.float32, order="F")
    for place in range(table.known.shape[1]):
        known[:, place] = table.known[rows, place]
    known[:, -1] = steps
    return DirectTable(
        values=table.values,
        windows=table.windows,
        known=known,
        places=table.places[rows],
        series=table.series[rows],
        columns=table.columns,
        steps=steps,
        seasons=tuple(seasons),
    )


def continue_direct(
    windows: Windows,
    features: ResolvedFeatures,
    target: Target,
    regressor: Regressor,
    seasons: Sequence[int],
) -> NDArray[np.float64]:
    """Forecast scaled values (N, H), all steps at once, each from what is known at the cutoff.

    Parameters
    ----------
    windows
        Where to start; ``history`` must reach back ``features.history + target.history`` steps.
    features
        Columns in the order of training: known, step, lags, means, deviations.
    target
        What the regressor learned; the result is on the scale before any difference or reference.
    regressor
        One member of a model.
    seasons
        Lengths by which long lags are set back, as in training.
    """
    import numpy as np

    parts = []
    for part in windows.chunks(max(1, ROWS_AT_ONCE // windows.known.shape[1])):
        matrix, offset = _matrix(part, features, target, seasons)
        count, horizon, width = matrix.shape
        codes = np.repeat(part.series, horizon)
        predicted = regressor.predict(matrix.reshape(count * horizon, width), codes)
        forecast = predicted.reshape(count, horizon) + offset
        parts.append(rebuilt(part.history, forecast, target.difference))
    return np.concatenate(parts)


def _matrix(
    windows: Windows, features: ResolvedFeatures, target: Target, seasons: Sequence[int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return all columns (N, H, D) and the reference of every step, (N, H) or one that fits it."""
    import numpy as np

    past = _past(windows.history, target.difference)
    count, horizon, known = windows.known.shape
    steps = np.arange(1, horizon + 1)
    rolling = Rolling(past, windows_of(features, target))
    lagged = {
        lag: past[:, past.shape[1] - 1 + steps - distance(lag, steps, seasons)]
        for lag in (*features.lags, *((target.steps,) if target.against == "lag" else ()))
    }
    offset = np.zeros((1, 1), dtype=np.float32)
    if target.against == "lag":
        offset = lagged[target.steps]
    elif target.against == "mean":
        offset = rolling.mean(target.steps)[:, None]
    matrix = np.empty((count, horizon, known + 1 + len(features.lag_columns)), dtype=np.float32)
    matrix[:, :, :known] = windows.known
    matrix[:, :, known] = steps
    first = past[:, -target.steps][:, None] if target.against == "lag" else offset
    columns = [lagged[lag] - (offset if season_of(lag, seasons) else first) for lag in features.lags]
    columns += [rolling.mean(window)[:, None] - first for window in features.means]
    columns += [rolling.deviation(window)[:, None] for window in features.deviations]
    for place, column in enumerate(columns, start=known + 1):
        matrix[:, :, place] = column
    return matrix, offset


def _past(history: NDArray[np.float64], difference: int) -> NDArray[np.float32]:
    import numpy as np

    changed = history[:, difference:] - history[:, :-difference] if difference else history
    return changed.astype(np.float32)


def _drawn_steps(
    longest: NDArray[np.int64], ahead: int, drawing: Drawing
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw steps for each row, one from each of equal parts of 1 … its ``longest``; return rows and steps."""
    import numpy as np

    draws = drawing.draws(len(longest), ahead)
    parts = np.minimum(longest, draws)[:, None]
    number = np.arange(draws)
    low = number * longest[:, None] // parts
    high = (number + 1) * longest[:, None] // parts
    share = np.random.default_rng(drawing.seed).random((len(longest), draws))
    steps = 1 + low + ((high - low) * share).astype(np.int64)
    rows, drawn = np.nonzero(number < parts)
    return rows, steps[rows, drawn]
