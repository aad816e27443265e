"""When a replay forecasts and refits: ranges of cutoffs, never lists of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from penstock.domain.errors import UsageError

if TYPE_CHECKING:
    from typing import Self

_SPAN = re.compile(r"([1-9][0-9]*)(mo|s|m|h|d|w|q|y)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_MONTHS = {"mo": 1, "q": 3, "y": 12}
_LAST_SAFE_DAY = 28
ALLOWED = "a number and s, m (minutes), h, d, w, mo (months), q or y, such as 1d or 12h"


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A distance of two cutoffs: whole seconds, or whole months of the calendar; one of them is 0."""

    seconds: int = 0
    months: int = 0

    @classmethod
    def parse(cls, text: str, what: str) -> Self:
        """Read a span such as ``1d``; ``what`` names it in the message.

        Raises
        ------
        UsageError
            If it is none.
        """
        found = _SPAN.fullmatch(text)
        if found is None:
            raise UsageError(f"{what} is {text!r}; allowed: {ALLOWED}")
        count, unit = int(found[1]), found[2]
        return cls(seconds=count * _SECONDS.get(unit, 0), months=count * _MONTHS.get(unit, 0))

    def times(self, other: Span) -> int | None:
        """Return how often ``other`` fits into this span; ``None`` where it does not fit a whole number of times."""
        ours, theirs = (self.seconds, other.seconds) if other.seconds else (self.months, other.months)
        both_alike = bool(self.seconds) == bool(other.seconds)
        return ours // theirs if both_alike and ours % theirs == 0 else None

    def after(self, start: datetime, count: int) -> datetime:
        """Return ``start`` and ``count`` spans; days of months stay what they are."""
        if self.seconds:
            return start + timedelta(seconds=self.seconds * count)
        months = start.year * 12 + start.month - 1 + self.months * count
        return start.replace(year=months // 12, month=months % 12 + 1)

    def until(self, start: datetime, end: datetime) -> int:
        """Return how many cutoffs from ``start`` on, this far apart, lie before ``end``."""
        if end <= start:
            return 0
        if self.seconds:
            return -(-(end - start) // timedelta(seconds=self.seconds))
        months = (end.year - start.year) * 12 + end.month - start.month
        whole = months // self.months
        return whole + 1 if self.after(start, whole) < end else whole


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotRange:
    """``count`` cutoffs from ``start`` (UTC) on, ``every`` apart."""

    start: datetime
    every: Span
    count: int

    def cutoff(self, number: int) -> datetime:
        """Return the cutoff of slot ``number``, counted from 0."""
        return self.every.after(self.start, number)

    @property
    def last(self) -> datetime:
        """The last cutoff."""
        return self.cutoff(self.count - 1)

    def cutoffs(self) -> Iterator[datetime]:
        """Yield the cutoffs in order."""
        return (self.cutoff(number) for number in range(self.count))

    def parts(self, size: int) -> Iterator[SlotRange]:
        """Yield ranges of at most ``size`` slots that together are this one."""
        for first in range(0, self.count, size):
            yield SlotRange(start=self.cutoff(first), every=self.every, count=min(size, self.count - first))


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayPlan:
    """All cutoffs of a replay, and after how many of them the model is fitted again; the first slot fits."""

    slots: SlotRange
    refit: int

    def periods(self) -> Iterator[SlotRange]:
        """Yield the slots from one refit up to the next (excluded)."""
        return self.slots.parts(self.refit)

    @property
    def refits(self) -> int:
        """How often the model is fitted."""
        return -(-self.slots.count // self.refit)


def plan_slots(start: datetime, end: datetime, every: str, refit: str) -> ReplayPlan:
    """Plan the cutoffs ``start`` (included) to ``end`` (excluded).

    Parameters
    ----------
    start, end
        Moments with a time zone; a moment without one is in UTC.
    every, refit
        Distance of two cutoffs and of two refits: ``1d``, ``12h``, ``1w``, ``1mo``.

    Raises
    ------
    UsageError
        A span cannot be read, no cutoff lies in the range, refits would be rarer than whole slots, or months are
        counted from a day that not every month has. All faults are listed.
    """
    start, end = in_utc(start), in_utc(end)
    step, again = Span.parse(every, "every"), Span.parse(refit, "refit")
    count, ratio = step.until(start, end), again.times(step)
    faults = []
    if not count:
        faults.append(
            f"no cutoff lies from {start:%Y-%m-%d %H:%M} up to {end:%Y-%m-%d %H:%M} UTC; let it end later"
        )
    if not ratio:
        faults.append(
            f"refit={refit} is no whole number of slots of every={every}; take a multiple of {every}"
        )
    if step.months and start.day > _LAST_SAFE_DAY:
        faults.append(
            f"every={every} from day {start.day}: not every month has it; start on day 28 or before"
        )
    if faults:
        raise UsageError("; ".join(faults))
    return ReplayPlan(slots=SlotRange(start=start, every=step, count=count), refit=ratio or 1)


def in_utc(moment: datetime) -> datetime:
    """Return ``moment`` in UTC; one without a zone is in UTC already.

    Raises
    ------
    UsageError
        UTC does not have it: its years are 1 to 9999.
    """
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise UsageError(f"{moment} is no moment in UTC: its years are 1 to 9999") from error


def require_whole_steps(every: Span, frequency: str) -> None:
    """Refuse cutoffs that are not a whole number of steps of the data apart.

    Parameters
    ----------
    every
        Distance of two cutoffs.
    frequency
        Step of the data as a polars duration, such as ``1h`` or ``1mo``.

    Raises
    ------
    UsageError
        Names both, and what is allowed.
    """
    found = _SPAN.fullmatch(frequency)
    step = None if found is None else Span.parse(frequency, "frequency")
    days = (
        step is not None and bool(every.months) and bool(step.seconds) and _SECONDS["d"] % step.seconds == 0
    )
    if step is not None and not days and every.times(step) is None:
        raise UsageError(
            f"every is not a whole number of steps of the data, which are {frequency} apart; "
            f"take {frequency} or a multiple of it"
        )
