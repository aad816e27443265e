from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from penstock.domain.errors import DataError
from penstock.forecasting.panel import (
    constant_series,
    detect_frequency,
    long_enough,
    regularise,
    require_length,
    require_panel,
    season_lengths,
    static_columns,
)
from penstock.testing.loads import load_panel
from penstock.testing.panels import START


def one_series(values: list[float | None], every: str = "1h", name: str = "a") -> pl.DataFrame:
    start = pl.Series([START], dtype=pl.Datetime("us", "UTC"))
    stamps = pl.concat(
        [start.dt.offset_by(f"{place * int(every[:-1])}{every[-1]}") for place in range(len(values))]
    )
    return pl.DataFrame(
        {"series": [name] * len(values), "time": stamps, "y": pl.Series(values, dtype=pl.Float64)}
    )


def in_order(values: NDArray[np.float64]) -> pl.DataFrame:
    """Return one series whose stamps only stand in order: for what is asked of values alone."""
    return pl.DataFrame({"series": "a", "time": pl.Series(range(len(values))), "y": values})


def stamped(*hours: float) -> pl.DataFrame:
    times = [START + timedelta(hours=hour) for hour in hours]
    return pl.DataFrame({"series": "a", "time": pl.Series(times, dtype=pl.Datetime("us", "UTC")), "y": 1.0})


@pytest.mark.parametrize(
    ("every", "expected"),
    [("1h", "1h"), ("30m", "30m"), ("15m", "15m"), ("1d", "1d"), ("7d", "1w"), ("10s", "10s")],
)
def test_frequency_of_fixed_steps(every: str, expected: str) -> None:
    assert detect_frequency(one_series([1.0] * 9, every)) == expected


@pytest.mark.parametrize("unit", ["1mo", "1q", "1y"])
def test_frequency_of_calendar_steps(unit: str) -> None:
    start = pl.Series([START], dtype=pl.Datetime("us", "UTC"))
    count, name = int(unit[0]), unit[1:]
    stamps = pl.concat([start.dt.offset_by(f"{place * count}{name}") for place in range(10)])
    assert detect_frequency(pl.DataFrame({"series": "a", "time": stamps})) == unit


def test_frequency_survives_gaps_and_disorder() -> None:
    frame = stamped(0, 1, 2, 5, 6, 9, 10).sample(fraction=1.0, shuffle=True, seed=1)
    assert detect_frequency(frame) == "1h"


def test_irregular_stamps_are_named() -> None:
    with pytest.raises(DataError, match=r"1 do not stand on a grid of 1h.*a 2024-01-01 03:30"):
        detect_frequency(stamped(0, 1, 2, 3.5, 4, 5))


def test_frequency_needs_two_stamps() -> None:
    with pytest.raises(DataError, match="no series has two stamps"):
        detect_frequency(stamped(0))


@pytest.mark.parametrize(
    ("frequency", "expected"),
    [
        ("1h", (24, 168)),
        ("30m", (48, 336)),
        ("1d", (7,)),
        ("1w", (52,)),
        ("1mo", (12,)),
        ("1q", (4,)),
        ("1y", ()),
    ],
)
def test_seasons_by_frequency(frequency: str, expected: tuple[int, ...]) -> None:
    assert season_lengths(frequency) == expected


def test_seasons_are_checked_on_the_data(panel: pl.DataFrame) -> None:
    assert season_lengths("1h", panel) == (24, 168)
    noise = panel.with_columns(y=pl.Series(np.random.default_rng(1).standard_normal(panel.height)))
    assert season_lengths("1h", noise) == ()
    assert season_lengths("1h", panel.filter(pl.col("time") < START + timedelta(days=6))) == (24,)


@pytest.mark.parametrize(("frequency", "day"), [("15m", 96), ("10m", 144), ("5m", 288)])
def test_noise_between_two_minutes_hides_no_day(frequency: str, day: int) -> None:
    drawn = np.random.default_rng(3).normal(0, 0.05, 20 * day)
    values = 500 * (1 + 0.3 * np.sin(np.arange(20 * day) * math.tau / day)) * (1 + drawn)
    assert season_lengths(frequency, in_order(values))[:1] == (day,)
    assert season_lengths(frequency, in_order(np.random.default_rng(4).normal(500, 25, 20 * day))) == ()


def test_series_that_never_move_hide_no_season(panel: pl.DataFrame) -> None:
    still = panel.with_columns(pl.format("still {}", "series").alias("series"), pl.lit(1.0).alias("y"))
    assert season_lengths("1h", pl.concat([panel, still])) == (24, 168)


def test_season_of_a_constant_panel_is_none() -> None:
    assert season_lengths("1h", one_series([3.0] * 100)) == ()


def test_gaps_are_filled_from_the_past_only() -> None:
    values: list[float | None] = [float(hour) for hour in range(60)]
    holes = [3, 30, 31, 55]
    for hole in holes:
        values[hole] = None
    panel, filled = regularise(one_series(values), "1h", max_gap=2)
    assert filled == len(holes)
    assert panel["y"].to_list()[3] == 2.0  # no season yet: the last value
    assert [panel["y"][hole] for hole in (30, 31, 55)] == [6.0, 7.0, 7.0]  # 55 - 24 = 31 was filled itself


@settings(max_examples=40, deadline=None)
@given(holes=st.sets(st.integers(1, 58), max_size=12), shift=st.floats(-5, 5))
def test_filling_never_reads_the_future(holes: set[int], shift: float) -> None:
    values: list[float | None] = [float(hour % 24) for hour in range(60)]
    changed = [
        value + shift if place > 40 and value is not None else value for place, value in enumerate(values)
    ]
    filled = []
    for version in (values, changed):
        gappy = [None if place in holes else value for place, value in enumerate(version)]
        panel, _ = regularise(one_series(gappy), "1h", max_gap=60)
        filled.append(panel["y"].to_list()[:41])
    assert filled[0] == filled[1]


def test_missing_rows_count_as_gaps_and_keep_statics() -> None:
    frame = (
        one_series([1.0] * 30)
        .with_columns(area=pl.lit("DK1"))
        .filter(pl.col("time") != START + timedelta(hours=5))
    )
    panel, filled = regularise(frame, "1h", max_gap=1)
    assert (panel.height, filled, panel["area"].null_count()) == (30, 1, 0)


def test_a_long_gap_is_refused_by_name() -> None:
    values: list[float | None] = [1.0, 2.0, None, None, None, 3.0]
    with pytest.raises(DataError, match=r"1 gaps are longer than 2 steps: a from 2024-01-01 02:00: 3"):
        regularise(one_series(values), "1h", max_gap=2)


def test_a_full_panel_is_left_alone(panel: pl.DataFrame) -> None:
    same, filled = regularise(panel, "1h", max_gap=0)
    assert filled == 0
    assert same.equals(panel.sort("series", "time"))


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (float("nan"), "missing, NaN or infinite at 1 rows"),
        (float("inf"), "missing, NaN"),
        (None, "missing, NaN"),
    ],
)
def test_unusable_values_are_named(value: float | None, match: str) -> None:
    with pytest.raises(DataError, match=match + r".*a 2024-01-01 01:00"):
        require_panel(one_series([1.0, value, 2.0]))


def test_all_faults_of_a_panel_are_listed() -> None:
    rows = one_series([1.0, float("nan"), 2.0])
    with pytest.raises(DataError, match=r"NaN.*; 2 rows share series and time: a 2024-01-01 02:00"):
        require_panel(pl.concat([rows, rows.tail(1)]))


def test_columns_and_rows_are_needed() -> None:
    with pytest.raises(DataError, match="columns y are missing"):
        require_panel(stamped(0, 1).drop("y"))
    with pytest.raises(DataError, match="no rows"):
        require_panel(stamped(0, 1).clear())


def test_short_series_are_named_with_their_length() -> None:
    panel = pl.concat([one_series([1.0] * 5, name="short"), one_series([1.0] * 50, name="long")])
    with pytest.raises(
        DataError, match=r"1 series are too short: short \(5\); each needs at least 10 rows for a test"
    ):
        require_length(panel, 10, "a test")
    kept, left_out = long_enough(panel, 10)
    assert (kept["series"].unique().to_list(), left_out) == (["long"], ("short",))


def test_constant_series_and_statics() -> None:
    panel = load_panel(series=2, steps=48)
    flat = panel.with_columns(y=pl.when(pl.col("series") == "s01").then(5.0).otherwise(pl.col("y")))
    assert constant_series(flat) == ("s01",)
    assert static_columns(panel) == ("area",)
