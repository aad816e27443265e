from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.domain.errors import ConfigError, PipelineError, UnknownNameError
from penstock.forecasting.transformers import (
    Calendar,
    Holidays,
    Transformer,
    freeze,
    make_transformer,
    transformer_names,
)
from penstock.testing.plugins import Age, Object, point
from penstock.testing.transformers import TransformerContract

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint


class TestCalendar(TransformerContract):
    name = "calendar"

    def transformer(self) -> Transformer:
        return Calendar(("hour", "weekday", "month", "day_of_year"), "Europe/Copenhagen")


class TestHolidays(TransformerContract):
    name = "holidays"

    def transformer(self) -> Transformer:
        return Holidays("DK")


class TestAge(TransformerContract):
    name = "age"

    def transformer(self) -> Transformer:
        return Age(scale=2.0)

    def points(self) -> Iterable[EntryPoint]:
        return [point("Age")]


def stamps(*times: datetime) -> pl.DataFrame:
    return pl.DataFrame({"series": "a", "time": pl.Series(times, dtype=pl.Datetime("us", "UTC"))})


def test_calendar_reads_the_local_clock() -> None:
    # The last Sunday of March 2024: at 01:00 UTC Danish clocks jump from 02:00 to 03:00.
    hours = [datetime(2024, 3, 31, hour, tzinfo=UTC) for hour in (0, 1, 22)]
    made = Calendar(("hour", "weekday"), "Europe/Copenhagen").transform(stamps(*hours))
    assert made.rows() == [(1, 6), (3, 6), (0, 0)]


def test_holidays_of_denmark() -> None:
    start = datetime(2024, 12, 23, tzinfo=UTC)
    made = Holidays("DK").transform(stamps(*(start + timedelta(days=day) for day in range(5))))
    assert made["holiday"].to_list() == [0, 0, 1, 1, 0]
    assert made["holiday_tomorrow"].to_list() == [0, 1, 1, 0, 0]
    assert made["holiday_yesterday"].to_list() == [0, 0, 0, 1, 1]


def test_holidays_of_a_part_of_a_country() -> None:
    day = stamps(datetime(2024, 7, 24, tzinfo=UTC))  # Pioneer Day
    assert Holidays("US-UT").transform(day)["holiday"].to_list() == [1]
    assert Holidays("US").transform(day)["holiday"].to_list() == [0]


@pytest.mark.parametrize(
    ("made", "match"),
    [
        (Holidays("DKK"), "features.holidays: no country 'DKK'; did you mean 'DK'"),
        (Holidays("US-XX"), "features.holidays: US has no part 'XX'"),
        (Calendar(("hours",)), "features.calendar: no part 'hours'; did you mean 'hour'"),
    ],
)
def test_unknown_names_suggest_the_nearest(made: Transformer, match: str) -> None:
    with pytest.raises(UnknownNameError, match=match):
        made.transform(stamps(datetime(2024, 1, 1, tzinfo=UTC)))


def test_an_unknown_time_zone() -> None:
    with pytest.raises(ConfigError, match="no time zone 'Mars/Base'"):
        Calendar(("hour",), "Mars/Base").transform(stamps(datetime(2024, 1, 1, tzinfo=UTC)))


def test_an_unknown_transformer() -> None:
    with pytest.raises(
        UnknownNameError, match=r"no transformer 'agee'; did you mean 'age'.*penstock.transformers"
    ):
        make_transformer("agee", points=[point("Age")])
    assert transformer_names([point("Age")]) == ("age", "calendar", "holidays")


def test_parameters_reach_the_constructor() -> None:
    assert make_transformer("age", {"scale": 3.0}, [point("Age")]).get_params() == {"scale": 3.0}
    with pytest.raises(ConfigError, match=r"age cannot be built with \{'size': 1\}"):
        make_transformer("age", {"size": 1}, [point("Age")])
    with pytest.raises(UnknownNameError, match="Age has no parameter 'scal'; did you mean 'scale'"):
        Age().set_params(scal=1)


def test_what_is_registered_must_be_a_transformer() -> None:
    with pytest.raises(PipelineError, match="point is no transformer; it needs get_params"):
        make_transformer("point", {"name": "Age"}, [point("point")])


def test_learned_values_must_be_plain() -> None:
    frame = stamps(datetime(2024, 1, 1, tzinfo=UTC))
    with pytest.raises(PipelineError, match="transformer object learned what no neutral file can hold"):
        freeze("object", Object().fit(frame))
