"""The declared checks on real models: a fixed sample that is kept, and columns that are moved through the model."""

from __future__ import annotations

import polars as pl
import pytest

from penstock.domain.results import CheckResult
from penstock.evaluation.splits import SplitConfig, panel_times, plan_split, up_to
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.steering import Steering
from penstock.forecasting.targets import Target
from penstock.forecasting.training import fit
from penstock.proving.runner import ChecksConfig, run_checks
from penstock.storage.digests import digest_value
from penstock.systems.shared.checking import draw_sample, drawn, prove, subject_of, tell_sample
from penstock.testing.panels import random_panel

PANEL = random_panel({"a": (0, 400), "b": (0, 400), "c": (50, 400)})
SPLIT = plan_split(panel_times(PANEL), frequency="1h", horizon=6, config=SplitConfig(origins=3, folds=2))
FEATURES = FeatureConfig(lags=(1, 24), means=(24,), calendar=("hour", "weekday"), ids=("area",))
ALL = (
    "consistency",
    "alone_or_in_batch",
    "order_of_series",
    "reload",
    "no_leak",
    "finite",
    "robust_to_noise",
    "shifted_time",
    "direction",
    "negation",
)


@pytest.fixture(scope="module")
def model() -> ForecastModel:
    config = ModelConfig(kind="linear", targets=(Target(),), pooled=True)
    return fit(up_to(PANEL, SPLIT.train_end), FEATURES, config, seed=1, threads=1)


def proven(model: ForecastModel, checks: ChecksConfig, panel: pl.DataFrame = PANEL) -> dict[str, CheckResult]:
    sample = draw_sample(panel, SPLIT, model, checks, seed=3)
    return {one.name: one for one in prove(panel, SPLIT, model, sample, checks)}


def test_a_trained_model_has_every_property_that_it_can_have(model: ForecastModel) -> None:
    found = proven(model, ChecksConfig(names=ALL, examples=2, repeats=5, seconds=60.0))
    assert {
        name: one.example for name, one in found.items() if one.verdict == "failed" and name != "negation"
    } == {}
    assert {"shifted_time", "direction", "no_feature_leak"} <= set(found)


def test_the_sample_is_drawn_by_the_seed_and_told_by_its_digest(model: ForecastModel) -> None:
    checks = ChecksConfig(windows=3, series=2)
    one, same, other = (draw_sample(PANEL, SPLIT, model, checks, seed=seed) for seed in (3, 3, 4))
    assert digest_value(one) == digest_value(same) != digest_value(other)
    assert tell_sample(one).startswith(f"fixed sample {digest_value(one)[:12]}: 4 pieces of ")
    assert one.rows["time"].max() == SPLIT.train_end


LATE = {"ended": (0, 200), "old": (208, 240), "new": (206, 240), "newest": (213, 240)}


@pytest.mark.parametrize(
    ("spans", "left", "back"),
    [
        (LATE, ("new", "old"), 2),
        ({name: LATE[name] for name in ("ended", "newest")}, ("newest",), 0),
    ],
)
def test_where_all_series_began_late_the_shortest_that_fits_says_how_many_stamps_may_be_left_out(
    spans: dict[str, tuple[int, int]], left: tuple[str, ...], back: int
) -> None:
    """A series is not asked for a forecast from stamps at which it was not there yet: that would be no leak."""
    panel = random_panel(spans)
    late = fit(panel, FEATURES, ModelConfig(kind="linear", targets=(Target(),)), seed=1, threads=1)
    checks = ChecksConfig(names=("no_leak",), examples=10, windows=0, series=3, seconds=60.0)
    subject = subject_of(late, drawn(panel, late, 6, checks, 1), 6)
    assert (late.history, subject.names(), subject.back) == (24, left, back)
    assert (subject.backtest is None) == (back == 0)
    (found,) = run_checks(subject, checks, lambda: 0.0)
    assert found.verdict == ("passed" if back else "skipped"), found.example


def test_equal_proofs_are_equal(model: ForecastModel) -> None:
    checks = ChecksConfig(names=("robust_to_noise", "finite"), examples=3, seconds=60.0)
    assert proven(model, checks) == proven(model, checks)


def test_columns_as_they_are_change_nothing_and_others_do(model: ForecastModel) -> None:
    history = PANEL.filter(PANEL["time"] <= SPLIT.train_end)
    steering = Steering(model)
    ahead = steering.ahead(history, 6)
    assert steering.predict(history, 6, ahead).equals(model.predict(history, 6))
    moved = steering.predict(history, 6, ahead.with_columns(hour=ahead["hour"] + 1.0))
    assert (moved["prediction"] != model.predict(history, 6)["prediction"]).all()


def test_a_direction_that_the_model_was_told_to_keep_is_checked_and_another_one_refuted() -> None:
    config = ModelConfig(
        targets=(Target(),),
        n_estimators=20,
        objective="l2",
        monotone={"hour": 1, "lag1": 1},
        min_child_samples=5,
    )
    features = FEATURES.model_copy(update={"lags": (1,), "means": (), "deviations": ()})
    kept = fit(up_to(PANEL, SPLIT.train_end), features, config, seed=1, threads=1)
    checks = ChecksConfig(names=("finite",), examples=1, seconds=60.0)
    found = proven(kept, checks)["monotone"]
    assert found.verdict == "passed"
    assert found.detail.startswith("all else equal, more hour never lowers a forecast (")
    refuted = proven(kept, checks.model_copy(update={"monotone": {"hour": -1}}))["monotone"]
    assert refuted.counter is not None
    (changed,) = refuted.counter.changed
    assert changed.column == "hour"
    assert float(changed.before) < float(changed.after)


def test_a_real_covariate_is_moved_through_the_model_and_a_wrong_declaration_told() -> None:
    """Warmth raises this demand: declared the other way round, the check says where it does not hold."""
    warmth = 10.0 + 8.0 * (pl.int_range(pl.len()).over("series") * 0.37).sin()
    warm = PANEL.with_columns(warmth.alias("known:temperature")).with_columns(
        pl.col("y") * (1.0 + 0.05 * pl.col("known:temperature"))
    )
    config = ModelConfig(targets=(Target(),), n_estimators=20, objective="l2", monotone={"temperature": 1})
    model = fit(up_to(warm, SPLIT.train_end), FEATURES, config, seed=1, threads=1)
    checks = ChecksConfig(names=("finite",), examples=1, windows=1, seconds=60.0)
    assert proven(model, checks, warm)["monotone"].verdict == "passed"
    refuted = proven(model, checks.model_copy(update={"monotone": {"temperature": -1}}), warm)["monotone"]
    assert refuted.counter is not None
    (changed,) = refuted.counter.changed
    assert (changed.series, changed.column) == ("a", "temperature")
    assert "raises the forecast of that stamp from " in (refuted.example or "")


def test_ids_that_are_the_series_themselves_leave_the_keys_alone() -> None:
    plain = PANEL.drop("area")
    config = ModelConfig(targets=(Target(),), n_estimators=2)
    features = FeatureConfig(lags=(1,), means=(), deviations=(), calendar=("hour",), ids=("series",))
    model = fit(up_to(plain, SPLIT.train_end), features, config, seed=1, threads=1)
    steering, history = Steering(model), up_to(plain, SPLIT.train_end)
    assert steering.names == ("id:series", "hour")
    ahead = steering.ahead(history, 6)
    assert ahead.columns == ["series", "time", "step", "id:series", "hour"]
    assert steering.predict(history, 6, ahead).equals(model.predict(history, 6))
