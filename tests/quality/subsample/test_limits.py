from __future__ import annotations

from collections import Counter

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import UsageError
from penstock.quality.subsample.limits import at_most


@given(st.lists(st.sampled_from(["a", "b", "c", None]), max_size=40), st.integers(1, 6), st.integers(0, 5))
def test_each_group_keeps_what_it_may(ids: list[str | None], limit: int, seed: int) -> None:
    table = pl.DataFrame({"id": ids, "n": range(len(ids))}, schema={"id": pl.String, "n": pl.Int64})
    kept = at_most(table, ["id"], limit, seed=seed)
    assert Counter(kept["id"]) == {name: min(count, limit) for name, count in Counter(ids).items()}
    assert kept["n"].is_sorted()
    assert kept.equals(at_most(table, ["id"], limit, seed=seed))


def test_another_seed_draws_other_rows_and_every_row_can_be_drawn() -> None:
    table = pl.DataFrame({"id": ["a"] * 10, "n": range(10)})
    drawn = [tuple(at_most(table, ["id"], 3, seed=seed)["n"]) for seed in range(40)]
    assert len(set(drawn)) > 20
    assert {n for rows in drawn for n in rows} == set(range(10))


def test_groups_may_have_several_columns() -> None:
    table = pl.DataFrame({"a": [1, 1, 1], "b": [1, 1, 2]})
    assert at_most(table, ["a", "b"], 1, seed=1).rows() == [(1, 1), (1, 2)]


@pytest.mark.parametrize(("by", "limit"), [([], 3), (["id"], 0)])
def test_what_says_nothing_is_refused(by: list[str], limit: int) -> None:
    with pytest.raises(UsageError, match="name at least one column and allow at least one row"):
        at_most(pl.DataFrame({"id": [1]}), by, limit, seed=1)
    with pytest.raises(UsageError, match="no columns user"):
        at_most(pl.DataFrame({"id": [1]}), ["user"], 1, seed=1)
