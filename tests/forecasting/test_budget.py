from __future__ import annotations

import pytest
from pydantic import ValidationError

from penstock.forecasting.budget import Budget
from penstock.forecasting.tuning import TuneConfig, priced
from penstock.systems.shared.config import ForecastingConfig


def budget(wall_s: float | None, cpu_s: float | None, at: float) -> Budget:
    return Budget(wall_s=wall_s, cpu_s=cpu_s, wall_start=10.0, cpu_start=2.0, wall=lambda: at, cpu=lambda: at)


def test_the_limit_that_is_reached_is_named() -> None:
    assert budget(None, None, 1e9).ended_by == ""
    assert not budget(5.0, 20.0, 14.9).spent
    assert budget(5.0, 20.0, 15.0).ended_by == "tune.timeout_s=5 is over"
    assert "20 processor seconds are spent" in budget(None, 20.0, 22.0).ended_by
    assert not budget(None, 20.0, 21.9).spent


def test_money_buys_processor_seconds_and_the_smaller_limit_holds() -> None:
    config = TuneConfig(money=0.5)
    assert priced(config, 2.0).cpu_s == 900.0
    assert priced(config.model_copy(update={"cpu_s": 60.0}), 2.0).cpu_s == 60.0
    assert priced(config, 2.0).money is None
    assert priced(TuneConfig(), 2.0) == TuneConfig()


def test_money_needs_a_price() -> None:
    with pytest.raises(
        ValidationError, match="needs price_per_cpu_hour above 0: what one processor hour costs"
    ):
        ForecastingConfig.model_validate({"tune": {"money": 0.5}})
    given = {"tune": {"money": 0.5}, "price_per_cpu_hour": 0.04}
    assert ForecastingConfig.model_validate(given).tune.money == 0.5
