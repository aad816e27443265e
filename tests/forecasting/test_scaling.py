from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.errors import DataError
from penstock.forecasting.scaling import fit_scaling, scaling_of
from penstock.forecasting.targets import SCALES

NAMES = ("a", "b", "c")
VALUES = np.array([[1.0, 2.0, 4.0, np.nan], [10.0, 1000.0, 100.0, 10.0], [5.0, 5.0, 5.0, 5.0]])


@pytest.mark.parametrize("scale", SCALES)
def test_inverse_undoes_forward(scale: str) -> None:
    scaling = scaling_of(fit_scaling(VALUES, NAMES, scale), scale, NAMES)
    np.testing.assert_allclose(scaling.inverse(scaling.forward(VALUES)), VALUES, rtol=1e-12)


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.floats(1e-3, 1e9), min_size=3, max_size=20), scale=st.sampled_from(sorted(SCALES)))
def test_any_positive_series_round_trips(values: list[float], scale: str) -> None:
    row = np.array([values])
    scaling = scaling_of(fit_scaling(row, ("a",), scale), scale, ("a",))
    scaled = scaling.forward(row)
    assert np.isfinite(scaled).all()
    np.testing.assert_allclose(scaling.inverse(scaled), row, rtol=1e-6, atol=1e-9 * max(values))


def test_against_a_loop() -> None:
    table = fit_scaling(VALUES, NAMES, "log")
    scaled = scaling_of(table, "log", NAMES).forward(VALUES)
    for row, values in enumerate(VALUES):
        logs = [np.log(value) for value in values if not np.isnan(value)]
        mean = sum(logs) / len(logs)
        spread = (sum((each - mean) ** 2 for each in logs) / len(logs)) ** 0.5 if row != 2 else 1.0
        expected = [(np.log(value) - mean) / spread for value in values]
        np.testing.assert_allclose(scaled[row], expected, atol=1e-12)


def test_a_constant_series_is_not_blown_up() -> None:
    flat = np.full((1, 50), 0.1)
    for scale in ("standardise", "log", "auto"):
        scaling = scaling_of(fit_scaling(flat, ("a",), scale), scale, ("a",))
        assert np.abs(scaling.forward(flat)).max() < 1e-9
        assert scaling.spread[0] == 1.0
    zeros = fit_scaling(np.zeros((1, 5)), ("a",), "mean")
    assert zeros["spread"][0] == 1.0


def test_log_refuses_by_name() -> None:
    values = np.array([[1.0, 2.0], [0.0, 1.0], [-3.0, 2.0]])
    with pytest.raises(DataError, match=r"log needs values above zero; these 2 series.*b, c; use scale auto"):
        fit_scaling(values, NAMES, "log")


def test_auto_takes_the_log_where_it_can() -> None:
    values = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 2.0], [1e-6, 1.0, 2.0]])
    assert fit_scaling(values, NAMES, "auto")["log"].to_list() == [True, False, False]


def test_an_outage_after_training_is_floored() -> None:
    scaling = scaling_of(fit_scaling(np.array([[2.0, 4.0]]), ("a",), "log"), "log", ("a",))
    outage = scaling.inverse(scaling.forward(np.array([[0.0, -7.0, 0.5, 3.0]])))
    np.testing.assert_allclose(outage, [[1.0, 1.0, 1.0, 3.0]])


def test_an_unknown_series_is_named() -> None:
    table = fit_scaling(VALUES, NAMES, "none")
    with pytest.raises(DataError, match="not trained on 1 of the series: new"):
        scaling_of(table, "none", ("a", "new"))


def test_series_may_be_taken_in_any_order() -> None:
    table = fit_scaling(VALUES, NAMES, "standardise")
    turned = scaling_of(table, "standardise", ("c", "a"))
    whole = scaling_of(table, "standardise", NAMES)
    np.testing.assert_array_equal(turned.centre, whole.take(np.array([2, 0])).centre)


def test_what_rests_at_zero_has_a_least_value() -> None:
    values = np.array(
        [
            [0.0] * 9 + [3.0],
            [0.0, 1.0, -1.0] + [1.0] * 7,
            [2.0, 1.0] + [4.0] * 8,
            [0.0] * 10,
            [0.0] + [8.0] * 9,
        ]
    )
    names = ("sold", "signed", "never zero", "nothing", "short")
    table = fit_scaling(values, names, "auto")
    scaling = scaling_of(table, "auto", names)
    asked = np.array([[1.4, 1.6], [-0.5, 0.1], [0.1, -0.1], [0.2, 5.0], [-1.0, 4.0]])
    expected = [[0.0, 1.6], [-0.5, 0.1], [0.1, -0.1], [0.0, 0.0], [0.0, 4.0]]
    np.testing.assert_array_equal(scaling.settled(asked), expected)


def test_a_rare_small_value_is_not_the_least() -> None:
    values = np.array([[0.0, 1e-6] + [10.0] * 98])
    assert fit_scaling(values, ("a",), "standardise")["least"].to_list() == [5.0]
