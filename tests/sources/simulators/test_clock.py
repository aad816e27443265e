from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from penstock.sources.simulators.clock import (
    SATURDAY,
    SUNDAY,
    WORKDAY,
    hour_index,
    hour_time,
    hours_between,
)


def _hours(start: datetime, count: int) -> list[tuple[int, int, int]]:
    first = hour_index(start)
    hours = hours_between(first, first + count)
    return list(zip(hours.local_hour.tolist(), hours.day_kind.tolist(), hours.holiday.tolist(), strict=True))


def test_index_and_time_are_inverse() -> None:
    moment = datetime(2023, 5, 4, 7, tzinfo=UTC)
    assert hour_time(hour_index(moment)) == moment


@pytest.mark.parametrize("day", [datetime(2023, 3, 26, tzinfo=UTC), datetime(2023, 10, 29, tzinfo=UTC)])
def test_local_hours_agree_with_the_time_zone_database_when_clocks_change(day: datetime) -> None:
    zone = ZoneInfo("Europe/Copenhagen")
    expected = [(day + timedelta(hours=n)).astimezone(zone).hour for n in range(24)]
    assert [hour for hour, _, _ in _hours(day, 24)] == expected


@pytest.mark.parametrize(
    ("day", "kind", "holiday"),
    [
        (datetime(2023, 6, 14, 10, tzinfo=UTC), WORKDAY, 0),
        (datetime(2023, 6, 17, 10, tzinfo=UTC), SATURDAY, 0),
        (datetime(2023, 6, 18, 10, tzinfo=UTC), SUNDAY, 0),
        (datetime(2023, 4, 7, 10, tzinfo=UTC), SUNDAY, 1),  # Good Friday
        (datetime(2023, 5, 5, 10, tzinfo=UTC), SUNDAY, 1),  # Great Prayer Day, a holiday for the last time
        (datetime(2024, 4, 26, 10, tzinfo=UTC), WORKDAY, 0),  # the same day a year later
    ],
)
def test_kind_of_day(day: datetime, kind: int, holiday: int) -> None:
    assert _hours(day, 1)[0][1:] == (kind, holiday)


def test_days_begin_at_danish_midnight() -> None:
    friday_23_utc = datetime(2023, 6, 16, 21, tzinfo=UTC)
    assert [kind for _, kind, _ in _hours(friday_23_utc, 3)] == [WORKDAY, SATURDAY, SATURDAY]
