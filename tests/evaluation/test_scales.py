from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.errors import ConfigError
from penstock.evaluation.scales import naive_scales
from penstock.testing.panels import grid, random_panel

NAN = float("nan")


@settings(max_examples=30, deadline=None)
@given(season=st.integers(1, 30), end=st.integers(0, 59), seed=st.integers(0, 99))
def test_scales_equal_a_slow_loop(season: int, end: int, seed: int) -> None:
    panel = random_panel({"a": (0, 60), "b": (20, 50)}, seed)
    holes = pl.Series(np.random.default_rng(seed).integers(0, 9, panel.height))
    panel = panel.with_columns(
        pl.when(holes == 0).then(None).when(holes == 1).then(NAN).otherwise("y").alias("y")
    )
    train_end = grid(60)[end]
    found = naive_scales(panel.sample(fraction=1.0, shuffle=True, seed=seed), season, train_end)
    assert found["series"].to_list() == ["a", "b"]
    for name, mae_scale, rmse_scale in found.rows():
        values = (
            panel.filter(pl.col("series") == name, pl.col("time") <= train_end)["y"].fill_null(NAN).to_list()
        )
        changes = [
            new - old for old, new in zip(values, values[season:], strict=False) if new - old == new - old
        ]
        if not changes:
            assert mae_scale is rmse_scale is None
            continue
        assert mae_scale == pytest.approx(sum(map(abs, changes)) / len(changes))
        assert rmse_scale == pytest.approx((sum(c * c for c in changes) / len(changes)) ** 0.5)


def test_a_constant_series_has_no_scale() -> None:
    panel = random_panel({"a": (0, 60)}).with_columns(y=pl.lit(3.0))
    assert naive_scales(panel, 24, grid(60)[59]).rows() == [("a", None, None)]


def test_what_comes_after_the_training_part_does_not_count() -> None:
    panel = random_panel({"a": (0, 60)})
    changed = panel.with_columns(pl.when(pl.col("time") > grid(60)[40]).then(1e9).otherwise("y").alias("y"))
    assert naive_scales(panel, 24, grid(60)[40]).equals(naive_scales(changed, 24, grid(60)[40]))


def test_a_season_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="season_length=0"):
        naive_scales(random_panel({"a": (0, 9)}), 0, grid(9)[8])
