from __future__ import annotations

import math
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from penstock.proving.promotion import (
    PromotionConfig,
    Yardstick,
    age_gate,
    better_gate,
    harm_gate,
    horizon_gate,
    incomparable,
    report_gate,
    series_gate,
)
from penstock.testing.panels import random_predictions

POLICY = PromotionConfig()
MAE = Yardstick(metric="mae", scales=None)


def closer(frame: pl.DataFrame, share: float, series: str | None = None) -> pl.DataFrame:
    """Return predictions whose errors are ``share`` of what they were, in one series or in all."""
    moved = pl.col("y") + (pl.col("prediction") - pl.col("y")) * share
    where = pl.lit(True) if series is None else pl.col("series") == series
    return frame.with_columns(prediction=pl.when(where).then(moved).otherwise(pl.col("prediction")))


def test_a_better_candidate_passes_and_a_worse_one_does_not() -> None:
    champion = random_predictions(3, 12)
    found = better_gate("x@v1", closer(champion, 0.8), champion, MAE, POLICY)
    assert (found.passed, found.number, found.threshold) == (True, 1.0, 0.9)
    assert found.detail.startswith("mae ")
    assert "over 12 origins and 216 values" in found.detail
    back = better_gate("x@v1", champion, closer(champion, 0.8), MAE, POLICY)
    assert (back.passed, back.number) == (False, 0.0)
    assert back.gate == "probability of beating x@v1"


def test_the_champion_itself_does_not_beat_the_champion() -> None:
    champion = random_predictions(3, 12)
    for probability in (0.5001, 0.9, 0.99):
        policy = PromotionConfig(probability=probability)
        found = better_gate("x@v1", champion, champion, MAE, policy)
        assert (found.passed, found.number) == (False, 0.5)


@given(seed=st.integers(0, 50), share=st.floats(0.5, 1.5))
def test_of_two_rivals_at_most_one_passes(seed: int, share: float) -> None:
    a = random_predictions(2, 8, seed=seed)
    b = closer(random_predictions(2, 8, seed=seed), share, "s001")
    passed = [
        better_gate("x", *pair, MAE, PromotionConfig(probability=0.51)).passed for pair in ((a, b), (b, a))
    ]
    assert sum(passed) <= 1


@pytest.mark.parametrize(("probability", "fewest"), [(0.51, 2), (0.75, 2), (0.9, 4), (0.99, 7)])
def test_a_probability_needs_as_many_origins_as_luck_alone_would(probability: float, fewest: int) -> None:
    policy = PromotionConfig(probability=probability)
    assert policy.fewest_origins == fewest
    champion = random_predictions(2, fewest - 1)
    found = better_gate("x@v1", closer(champion, 0.5), champion, MAE, policy)
    assert (found.passed, found.number, found.threshold) == (False, fewest - 1, fewest)
    assert found.gate == "origins to compare with x@v1 at"
    assert "raise split.origins" in found.detail
    more = random_predictions(2, fewest)
    assert better_gate("x@v1", closer(more, 0.5), more, MAE, policy).passed


def test_one_harmed_slice_is_named_with_its_numbers() -> None:
    champion = random_predictions(4, 12)
    found = harm_gate("x@v1", closer(champion, 1.2, "s002"), champion, MAE, POLICY)
    assert not found.passed
    assert found.number == pytest.approx(0.2)
    assert found.threshold == 0.05
    assert found.detail.startswith(
        "1 of 4 slices harmed, 0 too small or undefined to judge: series s002 (mae "
    )
    assert "+20.0%, 72 values)" in found.detail
    assert harm_gate("x@v1", closer(champion, 1.04, "s002"), champion, MAE, POLICY).passed


@given(seed=st.integers(0, 50), share=st.floats(0.7, 1.4))
def test_harm_agrees_with_a_slow_loop(seed: int, share: float) -> None:
    champion = random_predictions(3, 6, seed=seed)
    ours = closer(champion, share, "s001")
    harms = []
    for name in ("s000", "s001", "s002"):
        errors = [
            [
                abs(row["prediction"] - row["y"])
                for row in frame.iter_rows(named=True)
                if row["series"] == name
            ]
            for frame in (ours, champion)
        ]
        harms.append(sum(errors[0]) / sum(errors[1]) - 1)
    assume(abs(max(harms) - 0.05) > 1e-6)
    found = harm_gate("x@v1", ours, champion, MAE, POLICY)
    assert found.number == pytest.approx(max(harms), abs=1e-9)
    assert found.passed == (max(harms) <= 0.05)


def test_small_slices_are_counted_and_not_judged() -> None:
    champion = random_predictions(2, 4)  # 24 values a series
    ours = closer(champion, 3.0, "s001")
    assert not harm_gate("x@v1", ours, champion, MAE, PromotionConfig(slice_values=24)).passed
    found = harm_gate("x@v1", ours, champion, MAE, PromotionConfig(slice_values=25))
    assert (found.passed, found.number, found.threshold) == (False, 24.0, 25.0)
    assert "lower promotion.slice_values" in found.detail


def test_an_error_from_nothing_and_a_missing_forecast_are_harm() -> None:
    champion = random_predictions(2, 8).with_columns(prediction=pl.col("y"))
    worse = champion.with_columns(
        prediction=pl.when(pl.col("series") == "s000").then(pl.col("y") + 1).otherwise(pl.col("y"))
    )
    found = harm_gate("x@v1", worse, champion, MAE, POLICY)
    assert (found.passed, found.number) == (False, None)
    assert "from nothing" in found.detail
    assert harm_gate("x@v1", champion, champion, MAE, POLICY).passed
    base = random_predictions(2, 8)
    silent = base.with_columns(
        prediction=pl.when(pl.col("series") == "s000").then(math.nan).otherwise(pl.col("prediction"))
    )
    assert not harm_gate("x@v1", silent, base, MAE, POLICY).passed


def test_what_would_be_lost() -> None:
    assert series_gate("x@v1", [], POLICY).passed
    lost = series_gate("x@v1", ["b", "a"], POLICY)
    assert (lost.passed, lost.number, lost.threshold) == (False, 2.0, 0.0)
    assert "a, b" in lost.detail
    assert series_gate("x@v1", ["b", "a"], PromotionConfig(may_lose=2)).passed
    assert horizon_gate("x@v1", 48, 24).passed
    assert not horizon_gate("x@v1", 12, 24).passed
    old, new = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    assert age_gate("x@v1", new, old).passed
    assert age_gate("x@v1", new, new).passed
    assert age_gate("x@v1", old, new).number == 24.0
    assert not age_gate("x@v1", old, new).passed
    assert not incomparable("x@v1", "no common series").passed


def test_a_report_is_acknowledged_or_the_policy_is_automatic() -> None:
    assert report_gate(acknowledged=True, automatic=False, report="r.html").passed
    assert report_gate(acknowledged=False, automatic=True, report="r.html").passed
    refused = report_gate(acknowledged=False, automatic=False, report="r.html")
    assert (refused.passed, refused.number, refused.threshold) == (False, 0.0, 1.0)
    assert refused.detail.startswith("read r.html, then say so with --acknowledge")


@pytest.mark.parametrize(
    "values", [{"probability": 0.5}, {"probability": 1.0}, {"harm_tolerance": -0.1}, {"slice_values": 0}]
)
def test_no_policy_lets_a_probably_worse_candidate_pass(values: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(values))):
        PromotionConfig.model_validate(values)
