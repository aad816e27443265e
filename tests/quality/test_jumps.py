from __future__ import annotations

import math
from statistics import median

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.quality.grid import parse_step
from penstock.quality.jumps import FLOOR, LEAST_SEASONS, TO_DEVIATION, shifts, window_of
from penstock.testing.quality import HOUR, START, ask, panel, rows

WEEK = 168


def _load(weeks: int = 8, seed: int = 3) -> list[float]:
    """Return an hourly load with a day, a week and noise."""
    chance = np.random.default_rng(seed)
    hours = np.arange(weeks * WEEK)
    shape = 100 + 20 * np.sin(2 * np.pi * hours / 24) - 15 * (hours // 24 % 7 >= 5)
    return list(shape + chance.normal(0, 3, len(hours)))


@pytest.mark.parametrize(
    ("frequency", "window"),
    [
        ("1h", 168),
        ("30m", 336),
        ("1d", 7),
        ("1w", 52),
        ("1mo", 12),
        ("1q", 8),
        ("1y", 7),
        ("5h", 7),
        ("2d", 7),
    ],
)
def test_the_window_is_a_whole_season(frequency: str, window: int) -> None:
    assert window_of(parse_step(frequency)) == window


def test_a_seasonal_load_does_not_jump() -> None:
    assert ask("level_jumps", panel(rows("a", range(8 * WEEK), _load()))).verdict == "passed"


def test_a_shifted_level_is_noted_where_it_begins() -> None:
    shifted = [y + 60 * (hour >= 700) for hour, y in enumerate(_load())]
    result = ask(
        "level_jumps", panel(rows("a", range(8 * WEEK), shifted), rows("b", range(8 * WEEK), _load(8, 5)))
    )
    assert (result.verdict, result.count) == ("noted", 1)
    (example,) = result.examples
    assert example.series == "a"
    assert example.stamp is not None
    assert abs(example.stamp - (START + 700 * HOUR)) <= 3 * HOUR
    assert "quality.max_jump" in result.remedy


def test_a_level_that_falls_can_stop_the_run() -> None:
    halved = [y / 2 if hour >= 600 else y for hour, y in enumerate(_load())]
    result = ask("level_jumps", panel(rows("a", range(8 * WEEK), halved)), stop_on=["level_jumps"])
    assert result.verdict == "broken"
    assert result.examples[0].note.startswith("by -")


def test_spikes_and_odd_days_are_no_level() -> None:
    odd = [y + 300 * (480 <= hour < 504) + 5000 * (hour == 900) for hour, y in enumerate(_load())]
    assert ask("level_jumps", panel(rows("a", range(8 * WEEK), odd))).verdict == "passed"


def test_short_and_counted_series_are_left_alone() -> None:
    short = [y + 60 * (hour >= 300) for hour, y in enumerate(_load(3))]
    counts = [float(n) for n in np.random.default_rng(1).poisson(0.4, 8 * WEEK)]
    frame = panel(rows("short", range(3 * WEEK), short), rows("counts", range(8 * WEEK), counts))
    assert ask("level_jumps", frame).verdict == "passed"
    assert ask("level_jumps", frame, max_jump=None).verdict == "passed"


@given(
    st.lists(
        st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 9.0, 40.0, 41.0]), min_size=0, max_size=60),
        min_size=1,
        max_size=2,
    ),
    st.sets(st.integers(0, 59), max_size=5),
    st.sampled_from([0.5, 2.0, 4.0]),
)
def test_shifts_agree_with_a_slow_loop(series: list[list[float]], gone: set[int], limit: float) -> None:
    cells = {
        f"s{number}": {day: y for day, y in enumerate(values) if day not in gone}
        for number, values in enumerate(series)
    }
    frame = panel(
        *(rows(name, [24 * day for day in days], list(days.values())) for name, days in cells.items() if days)
    )
    found = shifts(frame, parse_step("1d"), limit)
    wanted = [(name, *one) for name, days in cells.items() for one in _slow_shifts(days, limit)]
    assert found.select("series", (pl.col("time") - START).dt.total_days()).rows() == [
        one[:2] for one in wanted
    ]
    for at, name in enumerate(("shift", "usual"), start=2):
        assert found[name].to_list() == pytest.approx([one[at] for one in wanted])


def _slow_shifts(days: dict[int, float], limit: float, window: int = 7) -> list[tuple[int, float, float]]:
    """Do what ``shifts`` promises, one stamp after the other."""
    if len(days) < LEAST_SEASONS * window:
        return []
    d = {day: y - days[day - window] for day, y in days.items() if day - window in days}
    if not d:
        return []
    sizes = [abs(one) for one in d.values()]
    usual = max(
        TO_DEVIATION * median(sizes),
        sum(sizes) / len(sizes) / 2,
        FLOOR * median(abs(y) for y in days.values()),
    )
    order, stretches, hot = list(d), list[list[tuple[int, float, float]]](), False
    for at, day in enumerate(order):
        ahead = [d[other] for other in order[at : at + window]]
        shift = median(ahead) if len(ahead) >= math.ceil(window / 2) else None
        beyond = shift is not None and abs(shift) > limit * usual
        if shift is not None and beyond:
            if not hot:
                stretches.append([])
            stretches[-1].append((day, shift, sum(ahead) / window))
        hot = beyond
    return [(*max(stretch, key=lambda one: abs(one[2]))[:2], usual) for stretch in stretches]
