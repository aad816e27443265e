from __future__ import annotations

import math
from typing import Any

import pytest

from penstock.reporting.figures.scales import log_axis, step_ticks, wants_log


def test_a_wide_range_of_positive_values_is_logarithmic() -> None:
    assert wants_log([1.0, 9.0])
    assert not wants_log([1.0, 7.0])
    assert not wants_log([0.0, 9.0])
    assert not wants_log([])


def test_logarithmic_ticks_are_whole_numbers_inside_the_range() -> None:
    axis: Any = log_axis([4.2, 53.0])
    assert axis["ticktext"] == ["5", "10", "20", "50"]
    assert axis["range"][0] < math.log10(4.2)
    assert axis["range"][1] > math.log10(53.0)


@pytest.mark.parametrize(
    ("last", "ticks"),
    [
        (1, [1]),
        (7, [1, 2, 3, 4, 5, 6, 7]),
        (24, [1, 3, 6, 9, 12, 15, 18, 21, 24]),
        (48, [1, 6, 12, 18, 24, 30, 36, 42, 48]),
    ],
)
def test_steps_are_ticked_by_parts_of_a_day(last: int, ticks: list[int]) -> None:
    assert step_ticks(last)["tickvals"] == ticks


def test_a_long_horizon_has_few_ticks() -> None:
    axis: Any = step_ticks(5000)
    assert len(axis["tickvals"]) <= 10
