"""Errors in money: prices that make no sense, and what a model saves against the cheapest baseline."""

from __future__ import annotations

import polars as pl
import pytest
from pydantic import ValidationError

from penstock.domain.results import Interval
from penstock.evaluation.bootstrap import BootstrapConfig
from penstock.evaluation.costs import CostConfig, Saving, saving
from penstock.evaluation.metrics import cost
from penstock.testing.panels import random_predictions

PRICES = CostConfig(overstock=2.0, stockout=5.0, currency="DKK")
TRUTH = random_predictions(3, 12, 6)
DRAWS = BootstrapConfig(resamples=200, seed=3)


def off(by: float) -> pl.DataFrame:
    return TRUTH.with_columns(prediction=pl.col("y") + by)


def priced(rows: pl.DataFrame) -> float:
    truth, said = (rows[name].to_numpy() for name in ("y", "prediction"))
    return cost(y_true=truth, y_pred=said, overstock_price=2.0, stockout_price=5.0)


def test_the_cheapest_rung_is_the_one_to_beat_by_hand() -> None:
    rungs = {"over": off(3.0), "under": off(-2.0)}
    found = saving(off(1.0), {name: (priced(rows), rows) for name, rows in rungs.items()}, PRICES, DRAWS)
    assert found is not None
    assert found.rung == "over"
    assert found.value == pytest.approx(3 * 2.0 - 1 * 2.0)
    assert found.describe() == "4 DKK a value less (4 … 4) than over"


def test_the_interval_is_paired_and_holds_the_value() -> None:
    ours, theirs = TRUTH.with_columns(pl.col("prediction")), TRUTH.with_columns(pl.col("prediction") - 3.0)
    found = saving(ours, {"rung": (priced(theirs), theirs)}, PRICES, DRAWS)
    assert found is not None
    assert found.interval is not None
    assert found.value == pytest.approx(priced(theirs) - priced(ours))
    assert found.interval.lower <= found.value <= found.interval.upper
    turned = saving(theirs, {"rung": (priced(ours), ours)}, PRICES, DRAWS)
    assert turned is not None
    assert turned.interval is not None
    assert turned.interval.upper == pytest.approx(-found.interval.lower)


def test_only_what_both_forecast_is_compared_and_one_day_has_no_interval() -> None:
    cutoffs = TRUTH["cutoff"].unique().sort()
    day = pl.col("cutoff") == cutoffs[0]
    found = saving(off(1.0), {"rung": (4.0, off(2.0).filter(day))}, PRICES, DRAWS)
    assert found == Saving(rung="rung", value=found.value if found else 0.0, interval=None, currency="DKK")
    assert found.value == pytest.approx(2.0)
    assert saving(off(1.0), {}, PRICES, DRAWS) is None
    assert saving(off(1.0).filter(~day), {"rung": (4.0, off(2.0).filter(day))}, PRICES, DRAWS) is None


@pytest.mark.parametrize(
    ("value", "ends", "said"),
    [
        (-3.0, (-4.0, -1.0), "3 EUR a value more (1 … 4) than naive"),
        (1.5, (-1.0, 4.0), "1.5 EUR a value less (which may be chance) than naive"),
    ],
)
def test_it_is_said_whether_it_may_be_chance(value: float, ends: tuple[float, float], said: str) -> None:
    interval = Interval(lower=ends[0], upper=ends[1], level=0.9)
    assert Saving(rung="naive", value=value, interval=interval, currency="EUR").describe() == said


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"overstock": 0, "stockout": 0}, "no error costs anything; give a price"),
        ({"overstock": -1, "stockout": 1}, "greater than or equal to 0"),
        ({"overstock": float("inf"), "stockout": 1}, "finite"),
        ({"overstock": 1}, "stockout"),
    ],
)
def test_prices_that_make_no_sense(config: dict[str, float], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        CostConfig.model_validate(config)
