"""Moving means and deviations of whole series at once, for training; a recursion keeps them step by step instead.

Windows never subtract what has left them: values are summed in blocks of one window, forwards and backwards, and a
window is the end of one block and the start of the next (van Herk, 1992). So a value of a million leaves no rounding
behind in the calm windows after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penstock.forecasting.rolling import ROUNDING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def moving(
    values: NDArray[np.float32], lengths: NDArray[np.int64], means: Sequence[int], deviations: Sequence[int]
) -> dict[str, NDArray[np.float32]]:
    """Summarise the values before each place.

    Parameters
    ----------
    values
        Values (N,) of all series, one after the other.
    lengths
        Number of values of each series (S,), 1 or more each; they sum to N.
    means, deviations
        Lengths of windows; a deviation takes 2 or more values.

    Returns
    -------
    dict
        ``mean24``, ``deviation24`` and so on: (N,) float32. Deviations are of the sample. The first ``window`` places
        of a series have no such window before them; what stands there means nothing.
    """
    import numpy as np

    # Counted from each series' first value, as a recursion counts from the last: high levels keep their digits.
    reference = np.repeat(values[np.cumsum(lengths) - lengths], lengths).astype(np.float64)
    centred = values - reference
    squares = centred * centred if deviations else centred
    found = {}
    for window in dict.fromkeys((*means, *deviations)):
        sums = moving_sums(centred, window)
        if window in means:
            found[f"mean{window}"] = _placed(_mean(sums, reference, window), window, len(values))
        if window in deviations:
            spread = _deviation(sums, moving_sums(squares, window), window)
            found[f"deviation{window}"] = _placed(spread, window, len(values))
    return found


def moving_sums(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the sums of ``window`` neighbours: (N - window + 1,), empty where there are fewer values."""
    import numpy as np

    count = max(len(values) - window + 1, 0)
    blocks = np.zeros((-(-len(values) // window), window))
    blocks.ravel()[: len(values)] = values
    sums = np.cumsum(blocks[:, ::-1], axis=1)[:, ::-1].ravel()[:count]
    starts = np.cumsum(blocks, axis=1, out=blocks).ravel()[window - 1 : window - 1 + count]
    starts[::window] = 0.0  # such a window is one whole block
    sums += starts
    return sums


def _mean(sums: NDArray[np.float64], reference: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    import numpy as np

    level = reference[len(reference) - len(sums) :]  # of the window's last value, so of its series
    means = sums / window + level
    means[np.abs(means) < ROUNDING * np.abs(level)] = 0.0
    return means


def _deviation(sums: NDArray[np.float64], squares: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    import numpy as np

    rest = squares - sums * sums / window
    rest[rest < ROUNDING * squares] = 0.0
    return np.asarray(np.sqrt(rest / (window - 1)))


def _placed(found: NDArray[np.float64], window: int, size: int) -> NDArray[np.float32]:
    """Put what was found of each window at the place after it."""
    import numpy as np

    out = np.zeros(size, dtype=np.float32)
    out[window:] = found[:-1]
    return out
