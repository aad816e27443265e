from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl
import pytest

from penstock.domain.errors import DataError, ServiceError
from penstock.domain.windows import Window
from penstock.quality.rows import validate_rows
from penstock.sources.energidata import EnergiData, EnergiDataConfig
from penstock.sources.energidata_rows import CATEGORY, DE35, INDUSTRY, danish_schema, to_danish_rows
from penstock.sources.http.access import Access
from penstock.sources.http.exchange import Request
from penstock.sources.http.service import HttpPolicy
from penstock.sources.tapes.faults import Fault
from penstock.sources.tapes.player import TapePlayer
from penstock.sources.tapes.tape import Tape
from penstock.testing.sources import FakeTime, TapedSourceContract

if TYPE_CHECKING:
    from tests.sources.shipped import shipped
else:
    from sources.shipped import shipped

Name = Literal["ConsumptionDE35Hour", "ConsumptionIndustry", "ConsumptionConsumerCategoryHour"]

AUTUMN = Window(datetime(2022, 10, 29, 12, tzinfo=UTC), datetime(2022, 10, 31, tzinfo=UTC))
SPRING = Window(datetime(2023, 3, 25, 12, tzinfo=UTC), datetime(2023, 3, 27, tzinfo=UTC))
TAPES: dict[Name, str] = {
    "ConsumptionDE35Hour": "denmark",
    "ConsumptionIndustry": "industry",
    "ConsumptionConsumerCategoryHour": "category",
}


def connect(name: Name, url: str, time: FakeTime, **more: object) -> EnergiData:
    config = EnergiDataConfig.model_validate({"dataset": name, "base_url": url, **more})
    return EnergiData(config, Access(clock=time.clock, sleep=time.sleep))


class TestDe35(TapedSourceContract):
    def tape(self) -> Tape:
        return shipped("denmark")

    def connect(self, base_url: str, access: Access, policy: HttpPolicy) -> EnergiData:
        return EnergiData(
            EnergiDataConfig(dataset="ConsumptionDE35Hour", base_url=base_url, http=policy), access
        )

    def window(self) -> Window:
        return AUTUMN


class TestIndustry(TestDe35):
    def tape(self) -> Tape:
        return shipped("industry")

    def connect(self, base_url: str, access: Access, policy: HttpPolicy) -> EnergiData:
        return EnergiData(
            EnergiDataConfig(dataset="ConsumptionIndustry", base_url=base_url, http=policy), access
        )

    def window(self) -> Window:
        return SPRING


class TestConsumerCategory(TestDe35):
    def tape(self) -> Tape:
        return shipped("category")

    def connect(self, base_url: str, access: Access, policy: HttpPolicy) -> EnergiData:
        return EnergiData(
            EnergiDataConfig(dataset="ConsumptionConsumerCategoryHour", base_url=base_url, http=policy),
            access,
        )


@pytest.mark.parametrize("window", [AUTUMN, SPRING], ids=["autumn", "spring"])
@pytest.mark.parametrize("name", TAPES)
@pytest.mark.parametrize("days", [1, 92])
def test_no_hour_is_lost_or_doubled_where_danish_clocks_change(name: Name, window: Window, days: int) -> None:
    dataset = {"ConsumptionDE35Hour": DE35, "ConsumptionIndustry": INDUSTRY}.get(name, CATEGORY)
    with TapePlayer(shipped(TAPES[name])) as player:
        rows = connect(name, player.url, FakeTime(), days_per_request=days).fetch(window)
    hours = window.length // timedelta(hours=1)
    danish = to_danish_rows(rows, dataset)
    counts = danish.group_by("PriceArea", "ConsumerType_DE35").agg(
        pl.col("HourUTC").n_unique().alias("hours"), pl.len().alias("rows")
    )
    assert counts["hours"].to_list() == counts["rows"].to_list() == [hours] * counts.height
    local = danish["HourUTC"].dt.convert_time_zone("Europe/Copenhagen").dt.replace_time_zone(None)
    assert local.equals(danish["HourDK"])


def test_a_service_that_counts_in_danish_time_is_found_out() -> None:
    # what the service does to a request that does not say timezone=utc
    class Deaf(TapePlayer):
        def note(self, target: str) -> tuple[Request, Fault | None]:
            return super().note(target.replace("timezone=utc", "timezone=dk"))

    with Deaf(shipped("denmark")) as player:
        source = connect("ConsumptionDE35Hour", player.url, FakeTime())
        with pytest.raises(DataError, match=r"asked for .* It may count in local time"):
            source.fetch(Window(AUTUMN.start + timedelta(hours=6), AUTUMN.end))


def test_one_request_for_a_data_set_and_minute_at_the_real_address() -> None:
    time = FakeTime()
    with TapePlayer(shipped("denmark")) as player:
        source = connect(
            "ConsumptionDE35Hour", player.url, time, days_per_request=1, http={"min_interval_s": 60}
        )
        source.fetch(AUTUMN)
        assert len(player.requests) == 2
    assert time.slept == [60.0]
    assert EnergiDataConfig().base_url == "https://api.energidataservice.dk"


def test_sources_of_one_workspace_keep_the_rate_together(tmp_path: Path) -> None:
    time = FakeTime()
    with TapePlayer(shipped("denmark")) as player:
        config = EnergiDataConfig.model_validate(
            {"dataset": "ConsumptionDE35Hour", "base_url": player.url, "http": {"min_interval_s": 60}}
        )
        for _ in range(2):
            EnergiData(config, Access(clock=time.clock, sleep=time.sleep, stamps=tmp_path)).fetch(AUTUMN)
    assert time.slept == [60.0]


def test_only_some_values_can_be_asked_for() -> None:
    with TapePlayer(shipped("denmark")) as player:
        source = connect("ConsumptionDE35Hour", player.url, FakeTime(), only={"PriceArea": ["DK2"]})
        assert source.fetch(AUTUMN)["PriceArea"].unique().to_list() == ["DK2"]


def test_an_unknown_data_set_is_a_matter_of_the_service() -> None:
    with TapePlayer(shipped("industry")) as player:
        source = connect("ConsumptionDE35Hour", player.url, FakeTime())
        with pytest.raises(ServiceError, match=r"'ConsumptionDE35Hour' .* Unknown dataset"):
            source.fetch(AUTUMN)


@pytest.mark.parametrize("dataset", [DE35, INDUSTRY, CATEGORY], ids=lambda item: item.schema.name)
def test_every_data_set_reads_as_danish_rows(dataset: object) -> None:
    assert isinstance(dataset, type(DE35))
    name: Name = next(key for key in TAPES if key == dataset.schema.name)
    with TapePlayer(shipped(TAPES[name])) as player:
        rows = connect(name, player.url, FakeTime()).fetch(AUTUMN)
    validate_rows(rows, dataset.schema).raise_if_broken()
    validate_rows(to_danish_rows(rows, dataset), danish_schema(dataset)).raise_if_broken()


def test_parts_of_a_series_are_added_up_and_a_missing_part_leaves_no_sum() -> None:
    stamp = datetime(2024, 1, 1, tzinfo=UTC)
    rows = pl.DataFrame(
        {
            "TimeUTC": [stamp] * 4,
            "TimeDK": [stamp.replace(tzinfo=None) + timedelta(hours=1)] * 4,
            "RegionName": ["A", "A", "B", "B"],
            "ConsumerCategory2": ["Privat"] * 4,
            "ConsumptionkWh": [1.0, 2.5, 4.0, None],
        }
    )
    summed = to_danish_rows(rows, CATEGORY)
    assert summed.select("PriceArea", "TotalCon").rows() == [("A", 3.5)]
