"""The leak detector on a real model: it passes an honest one and names what a dishonest one saw."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from penstock.domain.results import CheckResult
from penstock.evaluation.splits import Split, SplitConfig, panel_times, plan_split, up_to
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.targets import Target
from penstock.forecasting.training import fit, resolve
from penstock.proving.runner import ChecksConfig
from penstock.proving.samples import sample_history
from penstock.systems.shared.checking import draw_sample, prove
from penstock.systems.shared.leaks import covariate_looks, leak_checks, split_looks
from penstock.testing.panels import random_panel

PANEL = random_panel({"a": (0, 400), "b": (0, 400)})
CONFIG = SplitConfig(origins=3, folds=2)
CHECKS = ChecksConfig(names=("finite",), seconds=60.0)
FEATURES = FeatureConfig(lags=(1, 24), means=(24,), calendar=("hour",))


def _split() -> Split:
    return plan_split(panel_times(PANEL), frequency="1h", horizon=12, config=CONFIG)


def _model(*, honest: bool = True) -> ForecastModel:
    rows = up_to(PANEL, _split().train_end) if honest else PANEL
    return fit(rows, FEATURES, ModelConfig(kind="linear", targets=(Target(),)), seed=1, threads=1)


def _proven(
    split: Split, model: ForecastModel, checks: ChecksConfig, panel: pl.DataFrame = PANEL
) -> tuple[CheckResult, ...]:
    sample = draw_sample(panel, split, model, checks, seed=3)
    return prove(panel, split, model, sample, checks)


def test_every_training_run_looks_for_leaks() -> None:
    found = _proven(_split(), _model(), CHECKS)
    assert [(check.name, check.verdict) for check in found] == [
        ("finite", "passed"),
        ("no_feature_leak", "passed"),
        ("no_overlap", "passed"),
        ("known_in_time", "skipped"),
    ]


def test_a_model_that_was_fitted_on_everything_is_found() -> None:
    split, model = _split(), _model(honest=False)
    history = sample_history(up_to(PANEL, split.train_end), 2, model.history + 24)
    (overlap,) = (
        one for one in leak_checks(PANEL, split, model, history, seed=1) if one.name == "no_overlap"
    )
    assert overlap.verdict == "failed"
    assert overlap.example is not None
    assert overlap.example.startswith("rows of the training: 72 of 752 rows: fitted on 752 rows")


def test_a_split_that_overlaps_itself_is_found() -> None:
    split = _split()
    early = split.model_copy(update={"train_end": PANEL["time"].max()})
    counts = {name: leak.count for name, leak in split_looks(PANEL, early, _model())}
    assert counts == {"rows of the training": 0, "final window": 72, "fold 1": 0, "fold 2": 0}


@pytest.mark.parametrize("horizon", [1, 12])
def test_short_horizons_leave_room_for_a_cutoff(horizon: int) -> None:
    split = plan_split(panel_times(PANEL), frequency="1h", horizon=horizon, config=CONFIG)
    found = _proven(split, _model(), CHECKS)
    assert {check.verdict for check in found} == {"passed", "skipped"}


def _covered() -> pl.DataFrame:
    """Return the panel with a covariate known ahead and one that is not, of which tomorrow's value tells the truth."""
    return PANEL.with_columns(
        (pl.col("y") + 1.0).alias("known:price"), pl.col("y").shift(1, fill_value=5.0).alias("past:stock")
    )


def _covered_model(*, base: int | None = None) -> ForecastModel:
    config = ModelConfig(kind="linear", targets=(Target(),))
    train = up_to(_covered(), _split().train_end)
    features, _ = resolve(train, FEATURES, config, horizon=12)
    if base is not None:
        late = [each.model_copy(update={"base": base, "ahead": 12 - base}) for each in features.covariates]
        features = features.model_copy(update={"covariates": tuple(late)})
    return fit(train, features, config, seed=1, threads=1)


def _verdicts(model: ForecastModel) -> dict[str, str]:
    names = ("consistency", "alone_or_in_batch", "reload", "no_leak")
    found = _proven(_split(), model, ChecksConfig(names=names, seconds=60.0), _covered())
    return {check.name: check.verdict for check in found}


def test_covariates_known_in_time_pass_every_look() -> None:
    assert set(_verdicts(_covered_model()).values()) == {"passed"}


def test_a_covariate_that_is_known_too_late_is_found_by_its_use() -> None:
    verdicts = _verdicts(_covered_model(base=0))
    assert verdicts["no_leak"] == "failed"


def test_a_declaration_that_does_not_hold_is_found() -> None:
    model = _covered_model()
    late = [each.model_copy(update={"ahead": 0}) for each in model.features.covariates]
    told = model.features.model_copy(update={"covariates": tuple(late)})
    look = covariate_looks(_covered(), _split(), replace(model, features=told))
    assert look is not None
    assert look.count == 3  # the known covariate, at each origin of the final window
    assert "price 2024-01-16T15:00Z was used at 2024-01-16T03:00Z and known at" in look.examples[0]
