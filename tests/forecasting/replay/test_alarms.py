"""Alarms: raised late enough to be sure, never by what was not known yet, once for an episode."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.forecasting.replay.alarms import AlarmRule, SlotError, find_alarms, rolling_errors

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
RULE = AlarmRule(rolling=2, factor=1.5, slots=3)


def slots(errors: Sequence[float | None]) -> list[SlotError]:
    return [
        SlotError(
            cutoff=START + day * DAY,
            error=error,
            judged_at=None if error is None else START + (day + 15) * DAY,
        )
        for day, error in enumerate(errors)
    ]


def test_an_episode_raises_one_alarm_once_it_has_lasted() -> None:
    found = find_alarms(slots([1.0] * 6 + [9.0] * 5 + [1.0] * 6), RULE)
    assert [(alarm.cutoff, alarm.raised_at) for alarm in found] == [(START + 8 * DAY, START + 23 * DAY)]
    assert found[0].last == START + 11 * DAY
    assert found[0].error == 9.0
    assert found[0].median == 1.0


def test_an_alarm_waits_for_the_latest_truth_that_it_rests_on() -> None:
    known = slots([1.0] * 6 + [9.0] * 5)
    late = START + 90 * DAY
    known[2] = dataclasses.replace(known[2], judged_at=late)
    assert [alarm.raised_at for alarm in find_alarms(known, RULE)] == [late]


@pytest.mark.parametrize("errors", [[], [1.0] * 30, [1.0] * 9 + [9.0] + [1.0] * 9, [None] * 9, [9.0] * 20])
def test_steady_errors_and_single_outliers_raise_none(errors: list[float | None]) -> None:
    assert find_alarms(slots(errors), RULE) == []


@given(
    errors=st.lists(st.one_of(st.none(), st.floats(0.1, 100)), max_size=40),
    kept=st.integers(0, 40),
)
def test_later_errors_never_change_what_was_raised(errors: list[float | None], kept: int) -> None:
    early = find_alarms(slots(errors[:kept]), RULE)
    whole = find_alarms(slots(errors), RULE)
    assert [alarm.cutoff for alarm in early] == [alarm.cutoff for alarm in whole][: len(early)]
    assert all(alarm.cutoff >= START + kept * DAY for alarm in whole[len(early) :])


@given(errors=st.lists(st.one_of(st.none(), st.floats(0, 10)), max_size=30), size=st.integers(1, 5))
def test_rolling_means_are_those_of_a_loop(errors: list[float | None], size: int) -> None:
    expected: list[float | None] = []
    for place, error in enumerate(errors):
        known = [one for one in errors[: place + 1] if one is not None][-size:]
        expected.append(sum(known) / size if error is not None and len(known) == size else None)
    assert rolling_errors(errors, size) == pytest.approx(expected)
