from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.domain.windows import Window
from penstock.quality.rows import validate_rows
from penstock.sources.http.access import Access
from penstock.sources.http.service import HttpPolicy
from penstock.sources.odre import Odre, OdreConfig
from penstock.sources.odre_rows import without_skipped_hours
from penstock.sources.tapes.player import TapePlayer
from penstock.sources.tapes.tape import Tape
from penstock.testing.sources import FakeTime, TapedSourceContract

if TYPE_CHECKING:
    from tests.sources.shipped import shipped
else:
    from sources.shipped import shipped

AUTUMN = Window(datetime(2022, 10, 29, tzinfo=UTC), datetime(2022, 10, 31, tzinfo=UTC))
SPRING = Window(datetime(2023, 3, 25, tzinfo=UTC), datetime(2023, 3, 27, tzinfo=UTC))


class TestConsumption(TapedSourceContract):
    def tape(self) -> Tape:
        return shipped("french_load")

    def connect(self, base_url: str, access: Access, policy: HttpPolicy) -> Odre:
        return Odre(OdreConfig(base_url=base_url, http=policy), access)

    def window(self) -> Window:
        return SPRING


class TestTemperature(TapedSourceContract):
    def tape(self) -> Tape:
        return shipped("french_temperature")

    def connect(self, base_url: str, access: Access, policy: HttpPolicy) -> Odre:
        return Odre(
            OdreConfig(dataset="temperature-quotidienne-regionale", base_url=base_url, http=policy), access
        )

    def window(self) -> Window:
        return Window(datetime(2023, 3, 3, tzinfo=UTC), datetime(2023, 3, 28, tzinfo=UTC))


def load(window: Window, days: int = 366) -> pl.DataFrame:
    time = FakeTime()
    with TapePlayer(shipped("french_load")) as player:
        config = OdreConfig(base_url=player.url, days_per_request=days)
        return Odre(config, Access(clock=time.clock, sleep=time.sleep)).fetch(window)


@pytest.mark.parametrize("days", [1, 366])
def test_the_hour_that_french_clocks_skip_is_not_doubled(days: int) -> None:
    rows = load(SPRING, days)
    every = pl.datetime_range(SPRING.start, SPRING.end, "30m", closed="left", time_zone="UTC", eager=True)
    assert rows["date_heure"].to_list() == every.to_list(), "two days of UTC, each half hour once"
    validate_rows(rows, Odre(OdreConfig(), Access(clock=FakeTime().clock)).schema).raise_if_broken()


@pytest.mark.parametrize("days", [1, 366])
def test_the_hour_that_the_portal_leaves_out_in_autumn_stays_a_gap(days: int) -> None:
    rows = load(AUTUMN, days)
    every = pl.datetime_range(AUTUMN.start, AUTUMN.end, "30m", closed="left", time_zone="UTC", eager=True)
    missing = sorted(set(every.to_list()) - set(rows["date_heure"].to_list()))
    assert missing == [datetime(2022, 10, 30, tzinfo=UTC), datetime(2022, 10, 30, 0, 30, tzinfo=UTC)]
    assert rows["date_heure"].is_unique().all()


def test_a_portal_that_lists_the_hour_of_autumn_twice_loses_nothing() -> None:
    start = datetime(2022, 10, 29, 23, tzinfo=UTC)
    stamps = [start + timedelta(minutes=30 * n) for n in range(6)]
    rows = pl.DataFrame(
        {"date_heure": stamps, "heure": ["01:00", "01:30", "02:00", "02:30", "02:00", "02:30"]}
    )
    assert without_skipped_hours(rows).equals(rows)


def test_a_day_lies_in_the_window_that_holds_its_midnight() -> None:
    time = FakeTime()
    with TapePlayer(shipped("french_temperature")) as player:
        config = OdreConfig(dataset="temperature-quotidienne-regionale", base_url=player.url)
        source = Odre(config, Access(clock=time.clock, sleep=time.sleep))
        noon = datetime(2023, 3, 5, 12, tzinfo=UTC)
        rows = source.fetch(Window(noon, noon + timedelta(days=2)))
        assert rows["date"].unique().sort().to_list() == [date(2023, 3, 6), date(2023, 3, 7)]
        asked = len(player.requests)
        assert source.fetch(Window(noon, noon + timedelta(hours=6))).is_empty()
        assert len(player.requests) == asked, "no midnight, nothing to ask"


def test_half_hours_are_asked_for_in_utc_and_by_date() -> None:
    time = FakeTime()
    with TapePlayer(shipped("french_load")) as player:
        Odre(OdreConfig(base_url=player.url), Access(clock=time.clock, sleep=time.sleep)).fetch(SPRING)
        asked = [request.asked for request in player.requests]
    assert {query["timezone"] for query in asked} == {"UTC"}
    assert not any("offset" in query for query in asked)
    assert asked[0]["where"] == (
        "date_heure >= date'2023-03-25T00:00:00Z' and date_heure < date'2023-03-27T00:00:00Z'"
    )
