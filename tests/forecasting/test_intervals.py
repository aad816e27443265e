"""Intervals as values: bounds beside forecasts, and what a bundle holds of them."""

from __future__ import annotations

import json
import math

import polars as pl
import pytest

from penstock.domain.errors import DataError
from penstock.evaluation.predictor import Forecaster
from penstock.forecasting.intervals import (
    PARAMETER,
    Calibration,
    bound_names,
    calibration_of,
    with_intervals,
)
from penstock.testing.panels import random_panel
from penstock.testing.toys import ToyNaive

MADE = Calibration(
    levels=(0.5, 0.975),
    widths=(1.0, math.pi),
    spread=(1.0, 1.5, 2.0),
    scales={"a": 10.0, "b": 1 / 3},
)


def forecasts() -> pl.DataFrame:
    rows = [(name, step, 100.0, name.upper()) for name in ("c", "b", "a") for step in (4, 3, 2, 1)]
    schema = {"series": pl.String, "step": pl.Int32, "prediction": pl.Float64, "area": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_bounds_stand_next_to_the_prediction_and_move_no_row() -> None:
    found = MADE.with_bounds(forecasts())
    bounds = ["lower_50", "upper_50", "lower_97.5", "upper_97.5"]
    assert (list(MADE.columns), found.columns) == (bounds, ["series", "step", "prediction", *bounds, "area"])
    assert found.drop(bounds).equals(forecasts())


def test_bounds_by_hand() -> None:
    found = MADE.with_bounds(forecasts()).filter(series="a").sort("step").head(3)
    assert found["lower_50"].to_list() == [90.0, 85.0, 80.0]
    assert found["upper_50"].to_list() == [110.0, 115.0, 120.0]
    assert found["upper_97.5"].to_list() == pytest.approx(
        [100 + math.pi * half for half in (10, 15, 20)], rel=1e-15
    )


def test_what_was_not_calibrated_has_no_bounds() -> None:
    found = MADE.with_bounds(forecasts())
    missing = found.filter(pl.col("lower_50").is_null() | pl.col("upper_97.5").is_null())
    assert sorted(missing.select("series", "step").rows()) == [
        ("a", 4),
        ("b", 4),
        *(("c", step) for step in (1, 2, 3, 4)),
    ]


def test_without_levels_forecasts_stay_as_they_are() -> None:
    assert Calibration(scales={"a": 1.0}, spread=(1.0,)).with_bounds(forecasts()).equals(forecasts())


def test_columns_are_named_by_percent() -> None:
    names = [bound_names(level)[0] for level in (0.07, 0.9, 0.975, 0.999)]
    assert names == ["lower_7", "lower_90", "lower_97.5", "lower_99.9"]


def test_json_keeps_every_digit() -> None:
    parameters = json.loads(json.dumps({PARAMETER: MADE.model_dump(mode="json")}))
    assert calibration_of(parameters) == MADE
    assert calibration_of({}) == Calibration()


def test_a_loaded_model_forecasts_with_the_intervals_of_its_bundle() -> None:
    toy: Forecaster = ToyNaive(season=2)
    history = random_panel({"a": (0, 5), "b": (0, 5)}).drop("area")
    assert with_intervals(toy, {"horizon": 3}) is toy
    model = with_intervals(toy, {PARAMETER: MADE.model_dump(mode="json")})
    assert model.predict(history, 3).equals(MADE.with_bounds(toy.predict(history, 3)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"widths": [1.0]}, "go together and rise"),
        ({"widths": [2.0, 1.0]}, "go together and rise"),
        ({"levels": [0.5, 1.5]}, "between 0 and 1"),
        ({"scales": {"a": float("inf")}}, "finite and not below 0"),
        ({"spread": [-1.0]}, "finite and not below 0"),
        ({"more": 1}, "more: Extra inputs"),
    ],
)
def test_a_calibration_that_makes_no_sense_is_refused(changes: dict[str, object], message: str) -> None:
    sound = {"levels": [0.5, 0.9], "widths": [1.0, 2.0], "spread": [1.0], "scales": {"a": 1.0}}
    assert calibration_of({PARAMETER: sound}).levels == (0.5, 0.9)
    with pytest.raises(DataError, match=f"{message}.*package the model again"):
        calibration_of({PARAMETER: sound | changes})
