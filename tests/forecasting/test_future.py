from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from penstock.forecasting.future import forecast_future
from penstock.forecasting.naive import SeasonalNaive
from penstock.testing.panels import START, random_panel

MODEL = SeasonalNaive(season=24, frequency="1h")


def test_every_series_is_forecast_from_its_own_end() -> None:
    panel = random_panel({"a": (0, 100), "b": (0, 95)})
    found = forecast_future(MODEL, panel, 6)
    firsts = dict(found.group_by("series").agg(pl.col("time").min()).rows())
    assert firsts == {"a": START + timedelta(hours=100), "b": START + timedelta(hours=95)}


def test_a_series_that_has_ended_is_not_forecast_into_the_past(caplog: pytest.LogCaptureFixture) -> None:
    going = {f"a{number:02}": (0, 100) for number in range(18)}
    panel = random_panel(going | {"b": (0, 94), "c": (0, 50)})
    assert forecast_future(MODEL, panel, 6)["series"].unique().sort().to_list() == sorted(going)
    assert caplog.messages == ["2 series have ended and are not forecast: b, c"]


def test_series_recorded_at_different_times_are_forecast_each_from_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    panel = random_panel({"a": (0, 100), "b": (0, 94), "c": (0, 50)})
    found = forecast_future(MODEL, panel, 6)
    firsts = dict(found.group_by("series").agg(pl.col("time").min()).rows())
    assert firsts == {name: START + timedelta(hours=end) for name, end in (("a", 100), ("b", 94), ("c", 50))}
    assert caplog.messages == ["2 series end before the others and are forecast from their own ends: b, c"]
