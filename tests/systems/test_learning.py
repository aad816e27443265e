from __future__ import annotations

from penstock.evaluation.splits import SplitConfig, panel_times, plan_split
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.models import ModelConfig
from penstock.systems.shared.learning import as_given, climb_ensemble, fit_candidate, refit
from penstock.systems.shared.values import Effort, PanelShape, RemarkedClimb
from penstock.testing.panels import random_panel


def test_the_rung_that_averages_tells_its_weights() -> None:
    panel = random_panel({"a": (0, 300), "b": (0, 300)}).drop("area")
    times = panel_times(panel)
    split = plan_split(times, frequency="1h", horizon=6, config=SplitConfig(origins=1, folds=1))
    shape = PanelShape(
        frequency="1h",
        seasons=(24,),
        rows=panel.height,
        series=2,
        first=times[0],
        last=times[-1],
        static=(),
        columns={},
        cleaning={},
    )
    climbed = climb_ensemble(panel, shape, split, Effort(seed=1, threads=1))
    assert isinstance(climbed, RemarkedClimb)
    assert climbed.remark.startswith("weights ")


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
