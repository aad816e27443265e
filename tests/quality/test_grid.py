from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.errors import UsageError
from penstock.quality.grid import Step, missing_steps, parse_step

_DAY = 86_400_000_000


def _missing(frequency: str, time: datetime, after: datetime) -> int | None:
    pair = pl.DataFrame({"time": [time], "next": [after]}).cast(pl.Datetime("us", "UTC"))
    answer = pair.select(missing_steps(parse_step(frequency))).item()
    return None if answer is None else int(answer)


@pytest.mark.parametrize(
    ("frequency", "step"),
    [
        ("1h", Step(span_us=_DAY // 24)),
        ("30m", Step(span_us=_DAY // 48)),
        ("1h30m", Step(span_us=_DAY // 16)),
        ("1w", Step(span_us=7 * _DAY)),
        ("1mo", Step(months=1)),
        ("1q", Step(months=3)),
        ("2y", Step(months=24)),
    ],
)
def test_frequencies(frequency: str, step: Step) -> None:
    assert parse_step(frequency) == step


@pytest.mark.parametrize("frequency", ["", "h", "0h", "1x", "1h ", "-1h", "1mo1d", "1.5h", "1i"])
def test_what_is_no_step_is_refused(frequency: str) -> None:
    with pytest.raises(UsageError, match=r"is not a step; allowed: .* for example '1h' or '1mo'"):
        parse_step(frequency)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["1h", "15m", "1d", "1w", "1mo", "1q", "1y"]), st.integers(1, 40), st.integers(1, 28))
def test_steps_between_stamps_of_a_grid_are_counted(frequency: str, steps: int, day: int) -> None:
    start = datetime(2023, 2, day, 5, tzinfo=UTC)
    grid = pl.Series([start]).cast(pl.Datetime("us", "UTC"))
    for _ in range(steps):
        grid = grid.dt.offset_by(frequency)
    assert _missing(frequency, start, grid[0]) == steps - 1


@pytest.mark.parametrize(
    ("frequency", "apart"),
    [
        ("1h", timedelta(minutes=59)),
        ("1h", timedelta(minutes=90)),
        ("1d", timedelta(hours=23)),
        ("1mo", timedelta(days=30)),
    ],
)
def test_stamps_off_the_grid_have_no_count(frequency: str, apart: timedelta) -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    assert _missing(frequency, start, start + apart) is None


def test_ends_of_months_are_on_one_grid() -> None:
    ends = [
        datetime(2024, month, day, tzinfo=UTC) for month, day in ((1, 31), (2, 29), (3, 31), (4, 30), (6, 30))
    ]
    counts = [_missing("1mo", one, other) for one, other in itertools.pairwise(ends)]
    assert counts == [0, 0, 0, 1]


def test_months_at_another_hour_are_off_the_grid() -> None:
    assert _missing("1mo", datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, 1, tzinfo=UTC)) is None
