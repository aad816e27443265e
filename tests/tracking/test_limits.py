from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.tracking import limits
from penstock.tracking.backend import Backend


def test_nested_parameters_get_dotted_names() -> None:
    values = {"model": {"trees": 50, "lags": [1, 24], "extra": {}}, "name": "øst", "none": None}

    assert limits.params_of(values) == {
        "model.trees": "50",
        "model.lags": "[1, 24]",
        "model.extra": "{}",
        "name": "øst",
        "none": "null",
    }


def test_long_values_are_cut_and_say_so() -> None:
    [value] = limits.params_of({"x": "y" * 10_000}).values()

    assert len(value) == limits.MAX_PARAM_VALUE
    assert value.endswith("…")


def test_parameters_are_bounded_in_number() -> None:
    assert len(limits.params_of({f"p{i}": i for i in range(5_000)})) == limits.MAX_PARAMS


def test_names_that_become_equal_are_told_apart() -> None:
    assert limits.params_of({"a/b": 1, "a:b": 2, "a_b": 3}) == {"a_b": "1", "a_b_2": "2", "a_b_3": "3"}


def test_absent_tags_are_left_out() -> None:
    assert limits.tags_of({"a": None, "b": ""}) == {"b": ""}


@given(st.text(max_size=300))
def test_every_name_becomes_one_that_mlflow_takes(backend: Backend, name: str) -> None:
    from mlflow.utils import validation

    key = limits.safe_key(name)

    for kind in ("metric", "param", "tag"):
        getattr(validation, f"_validate_{kind}_name")(key)
    assert 0 < len(key) <= limits.MAX_KEY


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (2, [2]), (3, [2, 1])])
def test_batches_hold_everything_once(count: int, sizes: list[int]) -> None:
    parts = list(limits.batches(range(count), 2))

    assert [len(part) for part in parts] == sizes
    assert [item for part in parts for item in part] == list(range(count))
