"""The leak detector on a real model: it passes an honest one and names what a dishonest one saw."""

from __future__ import annotations

import pytest

from penstock.domain.results import CheckResult
from penstock.evaluation.splits import Split, SplitConfig, panel_times, plan_split, up_to
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.targets import Target
from penstock.forecasting.training import fit
from penstock.proving.runner import ChecksConfig
from penstock.proving.samples import sample_history
from penstock.systems.shared.checking import draw_sample, prove
from penstock.systems.shared.leaks import leak_checks, split_looks
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


def _proven(split: Split, model: ForecastModel, checks: ChecksConfig) -> tuple[CheckResult, ...]:
    sample = draw_sample(PANEL, split, model, checks, seed=3)
    return prove(PANEL, split, model, sample, checks)


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
