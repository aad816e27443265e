from __future__ import annotations

import pytest

from penstock.evaluation.splits import SplitConfig, panel_times, plan_split
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.models import ModelConfig
from penstock.systems.shared.config import COURSE_FEATURES, COURSE_MODEL, RungName
from penstock.systems.shared.learning import as_given, fit_candidate, refit, rung_config
from penstock.systems.shared.values import Effort
from penstock.testing.panels import random_panel

MODELS: tuple[RungName, ...] = ("seasonal_linear", "course")


def test_what_is_registered_has_the_columns_of_what_was_judged() -> None:
    panel = random_panel({"a": (0, 160), "b": (0, 160)})
    split = plan_split(panel_times(panel), frequency="1h", horizon=24, config=SplitConfig(origins=1, folds=1))
    effort = Effort(seed=1, threads=1)
    study = as_given(ModelConfig(n_estimators=3), "mape")
    judged = fit_candidate(panel, split, FeatureConfig(), study, effort)
    registered = refit(panel, judged, effort)
    assert (
        max(judged.features.lags) == 26
    )  # two days are more than a third of the training part, not of everything
    assert (registered.features, registered.model) == (judged.features, judged.model)
    assert registered.rows == judged.rows + 2 * 24


@pytest.mark.parametrize(
    ("seasons", "steps"),
    [
        ((24, 168), {"seasonal_naive_short": 24, "seasonal_naive_long": 168, "moving_average": 24}),
        ((7,), {"seasonal_naive_short": 7, "seasonal_naive_long": None, "moving_average": 7}),
        ((), {"seasonal_naive_short": 1, "seasonal_naive_long": None, "moving_average": 4}),
    ],
)
def test_rungs_follow_the_seasons(seasons: tuple[int, ...], steps: dict[RungName, int | None]) -> None:
    for rung, expected in steps.items():
        config = rung_config(rung, seasons)
        assert (config.steps if config else None) == expected


def test_the_rungs_that_learn_are_models() -> None:
    linear, course = (rung_config(name, (24, 168)) for name in MODELS)
    assert linear is not None
    assert linear.model is not None
    assert [str(target) for target in linear.model.members] == ["standardise/lag24"]
    assert course is not None
    assert (course.features, course.model) == (COURSE_FEATURES, COURSE_MODEL)
