from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.evaluation.predictor import Forecaster
from penstock.proving.differences import first_difference, pair, stamp
from penstock.proving.samples import sample_history
from penstock.proving.subjects import MalformedPredictionsError, ordered, predict
from penstock.testing.forecasters import RepeatLastSeason
from penstock.testing.panels import random_panel

PANEL = random_panel({"a": (0, 60), "b": (10, 60), "c": (0, 50), "d": (0, 60), "e": (0, 60)})
RIGHT = predict(RepeatLastSeason(), PANEL, 3)
NAN = float("nan")
INF = float("inf")
HOUR = timedelta(hours=1)


@given(series=st.integers(1, 9), steps=st.integers(1, 60))
@settings(max_examples=30, deadline=None)
def test_a_sample_is_recent_small_and_spans_the_levels(series: int, steps: int) -> None:
    found = sample_history(PANEL, series, steps)
    assert found["time"].n_unique() <= steps
    assert found["time"].max() == PANEL["time"].max()
    names = found["series"].unique().sort().to_list()
    assert len(names) == min(series, 4 if steps <= 50 else 3)
    assert "c" not in names
    assert "b" not in names or steps <= 50
    assert {"a", "e"} & set(names)
    assert series == 1 or "d" in names


def test_the_example_forecaster_keeps_the_protocol() -> None:
    assert isinstance(RepeatLastSeason(), Forecaster)
    first = RIGHT.row(0, named=True)
    assert first["time"] == PANEL.filter(series="a")["time"][-1] + HOUR
    assert (first["series"], first["step"]) == ("a", 1)
    assert first["prediction"] == PANEL.filter(series="a")["y"][-24]
    assert RIGHT.filter(series="c")["time"][0] == PANEL.filter(series="c")["time"][-1] + HOUR


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (RIGHT.drop("step"), "predictions lack step; they hold series, time, prediction"),
        (RIGHT.head(14), r"14 predictions for 15 .* missing: \('e', 3\); not asked for: none"),
        (pl.concat([RIGHT, RIGHT.head(1)]), "16 predictions for 15"),
        (RIGHT.with_columns(pl.col("step") + 1), r"missing: \('a', 1\), .* not asked for: \('a', 4\)"),
    ],
)
def test_other_rows_than_asked_are_refused(broken: pl.DataFrame, message: str) -> None:
    with pytest.raises(MalformedPredictionsError, match=message):
        ordered(broken, ("a", "b", "c", "d", "e"), 3)


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        (1.0, 1.0, False),
        (NAN, NAN, False),
        (1.0, NAN, True),
        (NAN, 1.0, True),
        (1.0, INF, True),
        (INF, INF, False),
        (1.0, None, True),
        (5e6, 5e6 + 1.0, False),
        (5e6, 5e6 + 10.0, True),
    ],
)
def test_differences_are_relative_and_see_what_is_no_number(
    one: float, other: float | None, differ: bool
) -> None:
    history = pl.DataFrame({"series": ["a"], "y": [1.0]})
    frames = [
        pl.DataFrame({"series": ["a"], "step": [1], "prediction": pl.Series([value], dtype=pl.Float64)})
        for value in (one, other)
    ]
    assert (first_difference(frames[0], frames[1], history, 1e-6) is not None) == differ


def test_the_level_of_the_series_counts_where_predictions_are_near_zero() -> None:
    history = pl.DataFrame({"series": ["a"], "y": [1e6]})
    one = pl.DataFrame({"series": ["a"], "step": [1], "prediction": [0.0]})
    assert first_difference(one, one.with_columns(prediction=pl.lit(0.5)), history, 1e-6) is None
    assert first_difference(one, one.with_columns(prediction=pl.lit(2.0)), history, 1e-6) == (
        "a",
        1,
        0.0,
        2.0,
    )


@pytest.mark.parametrize(
    ("one", "other", "texts"),
    [
        (1.0, 2.0, ("1", "2")),
        (12345.678, 12345.679, ("12345.678", "12345.679")),
        (1.0, None, ("1", "missing")),
        (NAN, 1.0, ("nan", "1")),
        (0.1, 0.1 + 2e-17, ("0.1", "0.10000000000000002")),
        (0.1, 0.1, ("0.1", "0.1")),
    ],
)
def test_numbers_get_as_many_digits_as_they_differ_in(
    one: float, other: float | None, texts: tuple[str, str]
) -> None:
    assert pair(one, other) == texts


def test_stamps_are_told_in_utc_and_to_the_minute() -> None:
    moment = PANEL["time"][0].astimezone(ZoneInfo("Asia/Tokyo"))
    assert stamp(moment) == "2024-01-01T00:00Z"
    assert stamp(moment + timedelta(seconds=5)) == "2024-01-01T00:00:05Z"
