from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import DataError
from penstock.sources.france_regions import POPULATIONS
from penstock.sources.france_weather import TEMPERATURE_COLUMNS, daily_temperatures

DAY = date(2023, 1, 1)
NEXT = date(2023, 1, 2)
PERSONS = {"11": 3.0, "93": 1.0}
SCHEMA = {
    "date": pl.Date,
    "code_insee_region": pl.String,
    "tmin": pl.Float64,
    "tmoy": pl.Float64,
    "tmax": pl.Float64,
}
Row = tuple[date, str, float | None, float | None, float | None]


def weather(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCHEMA, orient="row")


COLD: Row = (DAY, "11", 0.0, 2.0, 4.0)
WARM: Row = (DAY, "93", 8.0, 10.0, 12.0)


def test_weighted_means_lean_towards_where_people_live() -> None:
    found = daily_temperatures(weather(WARM, COLD), PERSONS)
    assert found.days.columns == ["date", *TEMPERATURE_COLUMNS]
    assert found.days.rows() == [(DAY, 4.0, 6.0, 8.0, 2.0, 4.0, 6.0)]
    assert found.partial.is_empty()


def test_the_six_columns() -> None:
    assert (
        *("tmin_plain", "tmean_plain", "tmax_plain"),
        *("tmin_weighted", "tmean_weighted", "tmax_weighted"),
    ) == TEMPERATURE_COLUMNS


@pytest.mark.parametrize("rows", [[COLD], [COLD, (DAY, "93", 8.0, None, 12.0)]])
def test_weights_are_scaled_over_the_regions_that_are_there(rows: list[Row]) -> None:
    found = daily_temperatures(weather(*rows), PERSONS)
    assert found.days.rows() == [(DAY, 0.0, 2.0, 4.0, 0.0, 2.0, 4.0)]
    assert found.partial.rows() == [(DAY, 1, "93")]


def test_a_day_without_any_region_has_no_temperature() -> None:
    rows = weather(COLD, WARM, (NEXT + timedelta(days=1), "11", 1.0, float("nan"), 3.0))
    found = daily_temperatures(rows, PERSONS)
    assert found.days["date"].to_list() == [DAY]
    assert found.partial.rows() == [(NEXT, 0, "11 93"), (NEXT + timedelta(days=1), 0, "11 93")]


def test_no_rows_make_no_days() -> None:
    found = daily_temperatures(weather())
    assert found.days.schema == {"date": pl.Date, **dict.fromkeys(TEMPERATURE_COLUMNS, pl.Float64)}
    assert found.partial.schema == {"date": pl.Date, "regions": pl.Int64, "missing": pl.String}
    assert (found.days.height, found.partial.height) == (0, 0)


def test_a_region_that_nobody_knows() -> None:
    with pytest.raises(DataError, match="no population for the region '94'; did you mean"):
        daily_temperatures(weather(COLD, (DAY, "94", 1.0, 2.0, 3.0)), {"11": 1.0, "93": 1.0, "95": 1.0})


def test_a_region_twice_on_a_day() -> None:
    with pytest.raises(DataError, match="1 regions stand more than once on a day: 2023-01-01 11"):
        daily_temperatures(weather(COLD, COLD), PERSONS)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DataError, match="tmoy is missing"):
        daily_temperatures(weather(COLD).drop("tmoy"), PERSONS)


@given(st.data())
def test_weighted_means_lie_among_the_regions_whatever_the_order(data: st.DataObject) -> None:
    codes = data.draw(st.lists(st.sampled_from(sorted(POPULATIONS)), min_size=1, unique=True))
    degrees = data.draw(st.lists(st.floats(-30.0, 45.0), min_size=len(codes), max_size=len(codes)))
    rows: list[Row] = [(DAY, code, t - 5.0, t, t + 5.0) for code, t in zip(codes, degrees, strict=True)]
    found = daily_temperatures(weather(*rows)).days
    oracle = sum(POPULATIONS[code] * t for code, t in zip(codes, degrees, strict=True))
    assert found["tmean_weighted"][0] == pytest.approx(oracle / sum(POPULATIONS[code] for code in codes))
    assert min(degrees) - 1e-9 <= found["tmean_weighted"][0] <= max(degrees) + 1e-9
    assert found["tmin_weighted"][0] < found["tmean_weighted"][0] < found["tmax_weighted"][0]
    assert daily_temperatures(weather(*reversed(rows))).days.equals(found), "the same to the last bit"


@pytest.fixture(scope="module")
def regions(real_data: Callable[[str], Path]) -> pl.DataFrame:
    raw = pl.read_csv(
        real_data("france_regional_temperature.csv.gz"), separator=";", try_parse_dates=True, encoding="utf8"
    )
    return raw.rename(dict(zip(raw.columns, ("date", "code", "region", "tmin", "tmax", "tmoy"), strict=True)))


def rows_of(regions: pl.DataFrame) -> pl.DataFrame:
    return regions.select(
        "date", pl.col("code").cast(pl.String).alias("code_insee_region"), "tmin", "tmoy", "tmax"
    )


def test_weighted_differs_from_plain_on_every_real_day(regions: pl.DataFrame) -> None:
    found = daily_temperatures(rows_of(regions))
    assert found.days.height == 1388
    for name in ("tmin", "tmean", "tmax"):
        assert (found.days[f"{name}_plain"] != found.days[f"{name}_weighted"]).all(), name


def test_real_days_without_temperature_are_named(regions: pl.DataFrame) -> None:
    partial = daily_temperatures(rows_of(regions)).partial
    assert partial["regions"].to_list() == [0] * 11
    assert partial["date"].dt.month_end().equals(partial["date"]), (
        "the file lacks the last day of eleven months"
    )


def test_the_articles_temperatures_follow_from_the_populations_of_2008(
    regions: pl.DataFrame, real_data: Callable[[str], Path]
) -> None:
    published = pl.read_csv(real_data("france_population.csv"))
    persons = dict(published.select("area", "population_estimation2008").iter_rows())
    codes = dict(regions.select(pl.col("code").cast(pl.String), "region").unique().iter_rows())
    by_code = {code: float(persons[name]) for code, name in codes.items()}
    article = pl.read_csv(real_data("france_daily.csv.gz"), try_parse_dates=True)
    both = article.join(daily_temperatures(rows_of(regions), by_code).days, left_on="day", right_on="date")
    assert both.height == article.height == 1314
    for ours, theirs in (("tmin", "min"), ("tmean", "mean"), ("tmax", "max")):
        for kind, prefix in (("plain", "avg"), ("weighted", "wavg")):
            apart = (both[f"{ours}_{kind}"] - both[f"{prefix}_{theirs}_temperature"]).abs().max()
            assert apart == pytest.approx(0.0, abs=1e-12), (ours, kind)
    newer = article.join(daily_temperatures(rows_of(regions)).days, left_on="day", right_on="date")
    apart = (newer["tmean_weighted"] - newer["wavg_mean_temperature"]).abs().max()
    assert apart == pytest.approx(0.0745, abs=0.001), (
        "what eleven years of moving house are worth, in degrees"
    )
