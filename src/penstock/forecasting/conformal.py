"""Prediction intervals from errors that a model made on values it had not seen: split conformal prediction.

An error counts in units of its series and of its step: absolute error over ``scale[series] × spread[step]``. These
scores are pooled over series, origins and steps, and one quantile of them, times the two units, is half the width of
an interval. The units of an origin's errors are learned from the *other* origins, as they are for a forecast to come:
units learned from the errors that they divide would make the scores too calm and the intervals too narrow.

Errors within one window follow from each other, so a window (one series at one origin) is the unit that is drawn.
With W windows, the quantile at ``level × (W + 1) / W`` covers ``level`` of a further window's values on average, if
windows are exchangeable and units given (Lee, Barber and Willett, 2023, arXiv 2306.06342); here units are learned too,
which simulations in the tests allow for. Shapes: S series, O origins, H steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.errors import bounded
from penstock.forecasting.intervals import Calibration

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PRIOR_WINDOWS = 3
"""Windows' worth of the pooled errors that stand beside a series' or step's own: few errors say little of a unit."""

MIN_ORIGINS = 3
"""Fewer origins are no sample of days."""

_EXACT = 9
"""Digits to which a rank is exact; beyond is the rounding of the level."""


@dataclass(frozen=True, kw_only=True)
class Errors:
    """Absolute errors of rolling origins.

    ``absolute`` is (S, O, H), NaN where no error is known. ``units`` (S,) are the series' in-sample errors of the
    seasonal naive, NaN where they mean nothing, as for a series that never changes.
    """

    series: tuple[str, ...]
    units: NDArray[np.float64]
    absolute: NDArray[np.float64]


def calibrated(errors: Errors, levels: Sequence[float]) -> Calibration:
    """Learn scales, spread and widths.

    Returns
    -------
    Calibration
        Without the levels that these errors cannot tell, and without series that have no unit: its notes name them.
    """
    import numpy as np

    usable = np.isfinite(errors.units) & (errors.units > 0)
    relative = errors.absolute[usable] / errors.units[usable, None, None]
    known = np.isfinite(relative)
    windows = int(known.any(axis=2).sum())
    origins = int(known.any(axis=(0, 2)).sum())
    dropped = [name for name, kept in zip(errors.series, usable, strict=True) if not kept]
    notes = [no_unit(dropped)] if dropped else []
    if origins < MIN_ORIGINS:
        return Calibration(notes=(*notes, too_few(origins)), origins=origins, windows=windows)
    left, units = left_out(np.where(known, relative, 0.0), known)
    scores = left[known]
    widths = {level: quantile(scores, windows, level) for level in sorted(set(levels))}
    notes += [untold(level, windows) for level, width in widths.items() if width is None]
    told = {level: width for level, width in widths.items() if width is not None}
    named = [name for name, kept in zip(errors.series, usable, strict=True) if kept]
    scales = (units.level * errors.units[usable]).tolist()
    return Calibration(
        levels=tuple(told),
        widths=tuple(told.values()),
        spread=tuple(units.spread.tolist()),
        scales=dict(zip(named, scales, strict=True)),
        residuals=len(scores),
        windows=windows,
        origins=origins,
        notes=tuple(notes),
    )


def quantile(scores: NDArray[np.float64], windows: int, level: float) -> float | None:
    """Return the score that covers ``level`` of a further window's values, from (N,) scores of ``windows`` windows.

    ``None`` where there are too few windows for the level, or the score would be infinite.
    """
    import numpy as np

    rank = math.ceil(round(level * (windows + 1) / windows * len(scores), _EXACT))
    if rank > len(scores):
        return None
    found = float(np.sort(scores)[rank - 1])
    return found if math.isfinite(found) else None


def windows_needed(level: float) -> int:
    """Return the fewest windows that a level can be told from: 9 for 0.9, 99 for 0.99."""
    return math.ceil(round(level / (1 - level), _EXACT))


@dataclass(frozen=True, kw_only=True)
class Units:
    """What an error is divided by: ``level`` (S,) over the naive's error, and ``spread`` (H,) around 1."""

    level: NDArray[np.float64]
    spread: NDArray[np.float64]


def left_out(relative: NDArray[np.float64], known: NDArray[np.bool_]) -> tuple[NDArray[np.float64], Units]:
    """Divide every origin's errors by units learned from the other origins; also return the units of all.

    Parameters
    ----------
    relative, known
        Errors in units of the series, and which of them are known, (S, O, H); unknown ones are 0.

    Returns
    -------
    tuple
        Scores (S, O, H), NaN where unknown, and the units that a next origin's errors are divided by.
    """
    import numpy as np

    middle = pooled(relative, known)
    total, count = relative.sum(axis=1), known.sum(axis=1)
    scores = np.full_like(relative, np.nan)
    for origin in range(relative.shape[1]):
        error, counted = relative[:, origin], known[:, origin]
        units = _units(np.maximum(total - error, 0.0), count - counted, middle)
        scores[:, origin][counted] = scored(error, units.level[:, None] * units.spread)[counted]
    return scores, _units(total, count, middle)


def scored(error: NDArray[np.float64], unit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide errors by their units; where a model never erred before, no error is 0 and any error infinite."""
    import numpy as np

    never = np.where(error > 0, np.inf, 0.0)
    return np.asarray(np.divide(error, unit, out=never, where=unit > 0))


def pooled(relative: NDArray[np.float64], known: NDArray[np.bool_]) -> float:
    """Return the middle series' mean error: a mean over series would be that of the one with the smallest unit."""
    import numpy as np

    counts = known.sum(axis=(1, 2))
    means = relative.sum(axis=(1, 2))[counts > 0] / counts[counts > 0]
    return float(np.median(means))


def _units(total: NDArray[np.float64], count: NDArray[np.int64], pooled: float) -> Units:
    """Learn units from sums of relative errors (S, H) and how many were added."""
    import numpy as np

    prior = PRIOR_WINDOWS * total.shape[1]
    level = (total.sum(axis=1) + prior * pooled) / (count.sum(axis=1) + prior)
    even = np.divide(total, level[:, None], out=np.zeros_like(total), where=level[:, None] > 0)
    mean = even.sum() / max(count.sum(), 1)
    spread = (even.sum(axis=0) + PRIOR_WINDOWS * mean) / (count.sum(axis=0) + PRIOR_WINDOWS)
    return Units(level=level, spread=spread / mean if mean > 0 else np.ones(len(spread)))


def no_unit(series: Sequence[str]) -> str:
    """Say which series have no unit."""
    return (
        f"no intervals for {len(series)} series whose seasonal naive never errs, so that nothing says how far they "
        f"may move: {bounded(series)}"
    )


def too_few(origins: int) -> str:
    """Say that there are too few origins."""
    return (
        f"no intervals: the errors are of {origins} origins and at least {MIN_ORIGINS} are needed; give more data, or "
        "lower intervals.every"
    )


def untold(level: float, windows: int) -> str:
    """Say why a level has no interval."""
    return (
        f"no interval of level {level:g}: it needs errors of at least {windows_needed(level)} windows that are not "
        f"infinite, and there are {windows}; raise intervals.origins, or ask for a lower level"
    )
