from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import DataError, UsageError
from penstock.quality.changes import changes
from penstock.quality.report import MAX_EXAMPLES
from penstock.testing.quality import HOUR, START, panel, rows

Cells = dict[tuple[str, int], float | None]
_CELLS = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.integers(0, 6)),
    st.sampled_from([1.0, 2.0, None, math.nan]),
    max_size=12,
)


def _frame(cells: Cells) -> pl.DataFrame:
    return panel([(series, START + hour * HOUR, y) for (series, hour), y in cells.items()])


@given(_CELLS, _CELLS)
def test_counts_agree_with_a_slow_loop(before: Cells, after: Cells) -> None:
    found = changes(_frame(before), _frame(after))
    both = before.keys() & after.keys()
    revised = [key for key in both if str(before[key]) != str(after[key])]
    assert (found.added, found.removed) == (len(after.keys() - both), len(before.keys() - both))
    assert (found.revised, found.unchanged) == (len(revised), len(both) - len(revised))
    assert found.revised_columns == ({"y": len(revised)} if revised else {})


def test_examples_say_what_became_of_a_row() -> None:
    before = panel(rows("a", range(4)), rows("old", [0]))
    after = panel(rows("a", range(4), [1.0, 9.0, None, 4.0]), rows("new", [1]))
    found = changes(before, after)
    assert [str(one) for one in found.revised_examples] == [
        "a 2024-01-01T01:00Z y: 2.0 → 9.0",
        "a 2024-01-01T02:00Z y: 3.0 → nothing",
    ]
    assert [str(one) for one in found.added_examples] == ["new 2024-01-01T01:00Z"]
    assert [str(one) for one in found.removed_examples] == ["old 2024-01-01T00:00Z"]


def test_examples_are_bounded_and_come_in_order() -> None:
    found = changes(panel(), panel(rows("b", range(50)), rows("a", range(50))))
    assert (found.added, len(found.added_examples)) == (100, MAX_EXAMPLES)
    assert str(found.added_examples[0]) == "a 2024-01-01T00:00Z"


def test_columns_of_one_frame_only_do_not_count() -> None:
    frame = panel(rows("a"))
    assert changes(frame, frame.with_columns(zone=pl.lit("DK1"))).unchanged == 6
    assert changes(frame.select("series", "time"), frame).revised == 0


def test_any_columns_can_be_the_key_and_personal_ones_are_masked() -> None:
    before = pl.DataFrame({"owner": ["Ann", "Bob"], "phone": ["1111", "2222"]})
    after = pl.DataFrame({"owner": ["Ann", "Cy"], "phone": ["3333", "2222"]})
    found = changes(before, after, keys=["owner"], personal=["owner", "phone"])
    assert (found.added, found.revised, found.removed) == (1, 1, 1)
    assert str(found.revised_examples[0]) == "(personal) phone: (personal) → (personal)"
    text = found.model_dump_json()
    assert not any(value in text for value in ("Ann", "Bob", "Cy", "1111", "3333"))


def test_a_key_must_name_one_row() -> None:
    frame = panel(rows("a", [0, 1, 1]))
    with pytest.raises(
        DataError, match=r"2 rows of the second frame share series, time: a 2024-01-01T01:00Z; one"
    ):
        changes(panel(rows("a")), frame)


def test_a_key_must_be_there() -> None:
    with pytest.raises(UsageError, match="the first frame lacks the key columns time; it has series, y"):
        changes(panel(rows("a")).drop("time"), panel(rows("a")))
