from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.proving.search import Budget, Draw, Finding, draw_number, draw_order, draw_subset, search

if TYPE_CHECKING:
    from pathlib import Path

AMPLE = Budget(examples=40, deadline=1.0, clock=lambda: 0.0)
NAMES = ("a", "b", "c", "d")


def bits_of(data: st.DataObject) -> Draw:
    return lambda: data.draw(st.booleans())


@given(data=st.data(), top=st.integers(0, 40))
def test_numbers_stay_in_range(data: st.DataObject, top: int) -> None:
    assert 0 <= draw_number(bits_of(data), top) <= top


@given(data=st.data(), at_least=st.integers(0, 4))
def test_subsets_keep_order_and_size(data: st.DataObject, at_least: int) -> None:
    found = draw_subset(bits_of(data), NAMES, at_least)
    assert list(found) == sorted(set(found))
    assert len(found) >= at_least
    assert set(found) <= set(NAMES)


@given(data=st.data())
def test_orders_hold_every_name_once(data: st.DataObject) -> None:
    assert sorted(draw_order(bits_of(data), NAMES)) == list(NAMES)


def test_the_simplest_bits_give_the_simplest_case() -> None:
    assert draw_number(lambda: False, 9) == 0
    assert draw_subset(lambda: False, NAMES, 2) == ("a", "b")
    assert draw_order(lambda: False, NAMES) == NAMES


def test_a_failure_is_shrunk() -> None:
    names = tuple("abcdefghijklmnop")
    found = search(
        lambda draw: draw_subset(draw, names, 0),
        lambda some: "c with k" if {"c", "k"} <= {*some} else None,
        AMPLE,
    )
    assert (found.case, found.problem) == (("c", "k"), "c with k")


def test_a_number_is_shrunk_to_few_bits() -> None:
    found = search(lambda draw: draw_number(draw, 1000), lambda n: "too large" if n >= 137 else None, AMPLE)
    assert found.case is not None
    assert 137 <= found.case <= 256


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    found: Finding[int, str] = search(lambda draw: draw_number(draw, 1000), lambda n: None, AMPLE)
    assert found.case is None
    assert found.problem is None
    assert 1 < found.tried <= 40
    assert not found.cut_short


def test_equal_searches_try_equal_cases() -> None:
    tried: list[list[int]] = [[], []]
    for seen in tried:
        search(lambda draw: draw_number(draw, 1000), lambda n, seen=seen: seen.append(n), AMPLE)  # type: ignore[misc]  # append returns None, which says that nothing is wrong
    assert tried[0] == tried[1]


def test_a_failure_that_comes_and_goes_is_found() -> None:
    calls = count()
    found = search(
        lambda draw: draw_number(draw, 7), lambda n: "odd call" if next(calls) % 2 else None, AMPLE
    )
    assert found.problem == "odd call"


def test_a_case_tried_first_is_reported_when_nothing_smaller_fails() -> None:
    found = search(
        lambda draw: draw_number(draw, 3), lambda n: "huge" if n > 9 else None, AMPLE, first=(5, 99)
    )
    assert found.case == 99


def test_no_case_but_the_first_begins_after_the_time_is_over() -> None:
    ticks = count()
    budget = Budget(examples=40, deadline=3.0, clock=lambda: float(next(ticks)))
    found: Finding[int, str] = search(lambda draw: draw_number(draw, 1000), lambda n: None, budget)
    assert (found.tried, found.cut_short) == (4, True)


def test_a_search_writes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    search(lambda draw: draw_number(draw, 1000), lambda n: "too large" if n >= 137 else None, AMPLE)
    assert os.listdir(tmp_path) == []  # noqa: PTH208  # names are enough
