from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import UsageError
from penstock.domain.windows import Window

_START = datetime(2024, 1, 1, tzinfo=UTC)
_HOURS = st.integers(min_value=0, max_value=500)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start = _START + timedelta(hours=draw(_HOURS))
    return Window(start, start + timedelta(hours=draw(_HOURS)))


def test_start_belongs_to_a_window_and_end_does_not() -> None:
    window = Window(_START, _START + timedelta(hours=1))
    assert window.start in window
    assert window.end not in window


def test_bounds_are_held_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    window = Window(datetime(2024, 1, 1, 2, tzinfo=east), datetime(2024, 1, 1, 3, tzinfo=east))
    assert str(window) == "[2024-01-01T00:00:00Z, 2024-01-01T01:00:00Z)"
    assert window.start.tzinfo is UTC


def test_bound_without_a_zone_is_refused() -> None:
    naive = _START.replace(tzinfo=None)
    with pytest.raises(UsageError, match=r"Window end 2024-01-01 00:00:00 has no time zone; .*\+00:00"):
        Window(_START, naive)


def test_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(UsageError, match=r"after its end .*swap"):
        Window(_START, _START - timedelta(hours=1))


def test_empty_window_contains_nothing() -> None:
    empty = Window(_START, _START)
    assert empty.length == timedelta(0)
    assert _START not in empty


@given(windows(), windows(), _HOURS)
def test_intersection_holds_exactly_what_both_hold(one: Window, other: Window, hour: int) -> None:
    moment = _START + timedelta(hours=hour)
    assert (moment in one.intersect(other)) == (moment in one and moment in other)
