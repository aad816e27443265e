from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.evaluation.outliers import FARTHEST, FEWEST_PEERS, robust_distances

NUMBERS = st.floats(-1e6, 1e6)


def named(values: list[float]) -> dict[str, float]:
    return {f"m{number}": value for number, value in enumerate(values)}


def test_by_hand() -> None:
    found = robust_distances(named([1.0, 2.0, 3.0, 4.0, 100.0]), 0.1)
    assert found["m4"] == pytest.approx(97 / 1.4826)
    assert found["m0"] == pytest.approx(-2 / 1.4826)


def test_where_almost_all_are_equal_a_trifle_is_no_outlier() -> None:
    found = robust_distances(named([1.0] * 9 + [1.04]), 0.05)
    assert found["m9"] == pytest.approx(0.8)


@given(st.lists(NUMBERS, min_size=FEWEST_PEERS, max_size=30), st.floats(1e7, 1e9))
def test_less_than_half_cannot_bend_the_rule(values: list[float], odd: float) -> None:
    """However many odd values there are beside as many usual ones and one more, each is found."""
    count = (len(values) - 1) // 2
    usual = [value / 1e6 for value in values]
    found = robust_distances(named(usual + [odd] * count), 1.0)
    assert all(found[f"m{len(usual) + place}"] > FARTHEST for place in range(count))


@given(st.lists(NUMBERS, max_size=FEWEST_PEERS - 1))
def test_too_few_have_no_usual_value(values: list[float]) -> None:
    assert robust_distances(named(values), 1.0) == {}
