"""Differences against plain loops, in memory, in many more histories than files would allow."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.windows import Window
from penstock.storage.tables.arrival import Known
from penstock.storage.tables.differences import Look, differences
from penstock.testing.table_model import SCHEMA, Answer, Kept, SlowTable
from penstock.testing.tables import WINDOW, answers, hour, shown

if TYPE_CHECKING:
    import polars as pl


class Memory:
    """An observation table without files."""

    def __init__(self) -> None:
        import polars as pl

        types = {**SCHEMA.stored_types(), "revision": pl.Boolean()}
        self.rows = pl.DataFrame(schema=types)
        self.marks: set[str] = set()
        self.looks: list[Look] = []
        self.content = 0

    def append(self, answer: Answer) -> None:
        import polars as pl

        if answer.mark in self.marks:
            return
        self.marks.add(answer.mark)
        known = self.rows.filter(
            (pl.col("time") >= answer.window.start) & (pl.col("time") < answer.window.end)
        )
        found = differences(SCHEMA, answer.arrival, known, self.looks)
        if answer.complete:
            self.looks.append(Look(answer.window, answer.received_at))
        self.content += not found.rows.is_empty()
        rows = found.rows.with_columns(pl.lit(self.content, dtype=pl.Int64).alias("sequence"))
        self.rows = pl.concat([self.rows, rows.select(self.rows.columns)])
        assert found.added + found.revised + found.removed == rows.height

    def kept(self) -> list[Kept]:
        rows = self.rows.drop("revision").sort("time", "series", "known_at", "sequence")
        return [Kept(**row) for row in rows.iter_rows(named=True)]


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_differences_are_those_of_plain_loops(data: st.DataObject) -> None:
    memory, slow = Memory(), SlowTable()
    for number in range(data.draw(st.integers(1, 8))):
        answer = data.draw(answers(f"mark {number}"))
        memory.append(answer)
        slow.append(answer)
        assert memory.kept() == slow.history(hour(999), None, slow.content)


@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_every_observation_has_one_first_sight_and_it_is_the_oldest(data: st.DataObject) -> None:
    memory = Memory()
    for number in range(data.draw(st.integers(1, 6))):
        memory.append(data.draw(answers(f"mark {number}")))
    ordered = memory.rows.sort("sequence", "known_at")
    for _, rows in ordered.group_by("time", "series"):
        assert rows["revision"].to_list() == [False] + [True] * (rows.height - 1)
        assert not rows["deleted"][0]


@pytest.mark.parametrize(
    ("looks", "known_at"),
    [
        ([], 2),
        ([(0, 4, 1)], 2),
        ([(0, 4, 2)], 12),
        ([(0, 4, 9)], 12),
        ([(0, 4, 9), (0, 4, 1)], 12),
        ([(1, 4, 9)], 2),
        ([(-4, 0, 9)], 2),
        ([(0, 4, 12)], 2),
        ([(0, 4, 13)], 2),
    ],
)
def test_an_earlier_look_without_the_row_refutes_the_assumed_lag(
    looks: list[tuple[int, int, int]], known_at: int
) -> None:
    answer = Answer(
        shown=shown(1.0),
        window=WINDOW,
        received_at=hour(12),
        known=Known.assumed(timedelta(hours=2)),
        mark="mark",
    )
    known = Memory().rows
    earlier = [Look(Window(hour(start), hour(end)), hour(at)) for start, end, at in looks]
    found = differences(SCHEMA, answer.arrival, known, earlier)
    assert found.rows["known_at"].to_list() == [hour(known_at)]


def test_rows_come_out_in_the_order_of_the_files() -> None:
    memory = Memory()
    rows = [*shown(1.0, 2.0, series="b"), *shown(1.0, 2.0)]
    memory.append(Answer(shown=rows, window=WINDOW, received_at=hour(5), known=Known.received(), mark="mark"))
    found: pl.DataFrame = memory.rows
    expected: list[tuple[datetime, str]] = [(hour(at), series) for at in (0, 1) for series in ("a", "b")]
    assert found.select("time", "series").rows() == expected
