from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.forecasting.naive import SeasonalNaive
from penstock.forecasting.panel import detect_frequency, regularise
from penstock.forecasting.stamps import extended, on_month_ends, times_of

MONTHS = {"1mo": 1, "1q": 3, "1y": 12}


def last_day(year: int, month: int) -> date:
    """Return the day before the first of the next month."""
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def month_ends(first: tuple[int, int], count: int, apart: int = 1) -> list[datetime]:
    numbers = [first[0] * 12 + first[1] - 1 + apart * step for step in range(count)]
    days = [last_day(number // 12, number % 12 + 1) for number in numbers]
    return [datetime.combine(day, time(), UTC) for day in days]


def of(stamps: list[datetime]) -> pl.Series:
    return pl.Series("time", stamps, dtype=pl.Datetime("us", "UTC"))


def panel_of(stamps: list[datetime], name: str = "a") -> pl.DataFrame:
    return pl.DataFrame(
        {"series": name, "time": of(stamps), "y": pl.Series(range(len(stamps)), dtype=pl.Float64)}
    )


@given(
    unit=st.sampled_from(sorted(MONTHS)),
    year=st.integers(2015, 2021),
    month=st.integers(1, 12),
    count=st.integers(2, 40),
    extra=st.integers(0, 30),
)
def test_month_ends_go_on_as_month_ends(unit: str, year: int, month: int, count: int, extra: int) -> None:
    stamps = month_ends((year, month), count + extra, MONTHS[unit])
    assert extended(of(stamps[:count]), unit, extra).to_list() == stamps


@given(
    day=st.integers(1, 28),
    month=st.integers(1, 12),
    count=st.integers(3, 30),
    extra=st.integers(0, 30),
)
def test_days_of_the_month_go_on_as_such(day: int, month: int, count: int, extra: int) -> None:
    numbers = [month - 1 + step for step in range(count + extra)]
    stamps = [datetime(2021 + number // 12, number % 12 + 1, day, tzinfo=UTC) for number in numbers]
    assert extended(of(stamps[:count]), "1mo", extra).to_list() == stamps


def test_fixed_steps_are_never_month_ends() -> None:
    stamps = of([datetime(2023, 1, 31, tzinfo=UTC)])
    assert not on_month_ends(stamps, "1d")
    assert extended(stamps, "1d", 1).to_list()[-1] == datetime(2023, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize("first", [(2015, 1), (2015, 4), (2016, 2)])
def test_a_panel_of_month_ends_is_detected_filled_and_forecast(first: tuple[int, int]) -> None:
    stamps = month_ends(first, 40)
    panel = pl.concat([panel_of(stamps), panel_of(stamps[3:-2], "b")])
    assert detect_frequency(panel) == "1mo"
    whole, filled = regularise(panel.filter(pl.col("time") != stamps[20]), "1mo", 1)
    assert (whole["time"].to_list(), filled) == (panel["time"].to_list(), 2)
    future = SeasonalNaive(season=12, frequency="1mo").predict(panel_of(stamps), 5)
    assert future["time"].to_list() == month_ends(first, 45)[40:]


@pytest.mark.parametrize(("steps", "expected"), [(1, "30m"), (4, "120m"), (0, "0m")])
def test_durations_are_multiplied(steps: int, expected: str) -> None:
    assert times_of("30m", steps) == expected
