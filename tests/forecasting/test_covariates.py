from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import ConfigError
from penstock.forecasting.covariates import CovariateColumns, moving_sums
from penstock.forecasting.features import FeatureConfig, covariates_of

THERE = ("known:price", "past:stock")
NUMBERS = st.lists(st.integers(-50, 50), min_size=1, max_size=25)


def _resolved(horizon: int | None = 24, **fields: object) -> tuple[CovariateColumns, ...]:
    config = FeatureConfig.model_validate(fields)
    return covariates_of(config, THERE, seasons=(24, 168), horizon=horizon)


def test_a_known_covariate_is_seen_at_its_step_and_a_past_one_a_horizon_before() -> None:
    price, stock = _resolved(covariate_lags=[1, 24], covariate_means=[3])
    assert price.names == ("price", "price_lag1", "price_lag24", "price_mean3")
    assert stock.names == ("stock_lag24", "stock_lag25", "stock_lag48", "stock_mean3")
    assert (price.reach, stock.reach) == (24, 48)


def test_automatic_columns_follow_the_seasons() -> None:
    price, _ = _resolved()
    assert (price.lags, price.means) == ((1, 24, 168), (3, 24, 72, 168))


def test_names_are_fit_for_any_library() -> None:
    odd = CovariateColumns(name="known:Temp (°C), max", base=0, ahead=None, lags=(), means=())
    assert odd.names == ("Temp_C_max",)
    assert odd.model_copy(update={"name": "known:温度 [°C]"}).names == ("温度_C_",)


def test_what_is_known_later_is_looked_at_from_further_away() -> None:
    (stock,) = _resolved(
        covariates=["stock"], covariate_lags=[], covariate_means=[], known_ahead={"stock": -4}
    )
    assert stock.names == ("stock_lag28",)
    stock.require(24)
    with pytest.raises(
        ConfigError, match=r"stock is known -4 steps ahead.* so 24 steps can be forecast and not 25"
    ):
        stock.require(25)


def test_a_covariate_known_too_late_names_lead_and_horizon() -> None:
    with pytest.raises(
        ConfigError, match=r"price is known 12 steps ahead .*the horizon is 24: .*under past="
    ):
        _resolved(known_ahead={"price": 12})
    assert _resolved(known_ahead={"price": 24})[0].base == 0


def test_a_past_covariate_is_not_known_ahead() -> None:
    with pytest.raises(
        ConfigError,
        match=r"stock is known only for the past, and features.known_ahead says 3 steps ahead; say 0",
    ):
        _resolved(known_ahead={"stock": 3})


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(
        ConfigError, match=r"no covariate 'prize'; did you mean 'price'.*stock is known only for the past"
    ):
        _resolved(horizon=None, covariates=["prize", "stock"])


@given(NUMBERS, st.integers(1, 20), st.integers(0, 8), st.integers(0, 3))
def test_columns_are_those_of_a_slow_loop(numbers: list[int], window: int, lag: int, base: int) -> None:
    cut = len(numbers) // 2
    series = [part for part in (numbers[:cut], numbers[cut:]) if part]
    first = np.repeat(np.cumsum([0, *map(len, series)])[:-1], list(map(len, series))).astype(np.int64)
    spec = CovariateColumns(name="known:x", base=base, ahead=None, lags=(lag + 1,), means=(window,))
    now, before, mean = spec.columns(np.array(numbers, dtype=np.float64), first)

    def at(part: list[int], place: int) -> int:
        return part[max(place, 0)]

    places = [(part, place - base) for part in series for place in range(len(part))]
    assert now.tolist() == [at(*each) for each in places]
    assert before.tolist() == [at(part, place - lag - 1) for part, place in places]
    # What lies before a series counts as its first value, also where the base itself lies there.
    means = [sum(at(part, max(place, 0) - n) for n in range(window)) / window for part, place in places]
    np.testing.assert_allclose(mean, means, rtol=1e-12, atol=1e-12)


@given(NUMBERS, st.integers(1, 12), st.integers(0, 12))
def test_a_sum_depends_on_its_own_values_only(numbers: list[int], window: int, cut: int) -> None:
    values = np.array(numbers, dtype=np.float64) / 7
    whole = moving_sums(values, np.zeros(len(values), np.int64), window)
    rest = moving_sums(values[cut:], np.zeros(len(values[cut:]), np.int64), window)
    assert whole[cut + window - 1 :].tolist() == rest[window - 1 :].tolist()
