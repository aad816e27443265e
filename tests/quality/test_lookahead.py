from __future__ import annotations

import math
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import DataError, UsageError
from penstock.quality.lookahead import disturbed, moved
from penstock.testing.panels import random_panel

PANEL = random_panel(dict.fromkeys("abc", (0, 40)))
TIMES = PANEL["time"].unique().sort()
CUTOFF = TIMES[25]


def _honest(panel: pl.DataFrame) -> pl.DataFrame:
    y = pl.col("y").shift(1)
    return panel.select(
        "series", "time", y.over("series").alias("lag1"), y.rolling_mean(4).over("series").alias("mean4")
    ).drop_nulls()


def test_features_that_look_back_do_not_move() -> None:
    found = moved(_honest, PANEL, CUTOFF, seed=1)
    assert (found.culprit, found.values, found.rows, found.tries) == (None, 3 * 14, 3 * 22, 3)


def test_the_value_that_moves_a_feature_is_named() -> None:
    def centred(panel: pl.DataFrame) -> pl.DataFrame:
        return _honest(panel).join(
            panel.select("series", "time", pl.col("y").shift(-1).over("series").alias("lead")),
            on=["series", "time"],
        )

    found = moved(centred, PANEL, CUTOFF, seed=1)
    assert found.culprit is not None
    after = CUTOFF + timedelta(hours=1)
    assert found.culprit.startswith(
        f"changing 'a' at {after:%Y-%m-%dT%H:%MZ}, after the cutoff {CUTOFF:%Y-%m-%dT%H:%MZ}, "
        f"moves lead of 'a' at {CUTOFF:%Y-%m-%dT%H:%MZ}: "
    )
    assert found.tries <= 3 + 2 * math.log2(found.values) + 2


@given(st.sampled_from("abc"), st.integers(26, 39), st.sampled_from(["value", "above", "below"]))
def test_one_value_among_many_is_found(series: str, at: int, how: str) -> None:
    stamp = TIMES[at]
    old = PANEL.filter(pl.col("series") == series, pl.col("time") == stamp)["y"][0]

    def leaking(panel: pl.DataFrame) -> pl.DataFrame:
        seen = panel.filter(pl.col("series") == series, pl.col("time") == stamp)["y"][0]
        leaked = {"value": seen, "above": max(seen, old), "below": min(seen, old)}[how]
        return _honest(panel).with_columns(pl.lit(leaked).alias("leak"))

    found = moved(leaking, PANEL, CUTOFF, seed=3)
    assert found.culprit is not None
    assert found.culprit.startswith(f"changing {series!r} at {stamp:%Y-%m-%dT%H:%MZ}, after")


def test_a_scale_learnt_from_everything_is_a_leak() -> None:
    def scaled(panel: pl.DataFrame) -> pl.DataFrame:
        return panel.select("series", "time", pl.col("y") / pl.col("y").mean().over("series"))

    assert moved(scaled, PANEL, CUTOFF, seed=1).culprit is not None


def test_values_that_move_a_feature_only_together_are_told_together() -> None:
    last = PANEL.filter(pl.col("time") == TIMES[-1])["y"]

    def both(panel: pl.DataFrame) -> pl.DataFrame:
        now = panel.filter(pl.col("time") == TIMES[-1])["y"]
        return _honest(panel).with_columns(pl.lit(bool((now != last).all())).alias("all_moved"))

    found = moved(both, PANEL, CUTOFF, seed=1)
    assert found.culprit is not None
    assert "more together" in found.culprit


def test_rows_that_come_or_go_are_a_move() -> None:
    limit = 2 * float(PANEL["y"].to_numpy().max())

    def some(panel: pl.DataFrame) -> pl.DataFrame:
        return panel.filter(pl.col("y").max().over("series") < limit).select("series", "time")

    found = moved(some, PANEL, CUTOFF, seed=1)
    assert found.culprit is not None
    assert "moves its rows: 78 before, " in found.culprit


def test_where_nothing_can_be_shown_nothing_is_claimed() -> None:
    with pytest.raises(DataError, match="0 values after the cutoff, 108 rows"):
        moved(_honest, PANEL, TIMES[-1], seed=1)
    with pytest.raises(DataError, match="0 rows of features before it; choose a cutoff inside"):
        moved(_honest, PANEL, TIMES[2], seed=1)
    with pytest.raises(UsageError, match="columns time are missing"):
        moved(lambda panel: panel.drop("time"), PANEL, CUTOFF, seed=1)


def test_disturbing_changes_what_it_is_told_to() -> None:
    after = pl.col("time") > CUTOFF
    changed = disturbed(PANEL, after)
    assert changed.filter(~after).equals(PANEL.filter(~after))
    assert (changed.filter(after)["y"] != PANEL.filter(after)["y"]).all()


def _with_covariates() -> pl.DataFrame:
    return PANEL.with_columns((pl.col("y") * 2).alias("known:price"), (pl.col("y") + 1).alias("past:stock"))


def test_past_covariates_change_with_the_values_and_known_ones_stay() -> None:
    panel = _with_covariates()
    changed = disturbed(panel, pl.col("time") > CUTOFF)
    differs = [name for name in panel.columns if not changed[name].equals(panel[name])]
    assert differs == ["y", "past:stock"]
    assert changed.filter(pl.col("time") <= CUTOFF).equals(panel.filter(pl.col("time") <= CUTOFF))


def test_a_past_covariate_that_looks_ahead_is_found_and_a_known_one_may() -> None:
    def looks(name: str) -> str | None:
        ahead = pl.col(name).shift(-1).over("series").alias("ahead")
        return moved(
            lambda rows: rows.select("series", "time", ahead), _with_covariates(), CUTOFF, seed=1
        ).culprit

    assert looks("known:price") is None
    assert "moves ahead of" in str(looks("past:stock"))
