from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import DataError
from penstock.evaluation.predictor import Forecaster
from penstock.forecasting.ensemble import Ensemble, EnsembleConfig, best_weights, fit_ensemble
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.naive import MovingAverage, SeasonalNaive
from penstock.forecasting.rungs import RungConfig, seasonal_linear
from penstock.testing.forecasters import ForecasterContract
from penstock.testing.panels import START, random_panel

FOLDS = tuple((START + timedelta(hours=hours),) for hours in (119, 191))
NAIVE = RungConfig(name="naive", kind="seasonal_naive", steps=24)
MEAN = RungConfig(name="mean", kind="moving_average", steps=24)
WEEKLY = RungConfig(name="weekly", kind="seasonal_naive", steps=168)


def config(*members: RungConfig) -> EnsembleConfig:
    return EnsembleConfig(members=members, folds=FOLDS, horizon=24, season=24)


def a_panel() -> pl.DataFrame:
    return random_panel({"a": (0, 216), "b": (0, 216)})


class TestEnsemble(ForecasterContract):
    def forecaster(self) -> Forecaster:
        members = (SeasonalNaive(season=24, frequency="1h"), MovingAverage(window=48, frequency="1h"))
        return Ensemble(frequency="1h", members=members, names=("naive", "mean"), weights=(0.25, 0.75))


def test_a_member_is_worth_what_it_was_on_the_folds() -> None:
    found = fit_ensemble(a_panel(), config(NAIVE, MEAN), seed=1, threads=1)
    weights = dict(zip(found.names, found.weights, strict=True))
    assert sum(found.weights) == pytest.approx(1)
    assert min(found.weights) > 0
    assert weights["naive"] > weights.get("mean", 0.0)  # the season is much stronger than the noise


def test_the_forecast_is_the_weighted_mean() -> None:
    panel = a_panel()
    naive, mean = SeasonalNaive(season=24, frequency="1h"), MovingAverage(window=24, frequency="1h")
    both = Ensemble(frequency="1h", members=(naive, mean), names=("n", "m"), weights=(0.2, 0.8))
    parts = [each.predict(panel, 6)["prediction"] for each in (naive, mean)]
    np.testing.assert_allclose(both.predict(panel, 6)["prediction"], 0.2 * parts[0] + 0.8 * parts[1])


values = st.floats(-5, 5, allow_nan=False)


@given(st.lists(st.tuples(values, values, values), min_size=1, max_size=6))
def test_no_member_alone_is_better_than_the_weights_on_the_folds(
    rows: list[tuple[float, float, float]],
) -> None:
    forecasts, truth = np.array(rows)[:, :2].T, np.array(rows)[:, 2]
    weights = best_weights(forecasts, truth)
    assert sum(weights) == pytest.approx(1)
    assert min(weights) >= 0
    error = np.abs(weights @ forecasts - truth).mean()
    assert error <= np.abs(forecasts - truth).mean(axis=1).min() + 1e-12


def test_a_member_that_a_fold_is_too_short_for_takes_no_part() -> None:
    found = fit_ensemble(a_panel(), config(NAIVE, MEAN, WEEKLY), seed=1, threads=1)
    assert "weekly" not in found.names
    assert [name for name, _ in found.left_out] == ["weekly"]
    assert "the rung weekly" in found.left_out[0][1]
    assert "weekly left out: " in found.told
    with pytest.raises(DataError, match=r"long enough for 1 of naive, weekly; an ensemble needs two"):
        fit_ensemble(a_panel(), config(NAIVE, WEEKLY), seed=1, threads=1)


def test_a_series_that_began_after_a_fold_takes_no_member_away() -> None:
    """The fold learns from the series that were there; the members are fitted on all of them."""
    late = random_panel({"a": (0, 216), "b": (0, 216), "late": (130, 216), "short": (100, 216)})
    linear = RungConfig(
        name="linear", kind="model", features=FeatureConfig(ids=()), model=seasonal_linear(season=24)
    )
    found = fit_ensemble(late, config(NAIVE, MEAN, linear), seed=1, threads=1)
    assert "linear" in found.names
    assert found.left_out == ()
    assert found.predict(late, 6)["series"].n_unique() == 4


def test_nothing_to_scale_by_is_told() -> None:
    flat = a_panel().with_columns(y=pl.lit(3.0))
    with pytest.raises(DataError, match="no series has a seasonal naive that errs"):
        fit_ensemble(flat, config(NAIVE, MEAN), seed=1, threads=1)
