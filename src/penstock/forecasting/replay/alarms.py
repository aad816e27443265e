"""When a replay would have raised an alarm: a rolling error far above its own median, for several slots on end."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class SlotError:
    """The error of one slot's forecasts against the truth first known, and when the last of that truth was known.

    ``error`` and ``judged_at`` are ``None`` where no truth is known.
    """

    cutoff: datetime
    error: float | None
    judged_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class AlarmRule:
    """The mean error of the last ``rolling`` slots above ``factor`` × its median so far, ``slots`` times on end."""

    rolling: int
    factor: float
    slots: int


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm: raised at the slot ``cutoff``; over after ``last``.

    At ``raised_at`` the truth of the slot and of all slots before it was known, on which error and median rest.
    ``error`` is the rolling error there and ``median`` what it was compared with.
    """

    cutoff: datetime
    raised_at: datetime
    last: datetime
    error: float
    median: float


def rolling_errors(errors: Sequence[float | None], size: int) -> list[float | None]:
    """Return the mean of the last ``size`` known errors up to each slot.

    ``None`` stands where a slot has no error itself, and before there are so many.
    """
    known: list[float] = []
    means: list[float | None] = []
    for error in errors:
        if error is None or not math.isfinite(error):
            means.append(None)
            continue
        known.append(error)
        means.append(statistics.fmean(known[-size:]) if len(known) >= size else None)
    return means


def medians_before(means: Sequence[float | None]) -> list[float | None]:
    """Return the median of all rolling errors before each slot; ``None`` where there are none yet."""
    before: list[float] = []
    medians: list[float | None] = []
    for mean in means:
        medians.append(statistics.median(before) if before else None)
        if mean is not None:
            before.append(mean)
    return medians


def find_alarms(errors: Sequence[SlotError], rule: AlarmRule) -> list[Alarm]:
    """Return the alarms that the rule would have raised, oldest first.

    Only errors of earlier slots make the median, so that each verdict could have been given when the truth of its
    slot, and of those before it, had become known. An episode raises one alarm; it ends with the first slot that is not above.
    """
    means = rolling_errors([error.error for error in errors], rule.rolling)
    above = 0
    sure: datetime | None = None
    found: list[Alarm] = []
    for slot, mean, median in zip(errors, means, medians_before(means), strict=True):
        sure = max(filter(None, (sure, slot.judged_at)), default=None)
        if mean is None:
            continue
        above = above + 1 if median is not None and mean > rule.factor * median else 0
        if above == rule.slots and sure is not None and median is not None:
            found.append(
                Alarm(cutoff=slot.cutoff, raised_at=sure, last=slot.cutoff, error=mean, median=median)
            )
        elif above > rule.slots and found:
            found[-1] = replace(found[-1], last=slot.cutoff)
    return found
