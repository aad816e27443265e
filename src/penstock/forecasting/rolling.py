"""Means and deviations of moving windows, kept up value by value while a recursion goes on.

Shapes: ``N`` rows, each with a window of its own. Every operation works on one vector (N,) at a time, so that a row's
digits never depend on which other rows stand beside it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROUNDING = 1e-13
"""What is smaller than this share of the largest value that ever entered is a rest of rounding, and counts as none."""


class Rolling:
    """Sums over the last ``window`` values of every row, for several windows.

    Values are counted from each row's last known one, so that the windows of a constant series have no deviation at
    all and those of a high level keep their digits.

    Parameters
    ----------
    past
        Values up to the cutoff (N, M), M at least the longest window.
    windows
        Lengths; a mean takes 1 or more values, a deviation 2 or more.
    """

    def __init__(self, past: NDArray[np.float32], windows: Collection[int]) -> None:
        import numpy as np

        longest = max(windows, default=0)
        self._reference = past[:, -1].astype(np.float64)
        self._values: list[NDArray[np.float64]] = []
        self._squares: list[NDArray[np.float64]] = []
        self._sums = {window: np.zeros(len(past)) for window in windows}
        self._square_sums = {window: np.zeros(len(past)) for window in windows}
        self._largest = np.zeros(len(past))
        for place in range(past.shape[1] - longest, past.shape[1]):
            self.push(past[:, place])

    def push(self, values: NDArray[np.float32]) -> None:
        """Let the next value (N,) enter every window, and the oldest leave those that are full."""
        import numpy as np

        if not self._sums:
            return
        centred = values - self._reference
        square = centred * centred
        np.maximum(self._largest, square, out=self._largest)
        for window in self._sums:
            self._sums[window] += centred
            self._square_sums[window] += square
            if len(self._values) >= window:
                self._sums[window] -= self._values[-window]
                self._square_sums[window] -= self._squares[-window]
        self._values.append(centred)
        self._squares.append(square)

    def mean(self, window: int) -> NDArray[np.float32]:
        """Return the mean of the last ``window`` values (N,)."""
        import numpy as np

        means = self._reference + self._sums[window] / window
        scale = np.abs(self._reference) + np.sqrt(self._largest)
        means[np.abs(means) < ROUNDING * scale] = 0.0
        return np.asarray(means, dtype=np.float32)

    def deviation(self, window: int) -> NDArray[np.float32]:
        """Return the sample standard deviation of the last ``window`` values (N,)."""
        import numpy as np

        total = self._sums[window]
        rest = self._square_sums[window] - total * total / window
        rest[rest < ROUNDING * window * self._largest] = 0.0
        return np.asarray(np.sqrt(rest / (window - 1)), dtype=np.float32)
