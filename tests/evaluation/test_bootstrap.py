from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from penstock.domain.errors import DataError
from penstock.evaluation.bootstrap import BootstrapConfig, draw_blocks, intervals, paired_bootstrap
from penstock.evaluation.metrics import POINT_METRICS
from penstock.evaluation.scores import overall
from penstock.testing.panels import random_predictions, scales_of

CONFIG = BootstrapConfig(resamples=200)


def shifted(frame: pl.DataFrame, factor: float) -> pl.DataFrame:
    """The same forecasts with all errors multiplied."""
    return frame.with_columns(
        (pl.col("y") + factor * (pl.col("prediction") - pl.col("y"))).alias("prediction")
    )


@settings(max_examples=60, deadline=None)
@given(cutoffs=st.integers(2, 40), block=st.none() | st.integers(1, 50), seed=st.integers(0, 99))
def test_blocks_are_consecutive_and_fill_the_window(cutoffs: int, block: int | None, seed: int) -> None:
    draws = draw_blocks(cutoffs, BootstrapConfig(resamples=7, block=block, seed=seed))
    assert draws.shape == (7, cutoffs)
    assert draws.min() >= 0
    assert draws.max() < cutoffs
    length = min(block or max(1, round(cutoffs ** (1 / 3))), cutoffs)
    for start in range(0, cutoffs, length):
        assert (np.diff(draws[:, start : start + length], axis=1) == 1).all()


def test_resampling_draws_cutoffs_not_rows() -> None:
    frame = random_predictions(3, 6, 4)
    draws = draw_blocks(6, CONFIG)
    stamps = frame["cutoff"].unique().sort()
    per_cutoff = [frame.filter(cutoff=stamp) for stamp in stamps]
    slow = [
        overall(pl.concat([per_cutoff[n] for n in draw]), None, ["rmse"])["rmse"] for draw in draws.tolist()
    ]
    lower, upper = np.quantile(slow, [0.05, 0.95])
    found = intervals(frame, None, ["rmse"], CONFIG)["rmse"]
    assert [found.lower, found.upper] == pytest.approx([lower, upper])


def test_equal_seeds_give_equal_intervals_and_other_seeds_others() -> None:
    frame = random_predictions(3, 10)
    first, again = (intervals(frame, scales_of(frame), POINT_METRICS, CONFIG) for _ in range(2))
    assert first == again
    assert set(first) == set(POINT_METRICS)
    assert intervals(frame, None, ["mae"], CONFIG.model_copy(update={"seed": 1}))["mae"] != first["mae"]


def test_an_undefined_metric_and_a_single_cutoff_have_no_interval() -> None:
    frame = random_predictions(2, 4)
    assert set(intervals(frame, None, ["mae", "mase"], CONFIG)) == {"mae"}
    assert intervals(random_predictions(2, 1), None, ["mae"], CONFIG) == {}
    assert intervals(frame.with_columns(y=pl.lit(None, dtype=pl.Float64)), None, ["mae"], CONFIG) == {}


def autocorrelated(generator: np.random.Generator, cutoffs: int) -> pl.DataFrame:
    """One series, one step: errors of neighbouring cutoffs resemble each other; the mean absolute error is 1."""
    noise = generator.normal(size=cutoffs + 1)
    frame = random_predictions(1, cutoffs, 1)
    size = np.abs(1.0 + 0.3 * (noise[1:] + 0.5 * noise[:-1]))
    return frame.with_columns(y=pl.lit(0.0), prediction=pl.Series(size))


def test_a_nominal_90_percent_interval_covers_about_that() -> None:
    generator = np.random.default_rng(1)
    config = BootstrapConfig(resamples=200, level=0.9)
    hits = 0
    for _ in range(100):
        found = intervals(autocorrelated(generator, 60), None, ["bias"], config)["bias"]
        hits += found.lower <= 1.0 <= found.upper
    assert 0.78 <= hits / 100 <= 0.97


def test_a_better_forecast_is_found_better() -> None:
    frame = random_predictions(3, 12)
    found = paired_bootstrap(shifted(frame, 0.8), frame, "mase", scales_of(frame), CONFIG)
    assert found.probability == 1.0
    assert found.value == pytest.approx(0.8 * found.other)
    assert found.difference.upper < 0
    back = paired_bootstrap(frame, shifted(frame, 0.8), "mase", scales_of(frame), CONFIG)
    assert (back.probability, back.value) == (0.0, found.other)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99), metric=st.sampled_from(["mae", "bias", "rmse", "mape"]))
def test_two_probabilities_make_one(seed: int, metric: str) -> None:
    a, other = random_predictions(2, 6, seed=seed), random_predictions(2, 6, seed=seed + 1)
    b = a.with_columns(other["prediction"])
    one, two = paired_bootstrap(a, b, metric, None, CONFIG), paired_bootstrap(b, a, metric, None, CONFIG)
    assert one.probability + two.probability == pytest.approx(1.0)
    assert paired_bootstrap(a, a, metric, None, CONFIG).probability == 0.5


def test_a_forecast_with_holes_is_never_better() -> None:
    frame = random_predictions(2, 6)
    holes = shifted(frame, 0.1).with_columns(
        pl.when(pl.col("step") > 1).then("prediction").alias("prediction")
    )
    found = paired_bootstrap(holes, frame, "mae", None, CONFIG)
    assert found.probability == 0.0
    assert found.difference.upper == float("inf")


def test_other_rows_and_one_cutoff_are_refused() -> None:
    frame = random_predictions(2, 6)
    with pytest.raises(DataError, match="differ in rows or truths"):
        paired_bootstrap(frame, frame.head(5), "mae", None, CONFIG)
    single = random_predictions(2, 1)
    with pytest.raises(DataError, match="on 1 cutoffs; at least 2"):
        paired_bootstrap(single, single, "mae", None, CONFIG)


def test_a_wrong_config_is_refused() -> None:
    with pytest.raises(ValidationError, match="level"):
        BootstrapConfig(level=1.0)
