from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import UsageError
from penstock.quality.subsample.exact import without_copies


@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([1.0, 2.0, math.nan, None]))))
def test_the_first_of_equal_rows_stays(cells: list[tuple[str | None, float | None]]) -> None:
    table = pl.DataFrame(cells, schema={"id": pl.String, "y": pl.Float64}, orient="row")
    assert [str(row) for row in without_copies(table).rows()] == list(dict.fromkeys(map(str, cells)))
    assert without_copies(table, ["id"])["id"].to_list() == list(dict.fromkeys(one for one, _ in cells))


def test_a_column_must_be_there() -> None:
    with pytest.raises(UsageError, match="no columns names; it has id"):
        without_copies(pl.DataFrame({"id": [1]}), ["names"])
