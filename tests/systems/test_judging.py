"""How a candidate is judged: the ratio to the better naive, and a ladder that nobody could climb."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from penstock.domain.errors import DataError
from penstock.evaluation.costs import CostConfig
from penstock.evaluation.splits import Split, SplitConfig, panel_times, plan_split
from penstock.forecasting.panel import season_lengths
from penstock.systems.shared.judging import headline, judge, over_naive
from penstock.systems.shared.learning import climb, known_seasons
from penstock.systems.shared.values import Effort, Judging, PanelShape, RemarkedClimb, Tried
from penstock.testing.panels import random_panel, random_predictions


def moved(predictions: pl.DataFrame, by: float) -> pl.DataFrame:
    """Put every prediction ``by`` above the truth."""
    return predictions.with_columns(prediction=pl.col("y") + by)


def test_each_series_counts_against_its_better_naive() -> None:
    truth = random_predictions(series=2)
    first = pl.col("series") == "s000"
    one = truth.with_columns(prediction=pl.col("y") + pl.when(first).then(2.0).otherwise(8.0))
    two = truth.with_columns(prediction=pl.col("y") - pl.when(first).then(4.0).otherwise(5.0))
    assert over_naive(moved(truth, 1.0), [one, two]) == pytest.approx((1 / 2 + 1 / 5) / 2)


def test_series_whose_naive_never_errs_are_left_out() -> None:
    truth = random_predictions(series=2)
    perfect = truth.with_columns(
        prediction=pl.col("y") + pl.when(pl.col("series") == "s000").then(0.0).otherwise(4.0)
    )
    assert over_naive(moved(truth, 1.0), [perfect]) == pytest.approx(1 / 4)
    assert over_naive(moved(truth, 1.0), [moved(truth, 0.0)]) is None
    assert over_naive(moved(truth, 1.0), []) is None


def test_the_ratio_is_summed_in_the_order_of_rows() -> None:
    predictions = random_predictions(series=50, cutoffs=40, horizon=24)
    naive = moved(predictions, 3.0)
    names = sorted(predictions["series"].unique())
    parts = [
        (predictions.filter(pl.col("series") == name), naive.filter(pl.col("series") == name))
        for name in names
    ]

    def mae(rows: pl.DataFrame) -> float:
        error = np.abs((rows["prediction"] - rows["y"]).to_numpy())
        return float(np.cumsum(error)[-1]) / len(error)  # one after the other

    ratios = [mae(ours) / mae(theirs) for ours, theirs in parts]
    assert over_naive(predictions, [naive]) == float(np.mean(ratios))


def unjudged() -> tuple[pl.DataFrame, PanelShape, Split]:
    """Return a panel without a second season, and how it is divided."""
    panel = random_panel({"a": (0, 300), "b": (0, 300)})
    times = panel_times(panel)
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
    return panel, shape, plan_split(times, frequency="1h", horizon=6, config=SplitConfig(origins=3))


def test_a_ladder_without_a_rung_says_why_each_is_missing() -> None:
    panel, shape, split = unjudged()
    effort = Effort(seed=1, threads=1)
    candidate = climb(panel, shape, split, "seasonal_naive_short", effort)
    skipped = climb(panel, shape, split, "seasonal_naive_long", effort)
    with pytest.raises(
        DataError, match=r"no rung.*seasonal_naive_long: these data have no second season.*ladder"
    ):
        judge(
            panel,
            shape,
            split,
            Tried(candidate=candidate, rungs=[skipped], oracle=None),
            Judging(metric="mae", seed=1),
        )


def test_what_a_rung_remarks_is_noted_and_skips_nothing() -> None:
    panel, shape, split = unjudged()
    effort = Effort(seed=1, threads=1)
    rung = climb(panel, shape, split, "seasonal_naive_short", effort)
    candidate = replace(rung, rung="model", label="model")
    tried = Tried(
        candidate=candidate, rungs=[RemarkedClimb(**vars(rung), remark="weights a 0.40, b 0.60")], oracle=None
    )
    found = judge(panel, shape, split, tried, Judging(metric="mae", seed=1))
    assert found.notes == ("rung seasonal_naive_24: weights a 0.40, b 0.60",)
    assert [scores.rung for scores in found.ladder.rungs] == ["seasonal_naive_24"]


def test_a_season_that_only_the_final_window_shows_is_not_known() -> None:
    noise, wave = np.random.default_rng(3).normal(0.0, 1.0, 200), 9.0 * np.sin(np.arange(400) * np.pi / 12.0)
    panel = random_panel({"a": (0, 600)}).with_columns(y=pl.Series(np.concatenate([noise, wave])))
    shape = unjudged()[1]
    split = plan_split(
        panel_times(panel), frequency="1h", horizon=20, config=SplitConfig(origins=20, folds=1)
    )
    assert season_lengths("1h", panel) == (24, 168)
    assert known_seasons(panel, shape, split) == ()
    rung = climb(panel, shape, split, "seasonal_naive_short", Effort(seed=1, threads=1))
    assert rung.label == "seasonal_naive_1"


def test_a_metric_that_is_undefined_stops_before_anything_is_registered() -> None:
    panel, shape, split = unjudged()
    closed = panel.with_columns(y=pl.when(pl.col("time") <= split.train_end).then("y").otherwise(0.0))
    rung = climb(closed, shape, split, "seasonal_naive_short", Effort(seed=1, threads=1))
    tried = Tried(candidate=replace(rung, label="model"), rungs=[rung], oracle=None)
    with pytest.raises(
        DataError, match=r"no MAPE on the final window.*of 36 values 36 are near zero.*metric=mae"
    ):
        judge(closed, shape, split, tried, Judging(metric="mape", seed=1))
    assert judge(closed, shape, split, tried, Judging(metric="mae", seed=1)).candidate.rows == 36


def test_a_model_that_leaves_forecasts_out_cannot_be_judged() -> None:
    panel, shape, split = unjudged()
    rung = climb(panel, shape, split, "seasonal_naive_short", Effort(seed=1, threads=1))
    nothing = rung.predictions.with_columns(prediction=pl.lit(None, dtype=pl.Float64))
    tried = Tried(candidate=replace(rung, label="model", predictions=nothing), rungs=[rung], oracle=None)
    with pytest.raises(DataError, match=r"no MAE on the final window.*a forecast is missing"):
        judge(panel, shape, split, tried, Judging(metric="mae", seed=1))


def test_prices_give_every_rung_a_cost_and_the_model_a_saving() -> None:
    panel, shape, split = unjudged()
    rung = climb(panel, shape, split, "seasonal_naive_short", Effort(seed=1, threads=1))
    better = rung.predictions.with_columns(prediction=(pl.col("prediction") + 3 * pl.col("y")) / 4)
    tried = Tried(candidate=replace(rung, label="model", predictions=better), rungs=[rung], oracle=None)
    prices = CostConfig(overstock=1.0, stockout=3.0, currency="DKK")
    found = judge(panel, shape, split, tried, Judging(metric="mae", seed=1, cost=prices))
    ours, theirs = found.candidate, found.ladder.rungs[0]
    assert ours.metrics["cost"] == pytest.approx(theirs.metrics["cost"] / 4)
    assert ours.metrics["cost_saved"] == pytest.approx(theirs.metrics["cost"] - ours.metrics["cost"])
    assert {"cost", "cost_saved"} <= set(ours.intervals)
    assert "cost" in theirs.intervals
    assert f"DKK a value less ({ours.intervals['cost_saved'].lower:.4g} …" in headline(found)
    without = judge(panel, shape, split, tried, Judging(metric="mae", seed=1))
    assert without.saving is None
    assert "cost" not in without.candidate.metrics


def test_where_zero_is_best_the_gain_is_that_of_the_distance() -> None:
    panel, shape, split = unjudged()
    rung = climb(panel, shape, split, "seasonal_naive_short", Effort(seed=1, threads=1))
    below = replace(rung, predictions=moved(rung.predictions, -4.0))
    tried = Tried(
        candidate=replace(rung, label="model", predictions=moved(rung.predictions, 3.0)),
        rungs=[below],
        oracle=None,
    )
    said = headline(judge(panel, shape, split, tried, Judging(metric="bias", seed=1)))
    assert said.startswith("BIAS 3, 25.0% better than the best baseline")
