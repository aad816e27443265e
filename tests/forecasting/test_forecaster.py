from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from penstock.domain.errors import ConfigError, DataError
from penstock.evaluation.predictor import Forecaster
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.training import fit
from penstock.testing.forecasters import ForecasterContract
from penstock.testing.loads import load_panel
from penstock.testing.panels import START

FEATURES = FeatureConfig(lags=(1, 2, 24), means=(24,), deviations=(12,), calendar=("hour",), ids=("area",))
SMALL = ModelConfig(n_estimators=15, min_child_samples=5, learning_rate=0.2)
ENSEMBLE = "auto/mean12+log/lag24+standardise/difference24"
HORIZON = 30


def with_targets(text: str, **fields: object) -> ModelConfig:
    return ModelConfig.model_validate(SMALL.model_dump() | {"targets": text} | fields)


@pytest.fixture(scope="module")
def model(panel: pl.DataFrame) -> ForecastModel:
    return fit(panel, FEATURES, with_targets(ENSEMBLE), seed=1, threads=1)


class TestEnsemble(ForecasterContract):
    def forecaster(self) -> Forecaster:
        return fit(self.history(), FEATURES, with_targets("auto/mean12+log/lag24"), seed=1, threads=1)


class TestRidge(ForecasterContract):
    def forecaster(self) -> Forecaster:
        ridge = with_targets("standardise/lag24", kind="linear")
        return fit(self.history(), FEATURES.model_copy(update={"ids": ()}), ridge, seed=1, threads=1)


def by_loop(model: ForecastModel, panel: pl.DataFrame, name: str, horizon: int) -> list[float]:
    """Forecast one series with one target step by step, from the definitions."""
    target = model.model.members[0]
    row = model.scaling.row(by_predicate=pl.col("series") == name, named=True)
    values = panel.filter(pl.col("series") == name)["y"].to_list()
    scaled = [((np.log(value) if row["log"] else value) - row["centre"]) / row["spread"] for value in values]
    end: Any = panel["time"].max()
    out = []
    for step in range(1, horizon + 1):
        stamp = end + timedelta(hours=step)
        past = np.array(scaled)
        reference = {"level": 0.0, "lag": past[-target.steps], "mean": past[-target.steps :].mean()}[
            target.against
        ]
        area = panel.filter(pl.col("series") == name)["area"][0]
        known = [float(model.known.categories["area"].index(area)), float(stamp.hour)]
        lags = [past[-lag] - reference for lag in (1, 2, 24)]
        windows = [past[-24:].mean() - reference, past[-12:].std(ddof=1)]
        features = np.array([[*known, *lags, *windows]], dtype=np.float32)
        scaled.append(float(model.members[0].predict(features, np.array([0]))[0]) + reference)
        value = scaled[-1] * row["spread"] + row["centre"]
        out.append(float(np.exp(value)) if row["log"] else value)
    return out


@pytest.mark.parametrize("target", ["none", "log", "standardise/lag24", "auto/mean12", "mean/lag1"])
def test_recursion_equals_a_slow_loop(panel: pl.DataFrame, target: str) -> None:
    model = fit(panel, FEATURES, with_targets(target), seed=1, threads=1)
    found = model.predict(panel, 8)
    for name in ("s00", "s03"):
        ours = found.filter(pl.col("series") == name)["prediction"].to_numpy()
        np.testing.assert_allclose(ours, by_loop(model, panel, name, 8), rtol=2e-6)


def test_an_autoregression_is_continued_in_closed_form() -> None:
    hours = np.arange(400)
    values = 100.0 * 0.5 ** (hours / 50)
    stamps = [START + timedelta(hours=int(hour)) for hour in hours]
    panel = pl.DataFrame(
        {"series": "a", "time": pl.Series(stamps, dtype=pl.Datetime("us", "UTC")), "y": values}
    )
    linear = ModelConfig.model_validate({"kind": "linear", "targets": "none", "alpha": 0.0})
    features = FeatureConfig(lags=(1,), means=(), deviations=(), calendar=(), ids=())
    found = fit(panel, features, linear, seed=0, threads=1).predict(panel, 50)
    expected = values[-1] * 0.5 ** (np.arange(1, 51) / 50)
    np.testing.assert_allclose(found["prediction"].to_numpy(), expected, rtol=1e-4)


def test_many_cutoffs_at_once_equal_one_by_one(panel: pl.DataFrame, model: ForecastModel) -> None:
    cutoffs = [START + timedelta(hours=hour) for hour in (400, 424, 457)]
    together = model.predict_origins(panel, cutoffs, HORIZON)
    for cutoff in cutoffs:
        alone = model.predict(panel.filter(pl.col("time") <= cutoff), HORIZON)
        part = together.filter(pl.col("cutoff") == cutoff)
        assert part["prediction"].to_list() == alone["prediction"].to_list()
        assert part["time"].to_list() == alone["time"].to_list()


def test_order_of_rows_and_company_do_not_matter(panel: pl.DataFrame, model: ForecastModel) -> None:
    whole = model.predict(panel, HORIZON)
    shuffled = model.predict(panel.sample(fraction=1.0, shuffle=True, seed=3), HORIZON)
    assert shuffled.equals(whole)
    for name in ("s00", "s02"):
        alone = model.predict(panel.filter(pl.col("series") == name), HORIZON)
        assert alone.equals(whole.filter(pl.col("series") == name))


def test_nothing_after_the_cutoff_is_read(panel: pl.DataFrame, model: ForecastModel) -> None:
    cutoff = START + timedelta(hours=450)
    spoilt = panel.with_columns(y=pl.when(pl.col("time") > cutoff).then(-1e9).otherwise(pl.col("y")))
    before, after = (model.predict_origins(each, [cutoff], HORIZON) for each in (panel, spoilt))
    assert before["prediction"].to_list() == after["prediction"].to_list()
    assert before["y"].to_list() != after["y"].to_list()


def test_only_the_needed_history_counts(panel: pl.DataFrame, model: ForecastModel) -> None:
    recent = panel.group_by("series", maintain_order=True).tail(model.history)
    assert model.predict(recent, HORIZON).equals(model.predict(panel, HORIZON))
    with pytest.raises(DataError, match=rf"4 series are too short: s00 \({model.history - 1}\)"):
        model.predict(panel.group_by("series").tail(model.history - 1), HORIZON)


def test_a_young_series_has_no_rows_for_an_early_cutoff(panel: pl.DataFrame, model: ForecastModel) -> None:
    late = START + timedelta(hours=380)
    ragged = panel.filter((pl.col("series") != "s01") | (pl.col("time") >= late))
    cutoffs = [START + timedelta(hours=hour) for hour in (400, 450)]
    found = model.predict_origins(ragged, cutoffs, 3)
    counts = dict(found.group_by("cutoff").agg(pl.col("series").n_unique()).rows())
    assert counts == {cutoffs[0]: 3, cutoffs[1]: 4}
    with pytest.raises(DataError, match="no series has the 48 values up to any of the 1 cutoffs"):
        model.predict_origins(panel, [START + timedelta(hours=20)], 3)


def test_the_future_runs_past_the_end(panel: pl.DataFrame, model: ForecastModel) -> None:
    end: Any = panel["time"].max()
    found = model.predict_origins(panel, [end - timedelta(hours=2)], 4)
    assert found.filter(pl.col("series") == "s00")["y"].is_null().to_list() == [False, False, True, True]
    assert found["step"].dtype == pl.Int32


def test_wrong_calls(panel: pl.DataFrame, model: ForecastModel) -> None:
    with pytest.raises(ConfigError, match="horizon is 0; allowed"):
        model.predict(panel, 0)
    with pytest.raises(DataError, match="no such stamp in the panel: cutoff 2023"):
        model.predict_origins(panel, [START - timedelta(days=30)], 2)
    with pytest.raises(DataError, match="not trained on 1 of the series: new"):
        model.predict(panel.with_columns(series=pl.col("series").replace("s00", "new")), 2)
    with pytest.raises(DataError, match="missing, NaN or infinite at 4 rows"):
        model.predict(panel.with_columns(y=pl.when(pl.col("time") == START).then(None).otherwise("y")), 2)


def test_seed_and_threads_decide_the_trees(panel: pl.DataFrame) -> None:
    settings = with_targets("log", colsample=0.5, subsample=0.5)
    first, again, other = (fit(panel, FEATURES, settings, seed=seed, threads=2) for seed in (1, 1, 2))
    results = [each.predict(panel, 5)["prediction"].to_list() for each in (first, again, other)]
    assert results[0] == results[1]
    assert results[0] != results[2]


def test_an_ensemble_is_the_mean_of_its_members(panel: pl.DataFrame, model: ForecastModel) -> None:
    parts = [fit(panel, FEATURES, with_targets(each), seed=1, threads=1) for each in ENSEMBLE.split("+")]
    mean = sum(part.predict(panel, 6)["prediction"] for part in parts) / len(parts)
    np.testing.assert_allclose(model.predict(panel, 6)["prediction"].to_numpy(), np.asarray(mean), rtol=1e-12)


def test_a_trend_beyond_training_is_followed() -> None:
    panel = load_panel(series=1, steps=24 * 28).with_row_index("row")
    rising = panel.with_columns(y=pl.col("y") * (1 + pl.col("row") / 336)).drop("row")
    errors = {}
    for target in ("standardise", "auto/lag24"):
        fitted = fit(rising.head(24 * 21), FEATURES, with_targets(target, n_estimators=60), seed=1, threads=1)
        found = fitted.predict_origins(rising, [START + timedelta(hours=24 * 27 - 1)], 24)
        errors[target] = float((found["prediction"] / found["y"] - 1).abs().mean())  # type: ignore[arg-type]
    assert errors["auto/lag24"] < 0.6 * errors["standardise"]


def test_a_median_says_zero_where_a_series_rests_and_a_mean_does_not(panel: pl.DataFrame) -> None:
    hour = pl.col("time").dt.hour()
    resting = panel.with_columns(y=pl.when(hour < 12).then(0.0).otherwise(pl.col("y")))
    found = {}
    for loss in ("l1", "l2"):
        trained = fit(resting, FEATURES, with_targets("standardise", objective=loss), seed=1, threads=1)
        found[loss] = trained.predict(resting, 24)
    night = found["l1"].filter(pl.col("time").dt.hour() < 12)
    assert night["prediction"].unique().to_list() == [0.0]
    assert (found["l1"].filter(pl.col("time").dt.hour() >= 12)["prediction"] > 0).all()
    assert found["l2"].filter(pl.col("time").dt.hour() < 12)["prediction"].abs().max() != 0.0
