"""Two downloads make the French daily table, offline."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

import polars as pl
import pytest

from penstock.domain.windows import Window
from penstock.sources.france_daily import french_days
from penstock.sources.france_weather import TEMPERATURE_COLUMNS
from penstock.sources.http.access import Access
from penstock.sources.odre import Odre, OdreConfig
from penstock.sources.tapes.player import TapePlayer
from penstock.testing.sources import FakeTime

if TYPE_CHECKING:
    from tests.sources.shipped import shipped
else:
    from sources.shipped import shipped

DataSet: TypeAlias = Literal["consommation-quotidienne-brute", "temperature-quotidienne-regionale"]
SPRING = Window(datetime(2023, 3, 24, 23, tzinfo=UTC), datetime(2023, 3, 27, 22, tzinfo=UTC))
AUTUMN = Window(datetime(2022, 10, 28, 22, tzinfo=UTC), datetime(2022, 10, 31, 23, tzinfo=UTC))
MARCH = Window(datetime(2023, 3, 1, tzinfo=UTC), datetime(2023, 4, 10, tzinfo=UTC))


def download(tape: str, dataset: DataSet, window: Window) -> pl.DataFrame:
    time = FakeTime()
    with TapePlayer(shipped(tape)) as player:
        config = OdreConfig(dataset=dataset, base_url=player.url)
        return Odre(config, Access(clock=time.clock, sleep=time.sleep)).fetch(window)


@pytest.fixture(scope="module")
def temperature() -> pl.DataFrame:
    return download("french_temperature", "temperature-quotidienne-regionale", MARCH)


def test_two_downloads_make_the_daily_table(temperature: pl.DataFrame) -> None:
    load = download("french_load", "consommation-quotidienne-brute", SPRING)
    found = french_days(load, temperature)
    assert found.days.columns == ["date", "consumption_mwh", "half_hours", *TEMPERATURE_COLUMNS]
    assert found.days["date"].to_list() == [date(2023, 3, 25), date(2023, 3, 26), date(2023, 3, 27)]
    assert found.days["half_hours"].to_list() == [48, 46, 48]
    assert found.days["consumption_mwh"].sum() == pytest.approx(
        load["consommation_brute_electricite_rte"].sum() / 2
    )
    assert found.days.null_count().sum_horizontal()[0] == 0
    assert found.energy.incomplete.is_empty()
    assert found.without_temperature == ()


def test_days_with_few_regions_stay_and_are_named(temperature: pl.DataFrame) -> None:
    load = download("french_load", "consommation-quotidienne-brute", SPRING)
    partial = french_days(load, temperature).temperatures.partial
    assert partial["date"].to_list() == temperature["date"].unique().sort().to_list()
    assert partial["regions"].unique().to_list() == [3]
    assert partial["missing"].unique().to_list() == ["24 27 28 32 44 52 75 76 84 93"]


def test_days_of_autumn_and_days_without_temperature_are_named(temperature: pl.DataFrame) -> None:
    load = download("french_load", "consommation-quotidienne-brute", AUTUMN)
    found = french_days(load, temperature)
    assert found.days.is_empty()
    assert found.energy.incomplete.rows() == [(date(2022, 10, 30), 48, 50)]
    assert found.without_temperature == (date(2022, 10, 29), date(2022, 10, 31))
