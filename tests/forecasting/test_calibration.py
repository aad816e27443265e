"""Where the errors of intervals come from: the end of the training part, and a model that ends before it."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest
from pydantic import ValidationError

from penstock.forecasting.calibration import (
    CalibrationPlan,
    IntervalsConfig,
    calibrate,
    calibration_cutoffs,
    in_turns,
)
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.targets import Target
from penstock.forecasting.training import fit
from penstock.testing.panels import START, grid, random_panel

LAGS = FeatureConfig(lags=(1, 24), means=(), deviations=())
TREES = ModelConfig(n_estimators=5, targets=(Target(scale="standardise", against="lag", steps=24),))
TRAINED = 400


def plan(train: int = TRAINED, every: int = 6, **config: object) -> CalibrationPlan:
    return CalibrationPlan(
        config=IntervalsConfig.model_validate(config),
        train_end=at(train - 1),
        horizon=6,
        every=every,
        season=24,
    )


def at(step: int) -> datetime:
    return START + timedelta(hours=step)


def trained(panel: pl.DataFrame, model: ModelConfig = TREES) -> ForecastModel:
    return fit(panel, LAGS, model, seed=1, threads=1)


def test_origins_end_with_the_training_part_and_take_a_third_of_it_at_most() -> None:
    times = grid(TRAINED)
    assert calibration_cutoffs(times, plan(origins=3), 24) == tuple(at(393 - back) for back in (12, 6, 0))
    many = calibration_cutoffs(times, plan(origins=1000), 24)
    assert (len(many), many[-1]) == (22, at(393))
    assert many[0] >= at(TRAINED * 2 // 3 - 1)
    assert calibration_cutoffs(times, plan(origins=1000, every=50), 24) == (at(293), at(343), at(393))


def test_the_model_keeps_a_row_to_learn_from() -> None:
    found = calibration_cutoffs(grid(60), plan(train=60, origins=1000, every=1), 48)
    assert found[0] == at(48)
    assert calibration_cutoffs(grid(60), plan(train=60), 54) == ()


def test_nothing_after_the_training_part_counts() -> None:
    panel = random_panel({"a": (0, 500), "b": (0, 500)})
    other = panel.with_columns(y=pl.when(pl.col("time") <= at(TRAINED - 1)).then("y").otherwise(-1e6))
    model = trained(panel)
    found = calibrate(panel, model, plan())
    assert calibrate(other, model, plan()) == found
    assert (found.origins, found.windows, found.residuals) == (22, 44, 44 * 6)
    assert (found.first, found.last) == (at(393 - 21 * 6), at(393))


def test_errors_are_those_of_a_model_that_ends_before_them() -> None:
    """A judged model that has seen everything must not lend its hindsight: only its configuration is taken."""
    panel = random_panel({"a": (0, 500), "b": (0, 500)})
    early, late = trained(panel.filter(pl.col("time") <= at(250))), trained(panel)
    assert calibrate(panel, early, plan()) == calibrate(panel, late, plan())


def test_most_later_values_lie_inside() -> None:
    panel = random_panel(dict.fromkeys("abcd", (0, 900)))
    model = trained(panel.filter(pl.col("time") <= at(599)))
    made = calibrate(panel, model, plan(train=600, levels=(0.5, 0.9)))
    later = made.with_bounds(
        model.predict_origins(panel, [at(step) for step in range(599, 890, 6)], 6)
    ).drop_nulls()
    inside = [
        float(later.select(pl.col("y").is_between(f"lower_{level}", f"upper_{level}").mean()).item())
        for level in (50, 90)
    ]
    assert inside == pytest.approx([0.5, 0.9], abs=0.04)


def test_models_take_turns_and_none_knows_the_windows_of_its_own_turn() -> None:
    assert in_turns(tuple(at(step) for step in range(5)), 2) == [(at(0), at(1)), (at(2), at(3), at(4))]
    assert in_turns((at(0), at(1)), 9) == [(at(0),), (at(1),)]
    panel = random_panel({"a": (0, 500), "b": (0, 500)})
    model = trained(panel)
    one, two, six = (calibrate(panel, model, plan(origins=12, fits=fits)) for fits in (1, 2, 6))
    assert (one.first, one.residuals) == (two.first, two.residuals) == (six.first, six.residuals)
    assert len({one.widths, two.widths, six.widths}) == 3


def test_constant_and_late_series() -> None:
    panel = random_panel({"a": (0, 500), "b": (0, 500), "late": (330, 500), "still": (0, 500)})
    panel = panel.with_columns(y=pl.when(pl.col("series") == "still").then(7.0).otherwise("y"))
    made = calibrate(panel, trained(panel), plan())
    assert sorted(made.scales) == ["a", "b", "late"]
    assert any("never errs" in note and note.endswith(": still") for note in made.notes)


def test_too_little_to_calibrate_is_said() -> None:
    panel = random_panel({"a": (0, 100)})
    made = calibrate(panel, trained(panel), plan(train=40))
    assert made.levels == ()
    said = "no intervals: the training part has room for 2 origins every 6 steps beside the history that the model needs, "
    assert made.notes == (said + "and at least 3 are needed; give more data, or lower intervals.every",)


def test_a_start_that_nothing_can_be_learned_from_is_said() -> None:
    panel = random_panel({"a": (0, 500)}).with_columns(
        y=pl.when(pl.col("time") <= at(300)).then(5.0).otherwise("y")
    )
    made = calibrate(panel, trained(panel), plan())
    assert made.levels == ()
    assert made.notes[0].startswith("no intervals: every series is constant: a")


def test_trees_learn_from_fewer_rows_and_ridges_from_all() -> None:
    panel = random_panel({"a": (0, 500), "b": (0, 500)})
    for model, same in ((TREES, False), (TREES.model_copy(update={"kind": "linear"}), True)):
        judged = trained(panel, model)
        few, all_ = (calibrate(panel, judged, plan(max_rows=rows)) for rows in (100, None))
        assert (few == all_) is same


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"levels": (0.9, 0.5)}, "levels must rise without repeats, got 0.9, 0.5"),
        ({"levels": (0.9, 0.9)}, "levels must rise without repeats"),
        ({"levels": (1.0,)}, "less than 1"),
        ({"levels": (90,)}, "less than 1"),
        ({"origins": 2}, "greater than or equal to 3"),
        ({"every": 0}, "greater than or equal to 1"),
    ],
)
def test_wrong_configurations(config: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        IntervalsConfig.model_validate(config)


def test_origins_are_spaced_as_told_or_as_the_final_window() -> None:
    assert IntervalsConfig().spaced(24).every == 24
    assert IntervalsConfig(every=6).spaced(24).every == 6
