from __future__ import annotations

from itertools import groupby

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from penstock.quality.frozen import runs
from penstock.testing.quality import HOUR, START, ask, panel, rows

Cells = list[tuple[str, list[float]]]


def test_a_meter_that_stands_still_is_noted() -> None:
    frame = panel(rows("a", range(12), [1.0, 2.0, *[7.5] * 5, 1.0, 3.0, 3.0, 3.0, 4.0]), rows("b", range(12)))
    result = ask("frozen_values", frame, max_frozen=4)
    assert (result.verdict, result.count) == ("noted", 1)
    assert str(result.examples[0]) == "a 2024-01-01T02:00Z (5 times 7.5)"
    assert "raise quality.max_frozen" in result.remedy


def test_runs_up_to_the_tolerance_are_in_order() -> None:
    frame = panel(rows("a", range(7), [1.0, *[7.5] * 5, 2.0]))
    assert ask("frozen_values", frame, max_frozen=5).verdict == "passed"
    assert ask("frozen_values", frame, max_frozen=4, stop_on=["frozen_values"]).verdict == "broken"
    assert ask("frozen_values", frame, max_frozen=None).verdict == "passed"


def test_constant_and_mostly_zero_series_are_left_alone() -> None:
    still, rare = rows("still", range(9), [5.0] * 9), rows("rare", range(9), [0.0] * 5 + [1.0, 2.0, 3.0, 4.0])
    assert ask("frozen_values", panel(still, rare), max_frozen=2).verdict == "passed"


def test_zeros_of_a_busy_series_count() -> None:
    frame = panel(rows("a", range(9), [0.0] * 4 + [1.0, 2.0, 3.0, 4.0, 5.0]))
    assert ask("frozen_values", frame, max_frozen=3).verdict == "noted"


def test_a_gap_does_not_end_a_run_and_series_do_not_run_on() -> None:
    split = panel(rows("a", [0, 1, 4, 5, 6], [7.0, 7.0, 7.0, 7.0, 1.0]))
    assert ask("frozen_values", split, max_frozen=3).count == 1
    across = panel(rows("a", range(4), [1.0, 2.0, 7.0, 7.0]), rows("b", range(4), [7.0, 7.0, 1.0, 2.0]))
    assert ask("frozen_values", across, max_frozen=3).verdict == "passed"


@given(
    st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.0]), max_size=14), min_size=1, max_size=4),
    st.integers(1, 5),
)
def test_runs_agree_with_a_slow_loop(series: list[list[float]], longest: int) -> None:
    cells: Cells = [(f"s{number}", values) for number, values in enumerate(series)]
    frame = panel(*(rows(name, range(len(values)), values) for name, values in cells if values))
    found = runs(frame, longest).select("series", "time", "y", "until", "length")
    assert found.rows() == [
        (name, START + begin * HOUR, value, START + (begin + length - 1) * HOUR, length)
        for name, begin, value, length in _slow_runs(cells, longest)
    ]
    assert found.schema["length"] == pl.Int64


def _slow_runs(cells: Cells, longest: int) -> list[tuple[str, int, float, int]]:
    found = []
    for name, values in cells:
        if len(set(values)) < 2 or sum(value == 0 for value in values) > len(values) / 2:
            continue
        at = 0
        for value, same in groupby(values):
            length = len(list(same))
            if length > longest:
                found.append((name, at, value, length))
            at += length
    return found
