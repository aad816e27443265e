"""Intervals that follow the errors: what became known up to a cutoff decides how wide the next window's are.

Seasons change how far a model errs, and no stretch of the past stands for the next one. So the calibration of
``conformal`` goes on along the rolling origins, and at each cutoff counts the errors known by then, and no others:

- the level of each series is a mean of its errors in which an error counts half after ``memory`` windows, leaning on
  its mean over four times as long;
- the quantile of the scores weighs them by their age too (Barber, Candès, Ramdas and Tibshirani, 2023,
  doi 10.1214/23-AOS2276);
- a factor on the width of each level grows with every truth outside and shrinks with every truth inside, so that in
  the long run the promised share is held, whatever the errors do (adaptive conformal inference: Gibbs and Candès,
  2021, arXiv 2106.00170; as a factor: Angelopoulos, Candès and Tibshirani, 2023, arXiv 2307.16895).

A cutoff is the last stamp whose value is known, so an error is known from the first cutoff on that is not before its
stamp. Shapes: S series, O origins, H steps, L levels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.forecasting.conformal import PRIOR_WINDOWS, Errors, left_out, pooled, scored, windows_needed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SLOW = 4
"""How many times longer than a level the spread and the scores are remembered."""

GAIN = 0.05
"""By how much the logarithm of a width moves for a window that lies outside, per 1 of the share it exceeds."""

WIDEST = 2.0
"""The factor on a width stays between exp(-2) and exp(2)."""

MOST_SCORES = 100_000
"""A quantile of more scores than these is taken of as many, drawn by a seed: a stride may meet one step only."""


@dataclass(frozen=True, kw_only=True)
class Trail:
    """Errors of rolling origins, those of the calibration first.

    ``places`` (O,) are the cutoffs as rising positions on the grid of stamps. All errors of the first ``before``
    origins are known at the next one.
    """

    errors: Errors
    places: NDArray[np.int64]
    before: int


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What intervals are made of at each origin after the calibration, and after the last window, which comes last.

    ``scales`` is (S, N) in the unit of the target, NaN for series without a unit; ``spread`` (N, H); ``widths``
    (N, L) rise with the level, infinite where it cannot be told. ``residuals`` and ``windows`` were known at the end.
    """

    scales: NDArray[np.float64]
    spread: NDArray[np.float64]
    widths: NDArray[np.float64]
    residuals: int
    windows: int

    @property
    def half_widths(self) -> NDArray[np.float64]:
        """Return half the width of every interval (S, N, H, L), NaN where there is none."""
        import numpy as np

        # An infinite interval would hold every truth: it is none.
        told = np.where(np.isfinite(self.widths), self.widths, np.nan)
        return np.asarray(self.scales[:, :, None, None] * self.spread[None, :, :, None] * told[:, None, :])


def follow(trail: Trail, levels: Sequence[float], memory: float) -> Followed:
    """Go along the origins, at each knowing what was known then.

    Parameters
    ----------
    trail
        Errors of at least ``MIN_ORIGINS`` origins of a calibration, and of any number after it.
    levels
        Rising.
    memory
        Windows (of the horizon's steps) after which an error counts half.
    """
    import numpy as np

    usable = np.isfinite(trail.errors.units) & (trail.errors.units > 0)
    relative = trail.errors.absolute[usable] / trail.errors.units[usable, None, None]
    walk = _Walk(relative, trail, levels, memory)
    origins = relative.shape[1]
    for origin in range(trail.before, origins):
        walk.learn(int(trail.places[origin]))
        walk.issue(origin)
    walk.learn(int(trail.places[-1]) + relative.shape[2])
    walk.issue(origins)
    scales = np.full((len(usable), origins + 1 - trail.before), np.nan)
    scales[usable] = walk.level[:, trail.before :] * trail.errors.units[usable, None]
    return Followed(
        scales=scales,
        spread=walk.spread[trail.before :],
        widths=walk.widths[trail.before :],
        residuals=int(np.isfinite(relative).sum()),
        windows=int(np.isfinite(relative).any(axis=2).sum()),
    )


class _Walk:
    """The state on the way: what was issued at each origin, the scores known, and sums that fade."""

    def __init__(
        self, relative: NDArray[np.float64], trail: Trail, levels: Sequence[float], memory: float
    ) -> None:
        import numpy as np

        series, origins, steps = relative.shape
        self.known = np.isfinite(relative)
        self.relative = np.where(self.known, relative, 0.0)
        self.before, self.levels, self.memory = trail.before, np.asarray(levels, dtype=np.float64), memory
        self.due = trail.places[:, None] + np.arange(1, steps + 1)
        self.seen = np.zeros((origins, steps), dtype=np.bool_)
        self.level, self.spread = np.zeros((series, origins + 1)), np.ones((origins + 1, steps))
        self.widths = np.full((origins + 1, len(self.levels)), np.inf)
        self.factor = np.zeros(len(self.levels))
        calibration = slice(0, trail.before)
        self.scores = np.full_like(relative, np.nan)
        self.scores[:, calibration], units = left_out(
            self.relative[:, calibration], self.known[:, calibration]
        )
        self.level[:, calibration], self.spread[calibration] = units.level[:, None], units.spread

    def learn(self, now: int) -> None:
        """Take in the errors that became known since the last cutoff."""
        import numpy as np

        fresh = (self.due <= now) & ~self.seen
        self.seen |= fresh
        self.now = now
        later = np.flatnonzero(fresh[self.before :].any(axis=1)) + self.before
        for origin in later:
            unit = self.level[:, origin, None] * self.spread[origin]
            found = scored(self.relative[:, origin], unit)
            taken = self.known[:, origin] & fresh[origin]
            self.scores[:, origin][taken] = found[taken]
            outside = (found[taken][:, None] > self.widths[origin]).sum(axis=0)
            share = (outside - (1 - self.levels) * taken.sum()) / taken.size
            told = np.isfinite(self.widths[origin])
            self.factor = np.clip(self.factor + GAIN * np.where(told, share, 0.0), -WIDEST, WIDEST)

    def issue(self, origin: int) -> None:
        """Set the units and widths of the window that begins at ``origin``."""
        import numpy as np

        self.level[:, origin], self.spread[origin] = self._units()
        base = self._quantiles()
        self.widths[origin] = np.maximum.accumulate(base * np.exp(self.factor))

    def _units(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        import numpy as np

        steps = self.due.shape[1]
        prior = PRIOR_WINDOWS * steps
        fast, slow = self._weights(self.memory), self._weights(SLOW * self.memory)
        middle = pooled(self.relative * self.seen, self.known & self.seen)
        long = _leaning(*self._sums(slow, (1, 2)), prior, middle)
        level = _leaning(*self._sums(fast, (1, 2)), prior, long)
        even = scored(self.relative, np.where(self.known, self.level[:, :-1, None], 0.0))
        even = np.where(np.isfinite(even), even, 0.0)
        count = (self.known * slow).sum(axis=(0, 1))
        total = (even * slow).sum(axis=(0, 1))
        mean = total.sum() / max(count.sum(), 1e-9)
        spread = (total + PRIOR_WINDOWS * mean) / (count + PRIOR_WINDOWS)
        return level, spread / mean if mean > 0 else np.ones(steps)

    def _sums(
        self, weights: NDArray[np.float64], axes: tuple[int, ...]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return (self.relative * weights).sum(axis=axes), (self.known * weights).sum(axis=axes)

    def _weights(self, memory: float) -> NDArray[np.float64]:
        """Return what the errors of each origin and step (O, H) count now."""
        import numpy as np

        age = (self.now - self.due) / self.due.shape[1]
        return np.where(self.seen, 0.5 ** (np.maximum(age, 0.0) / memory), 0.0)

    def _quantiles(self) -> NDArray[np.float64]:
        """Return the weighted quantile of the scores for each level, a little higher for few windows."""
        import numpy as np

        weights = self._weights(SLOW * self.memory)
        taken = np.isfinite(self.relative) & self.known & self.seen
        scores = self.scores[taken]
        heavy = np.broadcast_to(weights, taken.shape)[taken]
        if len(scores) > MOST_SCORES:
            drawn = np.random.default_rng(0).choice(len(scores), MOST_SCORES, replace=False)
            scores, heavy = scores[drawn], heavy[drawn]
        order = np.argsort(scores, kind="stable")
        scores, heavy = scores[order], np.cumsum(heavy[order])
        windows = int(taken.any(axis=2).sum())
        of_origin = weights.mean(axis=1)
        worth = max(
            windows / len(of_origin[of_origin > 0]) * of_origin.sum() ** 2 / (of_origin**2).sum(), 1.0
        )
        ranks = np.minimum(self.levels * (worth + 1) / worth, 1.0) * heavy[-1]
        found = scores[np.minimum(np.searchsorted(heavy, ranks), len(scores) - 1)]
        told = np.array([windows_needed(level) <= windows for level in self.levels.tolist()])
        return np.where(told, found, np.inf)


def _leaning(
    total: NDArray[np.float64],
    count: NDArray[np.float64],
    prior: float,
    towards: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    return (total + prior * towards) / (count + prior)
