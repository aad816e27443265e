from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from penstock.reporting.facts import ReportFacts, TaskFacts
from penstock.reporting.profiles import by_clock, by_step, clock_of, pooled_metric

TASK = TaskFacts(target="y", horizon=24, frequency="1h", timezone="Europe/Copenhagen")


def slow_mae(frame: pl.DataFrame, key: str | None, zone: str = "UTC") -> dict[int, float]:
    found: dict[int, list[float]] = {}
    for row in frame.iter_rows(named=True):
        if row["y"] is None:
            continue
        place = row[key] if key else row["time"].astimezone(ZoneInfo(zone)).hour
        found.setdefault(place, []).append(abs(row["prediction"] - row["y"]))
    return {place: sum(errors) / len(errors) for place, errors in sorted(found.items())}


def test_the_profile_by_step_equals_a_plain_loop(facts: ReportFacts) -> None:
    frame = facts.predictions["lightgbm"]
    profile, slow = by_step(frame, "mae"), slow_mae(frame, "step")
    assert profile.positions == tuple(slow)
    assert list(profile.errors) == pytest.approx(list(slow.values()), rel=1e-9)


def test_the_profile_by_hour_reads_the_local_clock(facts: ReportFacts) -> None:
    frame = facts.predictions["lightgbm"]
    profile, slow = by_clock(frame, "mae", TASK), slow_mae(frame, None, "Europe/Copenhagen")
    assert profile.positions == tuple(slow)
    assert list(profile.errors) == pytest.approx(list(slow.values()), rel=1e-9)


def test_unknown_values_are_left_out() -> None:
    at = datetime(2023, 1, 2, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "series": ["a"] * 3,
            "cutoff": [at] * 3,
            "time": [at + timedelta(days=day) for day in (1, 2, 3)],
            "step": [1, 2, 3],
            "y": [1.0, None, 0.0],
            "prediction": [2.0, 5.0, 1.0],
        }
    )
    assert by_step(frame, "mape").errors == (1.0, None)
    assert by_clock(frame, "mae", replace(TASK, frequency="1d")).positions == (1, 3)
    assert by_clock(frame, "mae", replace(TASK, frequency="1mo")).positions == (0,)


@pytest.mark.parametrize(
    ("frequency", "title", "ticks"),
    [("30m", "Error by hour of the day", 24), ("1d", "Error by weekday", 7), ("1mo", "Error by month", 12)],
)
def test_the_clock_follows_the_frequency(frequency: str, title: str, ticks: int) -> None:
    clock = clock_of(frequency)
    assert (clock.title, len(clock.labels)) == (title, ticks)


def test_metrics_that_need_more_than_predictions_are_pooled_by_wape() -> None:
    scales = pl.DataFrame({"series": ["a"], "mae_scale": [1.0], "rmse_scale": [1.0]})
    assert pooled_metric("mape", None) == "mape"
    assert pooled_metric("mase", None) == "wape"
    assert pooled_metric("mase", scales) == "mase"
    assert pooled_metric("crps", None) == "wape"
