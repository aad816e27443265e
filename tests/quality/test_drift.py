from __future__ import annotations

import itertools
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.quality.drift import LEAST_SHARE, ColumnDrift, difference, stability
from penstock.quality.profile import profile


def _drift(before: list[float] | list[str], after: list[float] | list[str]) -> ColumnDrift:
    (found,) = difference(profile(pl.DataFrame({"x": before})), profile(pl.DataFrame({"x": after}))).columns
    return found


def test_equal_profiles_do_not_drift() -> None:
    for values in ([1.0, 2.0, 3.0, 3.0, 9.0], ["a", "b", "b"]):
        found = _drift(values, values)
        assert (found.stability, found.missing) == (0.0, 0.0)


def test_a_shifted_normal_has_the_index_of_its_formula() -> None:
    chance = np.random.default_rng(7)
    before, after = chance.normal(0, 1, 20_000), chance.normal(0.5, 1, 20_000)
    found = _drift(list(before), list(after))
    assert found.shift == pytest.approx(0.5, abs=0.03)
    assert found.stability == pytest.approx(_slow_index(before, after), abs=0.02)


def _slow_index(before: np.ndarray, after: np.ndarray) -> float:
    edges = [-math.inf, *np.quantile(before, np.arange(0.1, 0.95, 0.1)), math.inf]
    total = 0.0
    for low, high in itertools.pairwise(edges):
        a, b = (max(float(np.mean((one > low) & (one <= high))), LEAST_SHARE) for one in (before, after))
        total += (b - a) * math.log(b / a)
    return total


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_the_index_is_symmetric_and_never_negative(one: list[float], other: list[float]) -> None:
    size = min(len(one), len(other))
    assert stability(one[:size], other[:size]) == pytest.approx(stability(other[:size], one[:size]))
    assert stability(one[:size], other[:size]) >= 0
    assert stability(one, one) == 0


def test_many_equal_values_are_one_bin() -> None:
    found = _drift([0.0] * 80 + [1.0] * 20, [0.0] * 20 + [1.0] * 80)
    assert found.stability == pytest.approx(2 * 0.6 * math.log(4), rel=0.1)


def test_a_new_text_is_noticed() -> None:
    found = _drift(["a"] * 50 + ["b"] * 50, ["a"] * 50 + ["new"] * 50)
    assert found.stability == pytest.approx((0.5 - LEAST_SHARE) * math.log(0.5 / LEAST_SHARE) * 2, rel=1e-3)
    assert found.shift is None


def test_a_constant_that_moves_has_no_standard() -> None:
    assert _drift([1.0, 1.0], [2.0, 2.0]).shift is None
    assert _drift([1.0, 1.0], [1.0, 1.0]).shift == 0.0


def test_columns_come_and_go_and_change_their_type() -> None:
    before = pl.DataFrame({"a": [1.0], "b": [1.0], "c": ["x"]})
    after = pl.DataFrame({"b": ["1"], "c": ["x"], "d": [2.0]})
    found = difference(profile(before), profile(after))
    assert {one.name: one.note for one in found.columns} == {
        "a": "gone",
        "b": "was Float64, is String",
        "c": "",
        "d": "new",
    }


def test_the_largest_drift_comes_first() -> None:
    before = pl.DataFrame({"calm": [1.0, 2.0, 3.0, 4.0], "moved": [1.0, 2.0, 3.0, 4.0]})
    after = pl.DataFrame({"calm": [1.0, 2.0, 3.0, 4.0], "moved": [11.0, 12.0, 13.0, None]})
    found = difference(profile(before), profile(after))
    assert [one.name for one in found.columns] == ["moved", "calm"]
    assert found.columns[0].missing == 0.25
    assert (found.rows, found.series) == (0, 0)


def test_personal_columns_show_only_how_much_is_missing() -> None:
    before, after = (
        profile(pl.DataFrame({"owner": names}), personal=["owner"])
        for names in (["Ann", "Bob"], ["Ann", None])
    )
    (found,) = difference(before, after).columns
    assert (found.stability, found.missing, found.note) == (None, 0.5, "personal")
