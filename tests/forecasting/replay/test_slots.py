"""Slots are ranges: planned by arithmetic, never listed."""

from __future__ import annotations

import gc
import re
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import UsageError
from penstock.forecasting.replay.slots import ReplayPlan, SlotRange, Span, plan_slots, require_whole_steps

START = datetime(2023, 5, 1, tzinfo=UTC)


def test_sixty_days_with_weekly_refits() -> None:
    plan = plan_slots(START, datetime(2023, 6, 30, tzinfo=UTC), "1d", "7d")
    assert plan.slots.count == 60
    assert plan.refits == 9
    assert plan.slots.last == datetime(2023, 6, 29, tzinfo=UTC)
    assert [period.count for period in plan.periods()] == [7] * 8 + [4]


def test_a_plan_holds_no_object_for_each_slot() -> None:
    def objects(days: int) -> int:
        plan = plan_slots(START, START + timedelta(days=days), "1h", "7d")
        assert plan.slots.count == 24 * days
        return len(reachable(plan))

    assert objects(60) == objects(1)


def reachable(value: object) -> set[int]:
    """Return the identities of what hangs on ``value``, classes left out."""
    found: set[int] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if id(one) not in found and not isinstance(one, type):
            found.add(id(one))
            waiting.extend(gc.get_referents(one))
    return found


@given(
    every=st.sampled_from(["15m", "1h", "5h", "1d", "1w", "1mo", "2mo", "1q", "1y"]),
    hours=st.integers(0, 2000),
    day=st.integers(1, 28),
)
def test_every_cutoff_of_the_range_and_no_other(every: str, hours: int, day: int) -> None:
    start = START.replace(day=day)
    end = start + timedelta(hours=hours, minutes=7)
    slots = plan_slots(start, end, every, every).slots
    listed: list[datetime] = []
    while Span.parse(every, "every").after(start, len(listed)) < end:
        listed.append(Span.parse(every, "every").after(start, len(listed)))
    assert list(slots.cutoffs()) == listed
    assert all(after > before for before, after in pairwise(listed))


@given(count=st.integers(1, 50), size=st.integers(1, 60))
def test_parts_of_a_range_are_the_range(count: int, size: int) -> None:
    slots = SlotRange(start=START, every=Span(months=1), count=count)
    parts = list(slots.parts(size))
    assert [cutoff for part in parts for cutoff in part.cutoffs()] == list(slots.cutoffs())
    assert all(part.count == size for part in parts[:-1])


def test_moments_come_in_any_zone_or_in_none() -> None:
    east = timezone(timedelta(hours=2))
    plan = plan_slots(datetime(2023, 5, 1, 2, tzinfo=east), datetime(2023, 5, 2), "1d", "1d")  # noqa: DTZ001
    assert plan == ReplayPlan(slots=SlotRange(start=START, every=Span(seconds=86_400), count=1), refit=1)


def test_a_moment_that_utc_does_not_have_is_refused() -> None:
    west = timezone(timedelta(hours=-5))
    with pytest.raises(UsageError, match="9999-12-31 23:00:00-05:00 is no moment in UTC"):
        plan_slots(START, datetime(9999, 12, 31, 23, tzinfo=west), "1d", "1d")


def test_a_day_is_24_hours_also_where_clocks_change() -> None:
    copenhagen = datetime(2023, 3, 25, tzinfo=UTC)
    slots = plan_slots(copenhagen, copenhagen + timedelta(days=3), "1d", "1d").slots
    assert {cutoff.hour for cutoff in slots.cutoffs()} == {0}


@pytest.mark.parametrize(
    ("end", "every", "refit", "message"),
    [
        (
            START,
            "1d",
            "7d",
            "no cutoff lies from 2023-05-01 00:00 up to 2023-05-01 00:00 UTC; let it end later",
        ),
        (START - timedelta(days=1), "1d", "7d", "no cutoff lies"),
        (START + timedelta(days=9), "day", "7d", "every is 'day'; allowed: a number and s, m (minutes)"),
        (START + timedelta(days=9), "0d", "7d", "every is '0d'"),
        (START + timedelta(days=9), "1d", "-7d", "refit is '-7d'"),
        (START + timedelta(days=9), "7d", "1d", "refit=1d is no whole number of slots of every=7d"),
        (START + timedelta(days=9), "2d", "7d", "refit=7d is no whole number of slots of every=2d"),
        (START + timedelta(days=9), "1mo", "7d", "refit=7d is no whole number of slots of every=1mo"),
    ],
)
def test_ranges_that_cannot_be_are_refused(end: datetime, every: str, refit: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        plan_slots(START, end, every, refit)


def test_months_from_a_day_that_not_all_have_are_refused() -> None:
    with pytest.raises(UsageError, match="every=1mo from day 31: not every month has it; start on day 28"):
        plan_slots(datetime(2023, 1, 31, tzinfo=UTC), START, "1mo", "1mo")


@pytest.mark.parametrize(
    ("every", "frequency"),
    [("1h", "1h"), ("1d", "1h"), ("30m", "15m"), ("1w", "1d"), ("1mo", "1h"), ("1mo", "1mo"), ("1y", "1q")],
)
def test_whole_steps_are_accepted(every: str, frequency: str) -> None:
    require_whole_steps(Span.parse(every, "every"), frequency)


@pytest.mark.parametrize(
    ("every", "frequency"),
    [("90m", "1h"), ("1h", "1d"), ("1d", "1w"), ("30d", "1mo"), ("1mo", "1q"), ("1mo", "1w")],
)
def test_broken_steps_are_refused(every: str, frequency: str) -> None:
    with pytest.raises(UsageError, match=f"which are {frequency} apart; take {frequency} or a multiple"):
        require_whole_steps(Span.parse(every, "every"), frequency)
