from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from penstock.domain.errors import ConfigError, DataError, UnknownNameError
from penstock.evaluation import metrics
from penstock.evaluation.metrics import METRICS, NEAR_ZERO, POINT_METRICS, get_metric

Values = NDArray[np.float64]
NAN = float("nan")
PLAIN = ["mape", "rmspe", "mae", "mse", "rmse", "wape", "bias", "smape"]


def finite(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


def values(low: float = -1e4, high: float = 1e4) -> st.SearchStrategy[Values]:
    return hnp.arrays(np.float64, st.integers(1, 12), elements=finite(low, high))


def pairs(low: float = -1e4) -> st.SearchStrategy[tuple[Values, Values]]:
    def couple(size: int) -> st.SearchStrategy[tuple[Values, Values]]:
        one = hnp.arrays(np.float64, size, elements=finite(low, 1e4))
        return st.tuples(one, one)

    return st.integers(1, 12).flatmap(couple)


def loop(name: str, y_true: Values, y_pred: Values, scale: Values) -> float:
    """The metric written as slowly and plainly as possible."""
    rows = [
        (t, p, s)
        for t, p, s in zip(*(each.tolist() for each in (y_true, y_pred, scale)), strict=True)
        if not math.isnan(t)
    ]
    large = [(t, p) for t, p, _ in rows if abs(t) > NEAR_ZERO]
    scaled = [(t, p, s) for t, p, s in rows if s > 0]

    def mean(items: list[float]) -> float:
        return sum(items) / len(items) if items else NAN

    def symmetric(t: float, p: float) -> float:
        return 2 * abs(p - t) / (abs(t) + abs(p)) if abs(t) + abs(p) else 0.0

    size = sum(abs(t) for t, _, _ in rows)
    table: dict[str, Callable[[], float]] = {
        "mape": lambda: mean([abs((p - t) / t) for t, p in large]),
        "rmspe": lambda: math.sqrt(mean([((p - t) / t) ** 2 for t, p in large])),
        "mae": lambda: mean([abs(p - t) for t, p, _ in rows]),
        "mse": lambda: mean([(p - t) ** 2 for t, p, _ in rows]),
        "rmse": lambda: math.sqrt(mean([(p - t) ** 2 for t, p, _ in rows])),
        "mase": lambda: mean([abs(p - t) / s for t, p, s in scaled]),
        "rmsse": lambda: math.sqrt(mean([((p - t) / s) ** 2 for t, p, s in scaled])),
        "wape": lambda: sum(abs(p - t) for t, p, _ in rows) / size if size else NAN,
        "bias": lambda: mean([p - t for t, p, _ in rows]),
        "smape": lambda: mean([symmetric(t, p) for t, p, _ in rows]),
    }
    return table[name]()


def call(name: str, y_true: Values, y_pred: Values, scale: Values) -> float:
    extra = {"scale": scale} if get_metric(name).needs_scale else {}
    return float(get_metric(name).function(y_true=y_true, y_pred=y_pred, **extra))


@pytest.mark.parametrize("name", POINT_METRICS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_each_metric_equals_a_slow_loop(name: str, data: st.DataObject) -> None:
    y_true, y_pred = data.draw(pairs())
    holes = data.draw(hnp.arrays(np.bool_, len(y_true)))
    scale = data.draw(hnp.arrays(np.float64, len(y_true), elements=st.sampled_from([0.0, 0.5, 3.0, NAN])))
    y_true = np.where(holes, NAN, y_true)
    np.testing.assert_allclose(
        call(name, y_true, y_pred, scale), loop(name, y_true, y_pred, scale), rtol=1e-9, equal_nan=True
    )


HAND = {
    "mape": (0.1 + 0.25) / 2,
    "rmspe": math.sqrt((0.01 + 0.0625) / 2),
    "mae": (1 + 1 + 2) / 3,
    "mse": (1 + 1 + 4) / 3,
    "rmse": math.sqrt(2),
    "mase": (1 + 1 + 2) / 3 / 2,
    "rmsse": math.sqrt(2) / 2,
    "wape": 4 / 14,
    "bias": (1 - 1 + 2) / 3,
    "smape": (2 / 21 + 2 / 7 + 2) / 3,
}


@pytest.mark.parametrize("name", POINT_METRICS)
def test_each_metric_equals_a_hand_computation(name: str) -> None:
    y_true, y_pred = np.array([10.0, 4.0, 0.0, NAN]), np.array([11.0, 3.0, 2.0, 99.0])
    assert call(name, y_true, y_pred, np.full(4, 2.0)) == pytest.approx(HAND[name])


def test_mape_has_no_upper_bound_and_counts_what_it_leaves_out() -> None:
    y_true, y_pred = np.array([0.0, 1e-12, 0.001, NAN]), np.array([5.0, 5.0, 5.0, 5.0])
    assert metrics.mape(y_true=y_true, y_pred=y_pred) == pytest.approx(4999.0)
    assert metrics.near_zero_rows(y_true=y_true) == 2


@pytest.mark.parametrize("name", POINT_METRICS)
def test_a_missing_prediction_is_not_excused(name: str) -> None:
    assert math.isnan(call(name, np.array([1.0, 2.0]), np.array([1.0, NAN]), np.ones(2)))


@pytest.mark.parametrize("name", POINT_METRICS)
def test_nothing_to_score_is_not_a_number(name: str) -> None:
    assert math.isnan(call(name, np.array([NAN]), np.array([1.0]), np.ones(1)))


@pytest.mark.parametrize("name", PLAIN)
def test_truth_and_prediction_cannot_be_swapped_by_position(name: str) -> None:
    with pytest.raises(TypeError, match="positional"):
        get_metric(name).function(np.ones(2), np.ones(2))


@settings(max_examples=30, deadline=None)
@given(pair=pairs(low=0.1), factor=st.floats(0.01, 100.0))
def test_relative_metrics_ignore_the_unit(pair: tuple[Values, Values], factor: float) -> None:
    for name in ("mape", "rmspe", "wape", "smape"):
        one, two = call(name, *pair, np.ones(1)), call(name, pair[0] * factor, pair[1] * factor, np.ones(1))
        assert one == pytest.approx(two, rel=1e-6, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(pair=pairs())
def test_no_metric_is_negative_and_the_order_of_means_holds(pair: tuple[Values, Values]) -> None:
    found = {name: call(name, *pair, np.ones(len(pair[0]))) for name in POINT_METRICS}
    assert all(value >= 0 or math.isnan(value) for name, value in found.items() if name != "bias")
    assert abs(found["bias"]) <= found["mae"] * (1 + 1e-9) <= found["rmse"] * (1 + 1e-8) + 1e-12
    assert found["smape"] <= 2 + 1e-12


@settings(max_examples=20, deadline=None)
@given(y_true=values())
def test_a_perfect_forecast_scores_zero(y_true: Values) -> None:
    for name in POINT_METRICS:
        found = call(name, y_true, y_true, np.ones(len(y_true)))
        assert found == 0.0 or math.isnan(found)


def test_cost_prices_each_side() -> None:
    y_true, y_pred = np.array([10.0, 10.0, NAN]), np.array([12.0, 7.0, 1.0])
    assert metrics.cost(y_true=y_true, y_pred=y_pred, overstock_price=2.0, stockout_price=5.0) == (4 + 15) / 2


@settings(max_examples=30, deadline=None)
@given(pair=pairs(), quantile=st.floats(0.01, 0.99))
def test_pinball_equals_a_slow_loop(pair: tuple[Values, Values], quantile: float) -> None:
    slow = [quantile * (t - p) if t >= p else (1 - quantile) * (p - t) for t, p in zip(*pair, strict=True)]
    found = metrics.pinball(y_true=pair[0], y_pred=pair[1], quantile=quantile)
    assert found == pytest.approx(sum(slow) / len(slow))


def test_pinball_at_the_median_is_half_the_absolute_error() -> None:
    y_true, y_pred = np.array([1.0, 5.0, NAN]), np.array([2.0, 1.0, 0.0])
    assert metrics.pinball(y_true=y_true, y_pred=y_pred, quantile=0.5) == 1.25


def test_coverage_counts_both_ends_in() -> None:
    y_true = np.array([1.0, 2.0, 3.0, 4.0, NAN])
    lower, upper = np.array([1.0, 0.0, 3.5, 5.0, 0.0]), np.array([2.0, 2.0, 4.0, 6.0, 0.0])
    assert metrics.coverage(y_true=y_true, lower=lower, upper=upper) == 0.5
    assert math.isnan(metrics.coverage(y_true=y_true, lower=lower, upper=np.full(5, NAN)))


@settings(max_examples=30, deadline=None)
@given(pair=pairs(), width=st.floats(0.0, 100.0), level=st.floats(0.05, 0.95))
def test_interval_score_is_the_pinball_of_both_ends(
    pair: tuple[Values, Values], width: float, level: float
) -> None:
    y_true, lower = pair
    upper, tail = lower + width, (1 - level) / 2
    found = metrics.interval_score(y_true=y_true, lower=lower, upper=upper, level=level)
    ends = [
        metrics.pinball(y_true=y_true, y_pred=end, quantile=q)
        for end, q in ((lower, tail), (upper, 1 - tail))
    ]
    assert found == pytest.approx(sum(ends) / tail, rel=1e-6, abs=1e-8)


def test_interval_score_by_hand() -> None:
    y_true = np.array([5.0, 0.0, 12.0])
    found = metrics.interval_score(y_true=y_true, lower=np.full(3, 2.0), upper=np.full(3, 10.0), level=0.8)
    assert found == pytest.approx((8 + (8 + 10 * 2) + (8 + 10 * 2)) / 3)


def test_crps_of_the_median_is_the_absolute_error_and_of_many_levels_nears_the_integral() -> None:
    y_true = np.array([0.3])
    assert metrics.crps(y_true=y_true, quantiles=np.array([[0.5]]), levels=(0.5,)) == pytest.approx(0.2)
    levels = tuple((n + 0.5) / 999 for n in range(999))
    found = metrics.crps(y_true=y_true, quantiles=np.array([levels]), levels=levels)
    assert found == pytest.approx(0.3**3 / 3 + 0.7**3 / 3, rel=1e-4)


def test_crps_refuses_levels_and_shapes_that_do_not_fit() -> None:
    with pytest.raises(ConfigError, match="must rise"):
        metrics.crps(y_true=np.ones(1), quantiles=np.ones((1, 2)), levels=(0.9, 0.1))
    with pytest.raises(DataError, match=r"need \(1, 2\)"):
        metrics.crps(y_true=np.ones(1), quantiles=np.ones((2, 2)), levels=(0.1, 0.9))
    with pytest.raises(ConfigError, match=r"quantile=1\.5 is not allowed"):
        metrics.pinball(y_true=np.ones(1), y_pred=np.ones(1), quantile=1.5)


def test_an_unknown_metric_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="no metric 'rmsp'; did you mean 'rmspe'"):
        get_metric("rmsp")


def test_the_registry_agrees_with_itself() -> None:
    assert all(name == metric.name == metric.function.__name__ for name, metric in METRICS.items())
    assert set(POINT_METRICS) <= set(METRICS)


def test_better_follows_the_direction_and_never_prefers_nan() -> None:
    assert get_metric("mae").better(1.0, 2.0)
    assert get_metric("bias").better(-0.1, 0.5)
    assert not get_metric("mae").better(NAN, 1.0)
    assert get_metric("mae").better(1.0, NAN)
    assert metrics.Metric(name="gain", function=metrics.mae, direction="maximise").better(2.0, 1.0)
