"""Bounds and quantiles: scored as the plain functions do, in money too, and each with an interval."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.errors import ConfigError
from penstock.evaluation.bands import Bands, band_metrics, bound_of, levels_of
from penstock.evaluation.bootstrap import BootstrapConfig
from penstock.evaluation.bounds import interval_metrics
from penstock.evaluation.metrics import crps, pinball
from penstock.forecasting.conformal import Errors, calibrated
from penstock.testing.panels import random_predictions

ASKED = (0.015, 0.25, 0.5, 0.75, 0.95, 0.99)
DRAWS = BootstrapConfig(resamples=100, seed=1)
FRAME = random_predictions(3, 10, 6)
PRICES = {"s000": "2", "s001": "0.5", "s002": "10"}


def banded(levels: tuple[float, ...] = levels_of(ASKED)) -> pl.DataFrame:
    bounds = [
        (pl.col("prediction") + sign * level * pl.col("y").abs() / 3).alias(f"{side}_{100 * level:.10g}")
        for level in levels
        for sign, side in ((-1, "lower"), (1, "upper"))
    ]
    price = pl.col("series").replace_strict(PRICES, return_dtype=pl.String).alias("price")
    return FRAME.with_columns(*bounds, price)


def test_a_quantile_is_a_bound() -> None:
    assert levels_of(ASKED) == (0.5, 0.9, 0.97, 0.98)
    assert [bound_of(quantile) for quantile in ASKED] == [
        *("lower_97", "lower_50", "prediction", "upper_50", "upper_90", "upper_98")
    ]
    assert levels_of(()) == levels_of((0.5,)) == ()


def test_metrics_are_those_of_the_plain_functions_each_with_an_interval() -> None:
    rows = banded()
    found, ends = band_metrics(rows, Bands(quantiles=ASKED, price="price"), DRAWS)
    truth = rows["y"].to_numpy()
    columns = {quantile: rows[bound_of(quantile)].to_numpy() for quantile in ASKED}
    for quantile, said in columns.items():
        name = f"pinball_{100 * quantile:.10g}"
        assert found[name] == pytest.approx(pinball(y_true=truth, y_pred=said, quantile=quantile))
        each = np.maximum(quantile * (truth - said), (quantile - 1) * (truth - said))
        price = rows["price"].cast(pl.Float64).to_numpy()
        assert found[f"{name}_priced"] == pytest.approx(float((each * price).mean()))
    matrix = np.stack(list(columns.values()), axis=1)
    assert found["crps"] == pytest.approx(crps(y_true=truth, quantiles=matrix, levels=ASKED))
    assert found["price_sum"] == 12.5
    assert {name: found[name] for name in interval_metrics(rows)} == interval_metrics(rows)
    assert set(ends) == set(found) - {"price_sum"}
    assert all(ends[name].lower <= found[name] <= ends[name].upper for name in ends)


def test_bounds_that_are_missing_count_for_nothing() -> None:
    rows = banded().with_columns(lower_90=pl.lit(None, dtype=pl.Float64)).drop("lower_97", "upper_97")
    found, ends = band_metrics(rows, Bands(quantiles=ASKED), DRAWS)
    assert "coverage_90" not in found
    assert "pinball_1.5" not in found
    assert "pinball_95" in ends
    few = rows.filter(pl.col("cutoff") == pl.col("cutoff").min())
    assert band_metrics(few, Bands(quantiles=ASKED), DRAWS)[1] == {}
    assert band_metrics(FRAME, Bands(), DRAWS) == ({}, {})


@pytest.mark.parametrize(
    ("price", "message"),
    [
        ("prize", "'prize' is no static column of the data.*did you mean 'price'"),
        ("area", "s000, s001, s002 have no price"),
    ],
)
def test_prices_that_are_none(price: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        band_metrics(banded(), Bands(quantiles=ASKED, price=price), DRAWS)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    quantiles=st.sets(st.integers(10, 990).map(lambda n: n / 1000), min_size=2, max_size=6),
)
def test_quantiles_never_cross(seed: int, quantiles: set[float]) -> None:
    """Whatever quantiles are asked for, a higher one is nowhere below a lower one."""
    rng = np.random.default_rng(seed)
    errors = Errors(series=("s0", "s1"), units=np.ones(2), absolute=rng.exponential(size=(2, 60, 4)))
    made = calibrated(errors, levels_of(sorted(quantiles)))
    rows = pl.DataFrame(
        {"series": ["s0", "s1"] * 4, "step": [1, 1, 2, 2, 3, 3, 4, 4], "prediction": rng.normal(size=8)}
    )
    columns = made.with_bounds(rows)
    there = [bound_of(quantile) for quantile in sorted(quantiles) if bound_of(quantile) in columns.columns]
    values = columns.select(there).to_numpy()
    assert (np.diff(values, axis=1) >= -1e-12).all()
    assert len(there) >= len(quantiles) - 2
