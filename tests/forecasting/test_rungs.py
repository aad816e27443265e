from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from penstock.domain.errors import DataError
from penstock.evaluation.predictor import Forecaster
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.naive import Drift, MovingAverage, SeasonalNaive
from penstock.forecasting.rungs import RungConfig, fit_rung, seasonal_linear
from penstock.testing.forecasters import ForecasterContract
from penstock.testing.panels import START

CUTOFF = START + timedelta(hours=300)
NAIVE = RungConfig(name="naive", kind="seasonal_naive", steps=24)
LINEAR = RungConfig(name="linear", kind="model", features=FeatureConfig(ids=()), model=seasonal_linear(24))


class TestSeasonalNaive(ForecasterContract):
    def forecaster(self) -> Forecaster:
        return SeasonalNaive(season=24, frequency="1h")


class TestMovingAverage(ForecasterContract):
    def forecaster(self) -> Forecaster:
        return MovingAverage(window=24, frequency="1h")


class TestDrift(ForecasterContract):
    def forecaster(self) -> Forecaster:
        return Drift(window=24, frequency="1h")


def past(panel: pl.DataFrame, name: str = "s01") -> list[float]:
    return panel.filter((pl.col("series") == name) & (pl.col("time") <= CUTOFF))["y"].to_list()


def predicted(forecaster: Forecaster, panel: pl.DataFrame, horizon: int) -> list[float]:
    found = forecaster.predict(panel.filter(pl.col("time") <= CUTOFF), horizon)
    return found.filter(pl.col("series") == "s01")["prediction"].to_list()


def test_naive_repeats_the_season_exactly(panel: pl.DataFrame) -> None:
    values = past(panel)
    expected = [values[-24 + step % 24] for step in range(60)]
    assert predicted(SeasonalNaive(season=24, frequency="1h"), panel, 60) == expected


def test_average_and_drift(panel: pl.DataFrame) -> None:
    values = past(panel)
    mean = sum(values[-24:]) / 24
    np.testing.assert_allclose(predicted(MovingAverage(window=24, frequency="1h"), panel, 3), [mean] * 3)
    slope = (values[-1] - values[-10]) / 9
    line = [values[-1] + slope * step for step in (1, 2, 3)]
    np.testing.assert_allclose(predicted(Drift(window=10, frequency="1h"), panel, 3), line)


def test_every_rung_of_the_ladder_is_fitted_and_forecasts(panel: pl.DataFrame) -> None:
    trees = ModelConfig.model_validate({"targets": "none", "n_estimators": 5})
    for rung in (
        NAIVE,
        RungConfig(name="moving_average", kind="moving_average", steps=24),
        RungConfig(name="drift", kind="drift", steps=24),
        LINEAR,
        RungConfig(name="trees", kind="model", features=FeatureConfig(lags=tuple(range(1, 25))), model=trees),
    ):
        fitted = fit_rung(panel.filter(pl.col("time") <= CUTOFF), rung, seed=1, threads=1)
        found = fitted.predict_origins(panel, [CUTOFF], 24)
        assert (found.height, found["prediction"].is_finite().all()) == (4 * 24, True)


def test_the_linear_rung_learns_the_season(panel: pl.DataFrame) -> None:
    errors = {}
    for rung in (NAIVE, LINEAR):
        fitted = fit_rung(panel.filter(pl.col("time") <= CUTOFF), rung, seed=1, threads=1)
        found = fitted.predict_origins(panel, [CUTOFF + timedelta(hours=24 * day) for day in range(6)], 24)
        errors[rung.name] = float((found["prediction"] / found["y"] - 1).abs().mean())  # type: ignore[arg-type]  # a number
    assert errors["linear"] < 0.9 * errors["naive"]


@pytest.mark.parametrize(
    ("body", "match"),
    [
        ({"kind": "model"}, "rung x: kind model needs features and model"),
        ({"kind": "moving_average"}, "rung x: kind moving_average needs steps"),
        ({"kind": "drift", "steps": 1}, "rung x: drift needs steps of 2 or more"),
        ({"kind": "naive", "steps": 1}, "Input should be 'seasonal_naive'"),
    ],
)
def test_incomplete_rungs(body: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        RungConfig.model_validate({"name": "x"} | body)


def test_a_series_shorter_than_a_season_is_named(panel: pl.DataFrame) -> None:
    rung = RungConfig(name="weekly", kind="seasonal_naive", steps=168)
    with pytest.raises(DataError, match=r"s00 \(100\).*at least 168 rows for the rung weekly"):
        fit_rung(panel.group_by("series", maintain_order=True).head(100), rung, seed=1, threads=1)
