from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.errors import ConfigError, UnknownNameError
from penstock.evaluation.metrics import POINT_METRICS, get_metric
from penstock.evaluation.scores import overall, score
from penstock.evaluation.terms import ScoreOptions, weight_of
from penstock.testing.panels import random_predictions, scales_of

NAN = float("nan")


def with_holes(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Some truths unknown, some zero."""
    generator = np.random.default_rng(seed)
    fate = pl.Series(generator.integers(0, 10, frame.height))
    return frame.with_columns(
        pl.when(fate == 0)
        .then(None)
        .when(fate == 1)
        .then(NAN)
        .when(fate == 2)
        .then(0.0)
        .otherwise("y")
        .alias("y")
    )


def slow(frame: pl.DataFrame, scales: pl.DataFrame, name: str) -> float:
    """The metric by its function, one array of everything."""
    joined = frame.join(scales, on="series", how="left", maintain_order="left")
    column = "rmse_scale" if name == "rmsse" else "mae_scale"
    extra = {"scale": joined[column].fill_null(NAN).to_numpy()} if get_metric(name).needs_scale else {}
    y_true, y_pred = joined["y"].fill_null(NAN).to_numpy(), joined["prediction"].to_numpy()
    return float(get_metric(name).function(y_true=y_true, y_pred=y_pred, **extra))


@pytest.mark.parametrize("by", [(), ("series",), ("area",), ("step",), ("cutoff",), ("area", "step")])
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_every_group_equals_the_metric_function(by: tuple[str, ...], seed: int) -> None:
    frame = with_holes(random_predictions(seed=seed), seed)
    scales = scales_of(frame).with_columns(
        pl.when(pl.col("series") != "s001").then(pl.col("mae_scale", "rmse_scale"))
    )
    found = score(frame, scales, POINT_METRICS, by)
    groups = (
        [((), frame)] if not by else sorted(frame.group_by(by), key=lambda pair: tuple(map(str, pair[0])))
    )
    assert found.height == len(groups)
    for row, (key, part) in zip(found.iter_rows(named=True), groups, strict=True):
        assert tuple(row[name] for name in by) == key
        for name in POINT_METRICS:
            np.testing.assert_allclose(row[name], slow(part, scales, name), rtol=1e-9, equal_nan=True)
        known = part.filter(pl.col("y").is_not_null() & pl.col("y").is_not_nan())
        assert row["rows"] == known.height
        assert row["near_zero_rows"] == known.filter(pl.col("y") == 0.0).height
        assert row["unscaled_rows"] == known.filter(pl.col("series") == "s001").height


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), by=st.sampled_from(["series", "area", "step"]))
def test_the_weighted_mean_of_groups_is_the_whole_for_additive_metrics(seed: int, by: str) -> None:
    frame = with_holes(random_predictions(seed=seed), seed)
    scales = scales_of(frame)
    groups, whole = score(frame, scales, POINT_METRICS, (by,)), overall(frame, scales, POINT_METRICS)
    counts = {
        "rows": groups["rows"],
        "relative_rows": groups["rows"] - groups["near_zero_rows"],
        "scaled_rows": groups["rows"] - groups["unscaled_rows"],
    }
    for name in POINT_METRICS:
        if not get_metric(name).additive:
            continue
        weight = counts[weight_of(name)].to_numpy()
        np.testing.assert_allclose(
            np.average(groups[name].to_numpy(), weights=weight), whole[name], rtol=1e-9
        )


def test_a_score_by_hand() -> None:
    frame = random_predictions(1, 1, 2).with_columns(
        y=pl.Series([10.0, 0.0]), prediction=pl.Series([11.0, 3.0])
    )
    found = score(frame, None, ["mape", "mae", "mase", "wape"]).row(0, named=True)
    assert found["mape"] == pytest.approx(0.1)
    assert (found["mae"], found["wape"], found["rows"]) == (2.0, 0.4, 2)
    assert (found["near_zero_rows"], found["unscaled_rows"]) == (1, 2)
    assert math.isnan(found["mase"])


def test_a_missing_prediction_spoils_its_group_only() -> None:
    frame = random_predictions(2, 1, 3).with_columns(
        pl.when((pl.col("series") == "s000") & (pl.col("step") == 1))
        .then(None)
        .otherwise("prediction")
        .alias("prediction")
    )
    found = score(frame, None, ["mae"], ("series",))
    assert math.isnan(found["mae"][0])
    assert found["mae"][1] > 0


def test_the_hour_is_local_where_asked() -> None:
    frame = random_predictions(1, 1, 3)
    assert score(frame, None, ["mae"], ("hour",))["hour"].to_list() == [1, 2, 3]
    local = score(frame, None, ["mae"], ("hour",), ScoreOptions(time_zone="Europe/Copenhagen"))
    assert local["hour"].to_list() == [2, 3, 4]


def test_the_cost_needs_prices_and_uses_them() -> None:
    frame = random_predictions(1, 1, 2).with_columns(
        y=pl.Series([10.0, 10.0]), prediction=pl.Series([12.0, 7.0])
    )
    with pytest.raises(ConfigError, match="give overstock_price and stockout_price"):
        overall(frame, None, ["cost"])
    assert overall(frame, None, ["cost"], ScoreOptions(overstock_price=2, stockout_price=5)) == {"cost": 9.5}


def test_nothing_known_scores_nan_and_no_group() -> None:
    frame = random_predictions().with_columns(y=pl.lit(None, dtype=pl.Float64))
    assert score(frame, None, ["mae"], ("series",)).is_empty()
    whole = score(frame, None, ["mae", "wape"]).row(0, named=True)
    assert whole["rows"] == 0
    assert math.isnan(whole["mae"])
    assert math.isnan(whole["wape"])


def test_unknown_names_are_refused() -> None:
    frame = random_predictions()
    with pytest.raises(UnknownNameError, match="cannot score point forecasts by maee; did you mean 'mae'"):
        score(frame, None, ["maee"])
    with pytest.raises(UnknownNameError, match="cannot group scores by region; the predictions hold series"):
        score(frame, None, ["mae"], ("region",))
    with pytest.raises(UnknownNameError, match="predictions lack prediction"):
        score(frame.drop("prediction"), None, ["mae"])


SCRIPT = """
from penstock.evaluation.scores import score
from penstock.testing.panels import random_predictions, scales_of
frame = random_predictions(40, 12, 24)
for by in ((), ("series",), ("cutoff",), ("area",)):
    print([value.hex() for value in score(frame, scales_of(frame), ["mae", "rmsse", "mape"], by)["mae"]])
"""


def test_the_last_bit_does_not_depend_on_the_number_of_threads() -> None:
    runs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={"POLARS_MAX_THREADS": threads, "PYTHONPATH": ":".join(filter(None, sys.path))},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for threads in ("1", "3")
    }
    assert len(runs) == 1
