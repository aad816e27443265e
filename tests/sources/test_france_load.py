"""French days have 46, 48 or 50 half hours, and half the sum of their power is their energy."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import DataError
from penstock.sources.france_load import daily_energy
from penstock.sources.odre_rows import without_skipped_hours

PARIS = ZoneInfo("Europe/Paris")
HALF_HOUR = timedelta(minutes=30)
SPRING = date(2023, 3, 26)
SUMMER = date(2023, 7, 14)
AUTUMN = date(2023, 10, 29)


def half_hours(day: date, days: int = 1) -> list[datetime]:
    """Return the stamps of whole French days, in UTC."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=PARIS).astimezone(UTC)
    after = day + timedelta(days=days)
    end = datetime(after.year, after.month, after.day, tzinfo=PARIS).astimezone(UTC)
    return [midnight + n * HALF_HOUR for n in range((end - midnight) // HALF_HOUR)]


def load(stamps: list[datetime], megawatts: list[float | None] | float = 50_000.0) -> pl.DataFrame:
    power = [megawatts] * len(stamps) if isinstance(megawatts, float) else megawatts
    return pl.DataFrame(
        {"date_heure": stamps, "consommation_brute_electricite_rte": power},
        schema={"date_heure": pl.Datetime("us", "UTC"), "consommation_brute_electricite_rte": pl.Float64},
    )


@pytest.mark.parametrize(("day", "count"), [(SPRING, 46), (SUMMER, 48), (AUTUMN, 50)])
def test_a_steady_gigawatt_is_half_a_gigawatt_hour_each_half_hour(day: date, count: int) -> None:
    found = daily_energy(load(half_hours(day), 1_000.0))
    assert found.days.rows() == [(day, count * 500.0, count)]
    assert found.incomplete.is_empty()


@pytest.mark.parametrize(("day", "count"), [(SPRING, 46), (SUMMER, 48), (AUTUMN, 50)])
def test_one_half_hour_less_makes_a_day_incomplete(day: date, count: int) -> None:
    stamps = half_hours(day)
    found = daily_energy(load(stamps[:7] + stamps[8:]))
    assert found.days.is_empty()
    assert found.incomplete.rows() == [(day, count - 1, count)]


def test_autumn_in_the_portal_lacks_an_hour_and_is_left_out() -> None:
    shown_once = [
        stamp for stamp in half_hours(AUTUMN) if stamp.astimezone(PARIS).hour != 2 or stamp.hour == 1
    ]
    assert len(shown_once) == 48, "as the portal lists every local day"
    found = daily_energy(load(half_hours(AUTUMN - timedelta(days=1)) + shown_once))
    assert found.days["date"].to_list() == [AUTUMN - timedelta(days=1)]
    assert found.incomplete.rows() == [(AUTUMN, 48, 50)], "48 are not enough for a day of 50"


def test_spring_in_the_portal_is_complete_once_skipped_hours_are_left_out() -> None:
    stamps = half_hours(SPRING)
    clock = [f"{stamp.astimezone(PARIS):%H:%M}" for stamp in stamps]
    raw = load([*stamps, *stamps[4:6]]).with_columns(heure=pl.Series([*clock, "02:00", "02:30"]))
    with pytest.raises(
        DataError, match=r"2 half hours stand more than once: 2023-03-26T01:00:00.*without_skipped"
    ):
        daily_energy(raw)
    assert daily_energy(without_skipped_hours(raw)).days.rows() == [(SPRING, 46 * 25_000.0, 46)]


@pytest.mark.parametrize("gone", [None, float("nan"), float("inf")])
def test_a_half_hour_without_a_value_is_missing(gone: float | None) -> None:
    found = daily_energy(load(half_hours(SUMMER), [gone, *[1.0] * 47]))
    assert found.days.is_empty()
    assert found.incomplete.rows() == [(SUMMER, 47, 48)]


def test_a_day_without_any_row_is_named() -> None:
    found = daily_energy(load(half_hours(SUMMER) + half_hours(SUMMER + timedelta(days=2))))
    assert found.incomplete.rows() == [(SUMMER + timedelta(days=1), 0, 48)]
    assert found.days["date"].to_list() == [SUMMER, SUMMER + timedelta(days=2)]


def test_days_are_french_ones_not_those_of_utc() -> None:
    stamps = [datetime(2023, 7, 14, tzinfo=UTC) + n * HALF_HOUR for n in range(48)]
    assert daily_energy(load(stamps)).incomplete.rows() == [
        (SUMMER, 44, 48),
        (SUMMER + timedelta(days=1), 4, 48),
    ]


def test_no_rows_make_no_days() -> None:
    found = daily_energy(load([]))
    assert found.days.schema == {"date": pl.Date, "consumption_mwh": pl.Float64, "half_hours": pl.Int64}
    assert found.incomplete.schema == {"date": pl.Date, "half_hours": pl.Int64, "expected": pl.Int64}
    assert (found.days.height, found.incomplete.height) == (0, 0)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(
        DataError, match=r"consommation_brute_electricite_rte is missing\. There are date_heure"
    ):
        daily_energy(load([]).select("date_heure"))


@pytest.mark.parametrize("zone", [None, "America/New_York"])
def test_stamps_on_another_clock_are_refused(zone: str | None) -> None:
    rows = load(half_hours(SUMMER))
    other = rows.with_columns(pl.col("date_heure").dt.replace_time_zone(None).dt.replace_time_zone(zone))
    with pytest.raises(DataError, match="French days are cut from stamps in UTC"):
        daily_energy(other)


def test_quarter_hours_are_refused() -> None:
    quarter = datetime(2023, 7, 14, 0, 15, tzinfo=UTC)
    with pytest.raises(
        DataError, match=r"1 stamps of date_heure begin no half hour: 2023-07-14T00:15:00\+00:00"
    ):
        daily_energy(load([*half_hours(SUMMER), quarter]))


def slowly(stamps: list[datetime], power: list[float | None]) -> dict[date, list[float]]:
    """Collect the power of each French day, one row after the other."""
    days: dict[date, list[float]] = {}
    for stamp, value in zip(stamps, power, strict=True):
        days.setdefault(stamp.astimezone(PARIS).date(), []).extend([] if value is None else [value])
    return days


@given(st.data(), st.sampled_from([SPRING, SUMMER, AUTUMN]))
def test_energy_of_kept_days_is_half_the_sum_of_their_power(data: st.DataObject, middle: date) -> None:
    every = half_hours(middle - timedelta(days=1), days=3)
    gone = data.draw(st.sets(st.integers(0, len(every) - 1), max_size=3), label="without a value")
    order = data.draw(st.permutations(range(len(every))), label="order of the rows")
    number = st.floats(0.0, 1e5).map(lambda value: round(value, 1))
    drawn = data.draw(st.lists(number, min_size=len(every), max_size=len(every)), label="MW")
    stamps = [every[n] for n in order]
    power = [None if n in gone else drawn[n] for n in order]
    found = daily_energy(load(stamps, power))
    days = slowly(stamps, power)
    whole = {day for day in days if len(days[day]) == len(half_hours(day))}
    assert set(found.days["date"]) == whole
    assert set(found.incomplete["date"]) == set(days) - whole
    assert found.days["consumption_mwh"].sum() == pytest.approx(sum(sum(days[day]) for day in whole) / 2)
    assert dict(found.incomplete.select("date", "half_hours").iter_rows()) == {
        day: len(values) for day, values in days.items() if day not in whole
    }
