"""Slices that are really bad: a planted one is found, and chance names few."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.evaluation.bad_slices import FEWEST_VALUES, SHARE, adjusted, bad_slices, student_tail
from penstock.evaluation.bootstrap import BootstrapConfig
from penstock.evaluation.scores import overall
from penstock.evaluation.slices import SliceRequest
from penstock.testing.panels import random_predictions

DRAWS = BootstrapConfig(resamples=300)
REQUEST = SliceRequest(metric="mae", by=("series", "area"))
TRUTH = random_predictions(20, 16, 6).with_columns(y=pl.lit(100.0))


def erring(seed: int, planted: str = "", times: float = 2.0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Draw errors of a model and of a baseline twice as bad, which share the fate of a cutoff."""
    rng = np.random.default_rng(seed)
    fate = dict(zip(TRUTH["cutoff"].unique().sort().to_list(), np.exp(rng.normal(0, 0.5, 16)), strict=True))
    size = pl.col("cutoff").replace_strict(fate, return_dtype=pl.Float64)
    worse = pl.when(pl.col("series") == planted).then(times).otherwise(1.0)
    ours, theirs = (pl.Series(rng.normal(0, spread, TRUTH.height)) for spread in (1.0, 2.0))
    model = TRUTH.with_columns(prediction=pl.col("y") + size * worse * ours)
    return model, TRUTH.with_columns(prediction=pl.col("y") + size * theirs)


def test_chance_names_few() -> None:
    """Among forty families of 22 slices without any bad one, about four may name something."""
    named = [bad_slices(*erring(seed), None, REQUEST, DRAWS) for seed in range(40)]
    assert sum(bool(found) for found in named) <= 40 * SHARE * 2
    uncorrected = sum(len(found) for found in named) / (40 * 22)
    assert uncorrected < 0.01


def test_a_planted_slice_is_found_and_little_beside_it() -> None:
    others = 0
    for seed in range(10):
        found = bad_slices(*erring(seed, "s007", 3.0), None, REQUEST, DRAWS)
        assert (found[0].by, found[0].slice) == ("series", "s007")
        others += sum(one.slice != "s007" and one.by == "series" for one in found)
    assert others <= 3


def test_the_numbers_of_a_bad_slice() -> None:
    model, baseline = erring(3, "s007")
    found = bad_slices(model, baseline, None, REQUEST, DRAWS)[0]

    def ratio(rows: pl.Expr) -> float:
        ours, theirs = (overall(side.filter(rows), None, ["mae"])["mae"] for side in (model, baseline))
        return ours / theirs

    there = pl.col("series") == "s007"
    assert found.ratio == pytest.approx(ratio(there))
    assert found.elsewhere == pytest.approx(ratio(~there))
    assert found.interval.lower < found.ratio / found.elsewhere < found.interval.upper
    assert found.doubt <= SHARE
    assert found.count == 16 * 6


def test_a_slice_that_is_hard_for_everybody_is_not_bad() -> None:
    model, baseline = erring(1)
    hard = pl.col("y") + (pl.col("prediction") - pl.col("y")) * pl.when(pl.col("series") == "s003").then(
        10.0
    ).otherwise(1.0)
    ours, theirs = (side.with_columns(prediction=hard) for side in (model, baseline))
    assert "s003" not in [one.slice for one in bad_slices(ours, theirs, None, REQUEST, DRAWS)]


def test_what_cannot_be_asked_is_left_out() -> None:
    model, baseline = erring(2, "s007", 5.0)
    few = pl.col("cutoff") <= model["cutoff"].unique().sort()[2]
    assert bad_slices(model.filter(few), baseline.filter(few), None, REQUEST, DRAWS) == ()
    small = (pl.col("series") != "s007") | (pl.col("cutoff").rank("dense") * 6 < FEWEST_VALUES)
    left = bad_slices(model.filter(small), baseline, None, REQUEST, DRAWS)
    assert "s007" not in [one.slice for one in left]
    one = pl.col("series") == "s007"
    assert bad_slices(model.filter(one), baseline, None, REQUEST, DRAWS) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_adjustment_equals_a_slow_loop(p_values: list[float]) -> None:
    count = len(p_values)

    def slow(value: float) -> float:
        return min(
            1.0,
            *(other * count / sum(one <= other for one in p_values) for other in p_values if other >= value),
        )

    found = adjusted(np.array([*p_values, math.nan]))
    np.testing.assert_allclose(found[:-1], [slow(value) for value in p_values], rtol=1e-12)
    assert math.isnan(found[-1])


@pytest.mark.parametrize(
    ("degrees", "value", "tail"),
    # Critical values as printed in tables of the distribution.
    [
        (1, 6.314, 0.05),
        (2, 2.920, 0.05),
        (3, 4.541, 0.01),
        (6, 1.943, 0.05),
        (9, 2.821, 0.01),
        (30, 1.697, 0.05),
    ],
)
def test_tails_of_the_t_distribution(degrees: int, value: float, tail: float) -> None:
    found = student_tail(np.array([value, -value, 0.0, np.inf]), degrees)
    assert found[0] == pytest.approx(tail, rel=2e-3)
    assert found[1] == pytest.approx(1 - tail, rel=2e-3)
    assert found[2:].tolist() == pytest.approx([0.5, 0.0], abs=1e-12)
