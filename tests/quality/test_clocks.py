from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.quality.clocks import odd_days
from penstock.testing.quality import ask, panel

ZONE = "Europe/Copenhagen"
HOUR = timedelta(hours=1)
SPRING = datetime(2024, 3, 29, tzinfo=UTC)
AUTUMN = datetime(2024, 10, 25, tzinfo=UTC)


def _hours(start: datetime, hours: int = 96) -> list[datetime]:
    return [start + n * HOUR for n in range(hours)]


def _series(stamps: list[datetime], name: str = "a") -> pl.DataFrame:
    return panel([(name, stamp, float(n)) for n, stamp in enumerate(stamps)])


def _taken_for_utc(stamps: list[datetime]) -> list[datetime]:
    """Return what the wall clock showed, wrongly labelled UTC."""
    return [stamp.astimezone(ZoneInfo(ZONE)).replace(tzinfo=UTC) for stamp in stamps]


@pytest.mark.parametrize("start", [SPRING, AUTUMN, datetime(2024, 6, 1, tzinfo=UTC)])
def test_days_of_23_24_and_25_hours_are_whole(start: datetime) -> None:
    assert ask("local_days", _series(_hours(start)), local_zone=ZONE).verdict == "passed"


def test_local_time_taken_for_utc_shows_on_the_day_the_clock_goes_forward() -> None:
    result = ask("local_days", _series(_taken_for_utc(_hours(SPRING))), local_zone=ZONE)
    assert (result.verdict, result.count) == ("noted", 1)
    assert str(result.examples[0]) == "a 2024-03-31T02:00Z (missing, as the clock skips it)"
    assert "local time seems to have been taken for UTC" in result.finding
    assert "timezone=" in result.remedy


def test_local_time_taken_for_utc_shows_on_the_day_the_clock_goes_back() -> None:
    result = ask(
        "local_days", _series(_taken_for_utc(_hours(AUTUMN))), local_zone=ZONE, stop_on=["local_days"]
    )
    assert (result.verdict, result.count) == ("broken", 1)
    assert str(result.examples[0]) == "a 2024-10-27T02:00Z (stands twice, as the clock shows it)"


def test_an_ordinary_day_that_lacks_an_hour_has_a_gap_and_one_with_two_has_too_many() -> None:
    stamps = _hours(datetime(2024, 6, 1, tzinfo=UTC))
    short = _series([*stamps[:40], *stamps[41:]])
    assert ask("local_days", short, local_zone=ZONE).verdict == "passed"
    assert ask("gaps", short).verdict == "noted"
    result = ask("local_days", _series([*stamps[:40], *stamps[39:]]), local_zone=ZONE)
    assert str(result.examples[0]) == "a 2024-06-01T22:00Z (25 of 24 steps in 24 hours)"
    assert "taken for UTC" not in result.finding


def test_local_time_far_from_utc_shows_as_well() -> None:
    zone = "America/Los_Angeles"
    start = datetime(2024, 3, 9, tzinfo=UTC)
    wall = [stamp.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC) for stamp in _hours(start)]
    assert "taken for UTC" in ask("local_days", _series(wall), local_zone=zone).finding
    assert ask("local_days", _series(_hours(start)), local_zone=zone).verdict == "passed"


def test_one_series_that_lacks_an_hour_on_a_clock_change_raises_no_suspicion() -> None:
    stamps = _hours(SPRING)
    others = pl.concat([_series(stamps, name) for name in "bcd"])
    result = ask("local_days", pl.concat([_series([*stamps[:60], *stamps[61:]]), others]), local_zone=ZONE)
    assert (result.verdict, result.count) == ("noted", 1)
    assert "taken for UTC" not in result.finding


def test_without_a_clock_and_for_days_there_is_nothing_to_ask() -> None:
    wrong = _series(_taken_for_utc(_hours(SPRING)))
    assert ask("local_days", wrong).verdict == "passed"


@given(
    st.sampled_from([SPRING, AUTUMN]),
    st.sampled_from([15, 30, 60, 120, 180]),
    st.integers(0, 300),
    st.sets(st.integers(0, 200), max_size=6),
    st.sets(st.integers(0, 200), max_size=3),
)
def test_odd_days_agree_with_a_slow_loop(
    start: datetime, minutes: int, late: int, gone: set[int], twice: set[int]
) -> None:
    step = timedelta(minutes=minutes)
    grid = [start + late * timedelta(minutes=1) + n * step for n in range(5 * 1440 // minutes)]
    stamps = [stamp for n, stamp in enumerate(grid) for _ in range((n not in gone) * (1 + (n in twice)))]
    if not stamps:
        return
    frame = _series(sorted(stamps))
    found = odd_days(frame, ZONE, minutes * 60_000_000)
    told = {row["time"]: (row["rows"], row["wanted"], row["hours"]) for row in found.iter_rows(named=True)}
    assert told == _slow_odd_days(sorted(stamps), step)


def _slow_odd_days(stamps: list[datetime], step: timedelta) -> dict[datetime, tuple[int, int, float]]:
    """Count the steps of each local day one by one."""
    zone = ZoneInfo(ZONE)
    held = Counter(stamp.astimezone(zone).date() for stamp in stamps)
    found = {}
    for day, rows in held.items():
        begin, end = (
            datetime(date.year, date.month, date.day, tzinfo=zone).astimezone(UTC)
            for date in (day, day + timedelta(1))
        )
        if begin < stamps[0] or end > stamps[-1] + step:
            continue
        wanted, at = 0, stamps[0]
        while at < end:
            wanted += at >= begin
            at += step
        if rows != wanted:
            found[begin] = (rows, wanted, (end - begin) / HOUR)
    return found
