"""What a champion may be compared on, and what is said where it cannot be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from penstock.domain.errors import DataError
from penstock.evaluation.splits import Split, SplitConfig, panel_times, plan_split, up_to
from penstock.forecasting.backtest import backtest
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.training import fit
from penstock.proving.promotion import PromotionConfig
from penstock.systems.shared.rematch import (
    AS_IT_SERVES,
    FITTED_LONGER,
    Champion,
    Kept,
    gates_against,
    on_common_rows,
    rematch,
)
from penstock.testing.panels import random_panel

PANEL = random_panel({"a": (0, 240), "b": (0, 240)})
FEATURES = FeatureConfig(lags=(1, 24), means=(), deviations=(), calendar=())


@pytest.fixture(scope="module")
def split() -> Split:
    config = SplitConfig(origins=4, folds=1)
    return plan_split(panel_times(PANEL), frequency="1h", horizon=6, config=config)


@pytest.fixture(scope="module")
def champion(split: Split) -> Champion:
    """Return one that knows series `a` only, up to the final window."""
    seen = up_to(PANEL, split.train_end).filter(pl.col("series") == "a")
    model: ForecastModel = fit(seen, FEATURES, ModelConfig(n_estimators=3), seed=1, threads=1)
    return Champion(name="x@v1", model=model, horizon=6, seen_until=split.train_end)


def test_a_champion_is_asked_for_the_series_it_knows(champion: Champion, split: Split) -> None:
    theirs, how = rematch(champion, split, PANEL)
    assert how == AS_IT_SERVES
    assert theirs["series"].unique().to_list() == ["a"]
    assert theirs["cutoff"].unique().sort().to_list() == list(split.final)


def test_values_of_the_window_reach_no_forecast_of_the_first_cutoff(champion: Champion, split: Split) -> None:
    after = pl.col("time") > split.train_end
    other = PANEL.with_columns(pl.when(after).then(pl.col("y") * 7).otherwise(pl.col("y")).alias("y"))
    first = pl.col("cutoff") == split.train_end
    for seen_until in (split.train_end, split.last):
        asked = replace(champion, seen_until=seen_until)
        told = [rematch(asked, split, panel)[0].filter(first)["prediction"] for panel in (PANEL, other)]
        assert told[0].to_list() == told[1].to_list()


def test_what_cannot_be_compared_is_told(champion: Champion, split: Split) -> None:
    days = split.model_copy(update={"frequency": "1d"})
    with pytest.raises(DataError, match="it forecasts every 1h, the candidate every 1d"):
        rematch(champion, days, PANEL)
    with pytest.raises(DataError, match="it knows none of the candidate's series"):
        rematch(champion, split, PANEL.filter(pl.col("series") == "b"))


def test_a_champion_that_learned_fewer_steps_is_fitted_again_for_them(split: Split) -> None:
    direct = ModelConfig.model_validate({"strategy": "direct", "steps": 3, "n_estimators": 2})
    model = fit(up_to(PANEL, split.train_end), FEATURES, direct, seed=1, threads=1)
    short = Champion(name="x@v1", model=model, horizon=3, seen_until=split.train_end)
    theirs, how = rematch(short, split, PANEL)
    assert how == FITTED_LONGER
    assert theirs["step"].max() == split.horizon


@pytest.mark.parametrize("kind", ["lightgbm", "linear"])
def test_a_champion_that_sees_the_past_of_a_covariate_is_fitted_again_for_more_steps(
    split: Split, kind: str
) -> None:
    warm = PANEL.with_columns((pl.int_range(pl.len()).over("series") * 0.37).sin().alias("past:wind"))
    seen, config = up_to(warm, split.train_end), ModelConfig.model_validate({"kind": kind, "n_estimators": 2})
    model = fit(seen, FEATURES, config, seed=1, threads=1, horizon=3)
    champion = Champion(name="x@v1", model=model, horizon=3, seen_until=split.train_end)
    theirs, how = rematch(champion, split, warm)
    assert how == FITTED_LONGER
    assert theirs["step"].max() == split.horizon
    longer = fit(seen, FEATURES, config, seed=1, threads=1, horizon=split.horizon)
    assert theirs.equals(backtest(longer, warm, split.final, split.horizon))


def test_a_covariate_that_is_not_known_so_far_ahead_is_told_by_a_gate(split: Split) -> None:
    features = FEATURES.model_copy(update={"known_ahead": {"wind": 3}})
    warm = PANEL.with_columns((pl.int_range(pl.len()).over("series") * 0.37).sin().alias("known:wind"))
    seen = up_to(warm, split.train_end)
    model = fit(seen, features, ModelConfig(n_estimators=2), seed=1, threads=1, horizon=3)
    champion = Champion(name="x@v1", model=model, horizon=3, seen_until=split.train_end)
    unread: Any = None  # nothing but the split and the predictions is asked for
    kept = Kept(
        release=unread,
        dataset=unread,
        split=split,
        judgement=unread,
        checks=(),
        predictions=warm,
    )
    *_, told = gates_against(champion, kept, warm, PromotionConfig())
    assert (told.gate, told.passed) == ("windows to compare with x@v1 on", False)
    assert told.detail.startswith("the covariate wind is known 3 steps ahead")


def test_only_common_rows_are_compared(champion: Champion, split: Split) -> None:
    theirs, _ = rematch(champion, split, PANEL)
    ours = theirs.with_columns(prediction=pl.col("y"), area=pl.lit("north"))
    extra = ours.with_columns(series=pl.lit("c"))
    left, right = on_common_rows(pl.concat([ours, extra]), theirs.filter(pl.col("step") <= 4))
    assert left.height == right.height == 4 * 4
    assert left.drop("prediction").equals(right.drop("prediction"))
    assert right["prediction"].to_list() == theirs.filter(pl.col("step") <= 4)["prediction"].to_list()
    with pytest.raises(DataError, match="there is no value that both of them forecast"):
        on_common_rows(extra, theirs)
