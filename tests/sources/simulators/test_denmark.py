from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.windows import Window
from penstock.sources.denmark_rows import DENMARK_ROWS
from penstock.sources.simulators.denmark import (
    DenmarkSimulator,
    DenmarkSimulatorConfig,
    oracle,
    oracle_errors,
    simulate,
)
from penstock.testing.sources import SourceContract

_KEYS = ["HourUTC", "PriceArea", "ConsumerType_DE35"]
_START = datetime(2023, 1, 1, tzinfo=UTC)


def _config(**changes: object) -> DenmarkSimulatorConfig:
    return DenmarkSimulatorConfig.model_validate({"days": 10, **changes})


@pytest.fixture(scope="module")
def demo() -> pl.DataFrame:
    return simulate(DenmarkSimulatorConfig())


class TestDenmarkSimulatorIsASource(SourceContract):
    def source(self) -> DenmarkSimulator:
        return DenmarkSimulator(_config(gaps_per_series_year=12, duplicates_per_series_year=12))

    def window(self) -> Window:
        return Window(datetime(2022, 12, 20, 5, tzinfo=UTC), datetime(2023, 1, 9, 7, tzinfo=UTC))


def test_demo_has_76_series_of_180_days_with_a_few_gaps_and_duplicates(demo: pl.DataFrame) -> None:
    assert demo.select("PriceArea", "ConsumerType_DE35").n_unique() == 76
    distinct = demo.unique()
    assert demo["HourUTC"].min() == _START
    assert demo["HourUTC"].max() == _START + timedelta(days=180) - timedelta(hours=1)
    assert 5 <= 76 * 4320 - distinct.height <= 60
    assert 3 <= demo.height - distinct.height <= 30
    assert distinct.height == distinct.select(_KEYS).n_unique(), "duplicates must be exact"


def test_types_are_those_of_the_source(demo: pl.DataFrame) -> None:
    assert dict(demo.schema) == {
        "HourUTC": pl.Datetime("us", "UTC"),
        "HourDK": pl.Datetime("us"),
        "PriceArea": pl.String,
        "ConsumerType_DE35": pl.String,
        "TotalCon": pl.Float64,
    }
    assert tuple(demo.columns) == DENMARK_ROWS.names


def test_levels_span_four_decades(demo: pl.DataFrame) -> None:
    medians = demo.group_by("PriceArea", "ConsumerType_DE35").agg(pl.col("TotalCon").median())["TotalCon"]
    low, high = medians.sort()[0], medians.sort()[-1]
    assert high / low > 1e4
    assert demo["TotalCon"].sort()[0] > 0


def test_danish_time_skips_an_hour_in_spring_and_repeats_one_in_autumn() -> None:
    zone = ZoneInfo("Europe/Copenhagen")
    for day, hours in ((datetime(2023, 3, 26), 23), (datetime(2023, 10, 29), 25)):  # noqa: DTZ001 - Danish dates
        start = day.replace(tzinfo=zone).astimezone(UTC)
        one = _config(
            areas=("DK1",), consumer_types=("111",), gaps_per_series_year=0, as_of="2024-01-01T00:00Z"
        )
        rows = DenmarkSimulator(one).fetch(Window(start, start + timedelta(hours=hours)))
        assert rows["HourDK"].dt.date().unique().to_list() == [day.date()]
        assert rows["HourDK"].n_unique() == min(hours, 24)


def test_frozen_values() -> None:
    """Change these only together with every published number: models are judged against this world."""
    window = Window(datetime(2023, 3, 25, tzinfo=UTC), datetime(2023, 3, 27, tzinfo=UTC))
    config = DenmarkSimulatorConfig()
    rows = DenmarkSimulator(config).fetch(window)
    truth = oracle(config, window)["expected_kwh"]
    assert _digest(rows) == "b9cc433e850b0cc6"
    assert _digest(pl.DataFrame({"kwh": (truth * 100).round().cast(pl.Int64)})) == "ea5a890865bacfaf"


def _digest(table: pl.DataFrame) -> str:
    return hashlib.sha256(table.write_csv(float_precision=3).encode()).hexdigest()[:16]


@settings(max_examples=20, deadline=None)
@given(st.integers(-40, 40), st.integers(0, 30))
def test_nothing_newer_than_the_lag_is_shown(offset: int, lag_days: int) -> None:
    as_of = _START + timedelta(days=offset, hours=offset)
    one = {
        "areas": ["DK2"],
        "consumer_types": ["441"],
        "gaps_per_series_year": 0,
        "duplicates_per_series_year": 0,
    }
    seen = simulate(_config(as_of=as_of, lag_days=lag_days, **one))["HourUTC"].to_list()
    all_hours = [_START + timedelta(hours=n) for n in range(240)]
    assert seen == [hour for hour in all_hours if hour < as_of - timedelta(days=lag_days)]


def test_a_window_between_full_hours_holds_the_hours_that_begin_in_it() -> None:
    start = _START + timedelta(minutes=30)
    source = DenmarkSimulator(_config(areas=("DK1",), consumer_types=("111",)))
    assert source.fetch(Window(start, start + timedelta(hours=2)))["HourUTC"].to_list() == [
        _START + timedelta(hours=1),
        _START + timedelta(hours=2),
    ]
    assert source.fetch(Window(start, start + timedelta(minutes=20))).is_empty()


def test_before_the_world_begins_there_is_nothing() -> None:
    early = Window(datetime(2010, 1, 1, tzinfo=UTC), datetime(2010, 2, 1, tzinfo=UTC))
    assert DenmarkSimulator(_config()).fetch(early).is_empty()


def test_seed_decides_the_values() -> None:
    one, other = simulate(_config(days=1)), simulate(_config(days=1, seed=1))
    assert not one["TotalCon"].equals(other["TotalCon"])
    assert one["HourUTC"].equals(other["HourUTC"])


def test_oracle_covers_every_hour_and_is_close_but_not_equal(demo: pl.DataFrame) -> None:
    truth = oracle(DenmarkSimulatorConfig())
    assert truth.columns == ["PriceArea", "ConsumerType_DE35", "HourUTC", "expected_kwh"]
    assert truth.height == 76 * 4320
    both = demo.unique().join(truth, on=_KEYS)
    assert both.height == demo.unique().height
    mape = ((both["TotalCon"] - both["expected_kwh"]).abs() / both["TotalCon"]).mean()
    assert mape == pytest.approx(0.0452, abs=0.0005)


def test_errors_of_the_oracle_equal_a_slow_loop() -> None:
    config = _config(areas=("DK1",), consumer_types=("111", "112"), duplicates_per_series_year=12)
    days = [Window(_START + timedelta(days=n), _START + timedelta(days=n + 1)) for n in (3, 1)]
    scores = oracle_errors(config, days)
    assert scores["start"].to_list() == [days[0].start] * 2 + [days[1].start] * 2
    truth = {(code, hour): kwh for _, code, hour, kwh in oracle(config).iter_rows()}
    for score in scores.iter_rows(named=True):
        seen = {
            (code, hour): kwh
            for hour, _, _, code, kwh in simulate(config).iter_rows()
            if code == score["ConsumerType_DE35"] and score["start"] <= hour < score["end"]
        }
        off = [abs(kwh - truth[key]) for key, kwh in seen.items()]
        assert score["count"] == len(off)
        assert score["mae_kwh"] == pytest.approx(sum(off) / len(off))
        shares = [abs(kwh - truth[key]) / kwh for key, kwh in seen.items()]
        assert score["mape"] == pytest.approx(sum(shares) / len(shares))


def test_errors_of_the_oracle_without_published_hours_are_an_empty_table() -> None:
    future = Window(_START + timedelta(days=400), _START + timedelta(days=401))
    scores = oracle_errors(_config(), [future])
    assert scores.is_empty()
    assert scores.columns[:2] == ["start", "end"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"areas": ["DK3"]}, "unknown area 'DK3'; did you mean 'DK2'"),
        ({"consumer_types": ["113"]}, "unknown consumer type '113'"),
        ({"start": "2023-01-01T00:30Z"}, "not a full hour"),
        ({"start": "2023-01-01T00:00"}, "timezone"),
        ({"days": 0}, "greater than or equal to 1"),
        ({"noise": 1}, "Extra inputs"),
        ({"areas": []}, "at least 1"),
    ],
)
def test_wrong_configuration_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=message):
        _config(**changes)


def test_series_are_kept_in_the_order_of_the_source() -> None:
    config = _config(areas=["DK2", "DK1"], consumer_types=["112", "111", "112"])
    assert config.series == (("DK1", "111"), ("DK1", "112"), ("DK2", "111"), ("DK2", "112"))
