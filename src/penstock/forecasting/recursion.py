"""Recursive prediction on preallocated arrays, over all series and many cutoffs at once.

Shapes: ``N`` windows (one for each pair of series and cutoff), ``M`` steps of history, ``H`` steps of horizon, ``K``
known columns, ``D`` columns in all. A row's result never depends on which other rows stand beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.forecasting.rolling import Rolling

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from penstock.forecasting.features import ResolvedFeatures
    from penstock.forecasting.models import Regressor
    from penstock.forecasting.targets import Target

ROWS_AT_ONCE = 16_384
"""Windows that one recursion holds; more are done in turns, so that memory stays bounded."""


@dataclass(frozen=True, kw_only=True)
class Windows:
    """Starting points of a recursion.

    ``history`` (N, M) float64 holds scaled values up to the cutoff, ``known`` (N, H, K) float32 the known columns of
    the steps to forecast, ``series`` (N,) the codes of the series.
    """

    history: NDArray[np.float64]
    known: NDArray[np.float32]
    series: NDArray[np.int64]

    def chunks(self, size: int = ROWS_AT_ONCE) -> Iterator[Windows]:
        """Split into parts of at most ``size`` windows."""
        for start in range(0, len(self.series), size):
            rows = slice(start, start + size)
            yield Windows(history=self.history[rows], known=self.known[rows], series=self.series[rows])


def recurse(
    windows: Windows, features: ResolvedFeatures, target: Target, regressor: Regressor
) -> NDArray[np.float64]:
    """Forecast scaled values (N, H): each step's forecast is the newest value that the next step knows.

    Parameters
    ----------
    windows
        Where to start; ``history`` must reach back ``features.history + target.history`` steps.
    features
        Columns in the order of training: known, lags, means, deviations.
    target
        What the regressor learned; the result is on the scale before any difference or reference.
    regressor
        One member of a model.
    """
    import numpy as np

    past = windows.history
    if target.difference:
        past = past[:, target.difference :] - past[:, : -target.difference]
    count, known_count = len(past), windows.known.shape[2]
    horizon = windows.known.shape[1]
    buffer = np.empty((count, past.shape[1] + horizon), dtype=np.float32)
    buffer[:, : past.shape[1]] = past
    rolling = Rolling(buffer[:, : past.shape[1]], windows_of(features, target))
    matrix = np.empty((count, known_count + len(features.lag_columns)), dtype=np.float32)
    for step in range(horizon):
        place = past.shape[1] + step
        offset = _reference(buffer, place, target, rolling)
        matrix[:, :known_count] = windows.known[:, step]
        _fill(matrix[:, known_count:], buffer[:, :place], features, rolling)
        if offset is not None:
            levels = known_count + len(features.lags) + len(features.means)
            matrix[:, known_count:levels] -= offset[:, None]
        predicted = regressor.predict(matrix, windows.series)
        buffer[:, place] = predicted if offset is None else predicted + offset
        rolling.push(buffer[:, place])
    return rebuilt(windows.history, buffer[:, past.shape[1] :].astype(np.float64), target.difference)


def windows_of(features: ResolvedFeatures, target: Target) -> tuple[int, ...]:
    """Return the lengths of all windows whose sums a forecast needs, each once."""
    reference = (target.steps,) if target.against == "mean" else ()
    return tuple(dict.fromkeys((*features.means, *features.deviations, *reference)))


def _reference(
    buffer: NDArray[np.float32], place: int, target: Target, rolling: Rolling
) -> NDArray[np.float32] | None:
    if target.against == "lag":
        return buffer[:, place - target.steps]
    if target.against == "mean":
        return rolling.mean(target.steps)
    return None


def _fill(
    matrix: NDArray[np.float32], past: NDArray[np.float32], features: ResolvedFeatures, rolling: Rolling
) -> None:
    """Write lags, means and deviations as they are known after the last column of ``past``."""
    column = 0
    for newest, count in _runs(features.lags):
        block = past[:, past.shape[1] - newest - count + 1 : past.shape[1] - newest + 1]
        matrix[:, column : column + count] = block[:, ::-1]
        column += count
    for window in features.means:
        matrix[:, column] = rolling.mean(window)
        column += 1
    for window in features.deviations:
        matrix[:, column] = rolling.deviation(window)
        column += 1


def _runs(lags: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Split lags into runs of consecutive ones, as (first, count): a run is copied as one block."""
    start = 0
    for index in range(1, len(lags) + 1):
        if index == len(lags) or lags[index] != lags[index - 1] + 1:
            yield lags[start], index - start
            start = index


def rebuilt(
    history: NDArray[np.float64], forecast: NDArray[np.float64], difference: int
) -> NDArray[np.float64]:
    """Undo a seasonal difference of ``forecast`` (N, H), step by step; ``history`` (N, M) was never differenced."""
    if not difference:
        return forecast
    size = history.shape[1]
    for step in range(forecast.shape[1]):
        before = history[:, size - difference + step] if step < difference else forecast[:, step - difference]
        forecast[:, step] += before
    return forecast


def average(members: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Average forecasts (N, H) of several members, each with the same weight."""
    import numpy as np

    return np.asarray(sum(members[1:], start=members[0].copy()) / len(members))
