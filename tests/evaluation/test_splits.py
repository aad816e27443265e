from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from penstock.domain.errors import ConfigError, DataError
from penstock.evaluation.splits import (
    Split,
    SplitConfig,
    panel_times,
    parts,
    plan_split,
    steps_needed,
    summarise,
    truths,
    windows,
)
from penstock.testing.panels import START, grid, random_panel

HOUR = timedelta(hours=1)
small = st.integers(1, 5)
configs = st.builds(
    SplitConfig, origins=small, every=small, folds=small, fold_origins=small, fold_every=small
)


def hours(count: int) -> datetime:
    return START + timedelta(hours=count)


def test_the_demo_plan_by_hand() -> None:
    config = SplitConfig(origins=2, every=24, folds=3)
    split = plan_split(grid(24 * 10), frequency="1h", horizon=24, config=config)
    assert (split.first, split.last) == (START, hours(239))
    assert split.final == (hours(191), hours(215))
    assert split.train_end == hours(191)
    assert split.folds == ((hours(39),), (hours(103),), (hours(167),))


@settings(max_examples=60, deadline=None)
@given(config=configs, horizon=small, extra=st.integers(0, 40), min_train=small)
def test_folds_and_final_window_never_overlap(
    config: SplitConfig, horizon: int, extra: int, min_train: int
) -> None:
    needed = steps_needed(horizon=horizon, config=config, min_train=min_train)
    times = grid(needed + extra)
    split = plan_split(times, frequency="1h", horizon=horizon, config=config, min_train=min_train)
    assert split.final[-1] + horizon * HOUR == split.last == times[-1]
    assert split.train_end == split.final[0]
    assert len(split.final) == config.origins
    assert len(split.folds) == config.folds
    for fold in split.folds:
        assert len(fold) == config.fold_origins
        assert fold == tuple(sorted(set(fold)))
        assert fold[0] >= times[min_train - 1]
        assert fold[-1] + horizon * HOUR <= split.train_end
    assert split.folds[-1][-1] + horizon * HOUR == split.train_end
    ends = [fold[-1] + horizon * HOUR for fold in split.folds]
    trained = (split.train_end - START) // HOUR + 1
    assert ends == [hours(trained * (n + 1) // config.folds - 1) for n in range(config.folds)]


@settings(max_examples=25, deadline=None)
@given(config=configs, horizon=small, min_train=small)
def test_one_step_too_few_is_refused(config: SplitConfig, horizon: int, min_train: int) -> None:
    needed = steps_needed(horizon=horizon, config=config, min_train=min_train)
    with pytest.raises(DataError, match=f"{needed} steps are needed and there are {needed - 1}"):
        plan_split(grid(needed - 1), frequency="1h", horizon=horizon, config=config, min_train=min_train)


lengths = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.tuples(st.integers(0, 30), st.integers(31, 70)), min_size=1
)


@settings(max_examples=25, deadline=None)
@given(spans=lengths, horizon=small)
def test_no_series_trains_on_its_future(spans: dict[str, tuple[int, int]], horizon: int) -> None:
    frame = random_panel({**spans, "whole": (0, 70)})
    split = plan_split(
        panel_times(frame), frequency="1h", horizon=horizon, config=SplitConfig(origins=3, every=2)
    )
    train, test = parts(frame, split)
    assert train.height + test.height == frame.height
    ends = train.group_by("series").agg(pl.col("time").max().alias("end"))
    starts = test.group_by("series").agg(pl.col("time").min().alias("start"))
    assert (both := ends.join(starts, on="series")).filter(pl.col("start") <= pl.col("end")).is_empty()
    assert both.height >= 1
    for fold in split.folds:
        ahead = truths(frame, fold, horizon)
        assert ahead.filter(pl.col("time") <= fold[0]).is_empty()
        assert ahead.filter(pl.col("time") > split.train_end).is_empty()


def test_months_are_counted_not_measured() -> None:
    times = grid(40, "1mo")
    split = plan_split(times, frequency="1mo", horizon=3, config=SplitConfig(origins=2, every=1, folds=2))
    assert split.last == datetime(2027, 4, 1, tzinfo=UTC)
    assert split.final == (datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert split.folds == ((datetime(2025, 3, 1, tzinfo=UTC),), (datetime(2026, 9, 1, tzinfo=UTC),))


def test_a_split_survives_json() -> None:
    split = plan_split(grid(200), frequency="1h", horizon=5, config=SplitConfig(origins=2))
    assert Split.model_validate_json(split.model_dump_json()) == split


def test_a_gap_a_repeat_and_a_missing_stamp_are_named() -> None:
    times, config = grid(100), SplitConfig(origins=1, folds=1)
    with pytest.raises(DataError, match="1h apart; they do not after 2024-01-01T04:00"):
        plan_split(times.filter(times != times[5]), frequency="1h", horizon=2, config=config)
    with pytest.raises(DataError, match="must rise; they do not after 2024-01-01T01:00"):
        plan_split(pl.concat([times[:2], times[1:]]), frequency="1h", horizon=2, config=config)
    with pytest.raises(DataError, match="1 stamps are missing"):
        plan_split(times.shift(1), frequency="1h", horizon=2, config=config)
    with pytest.raises(DataError, match="there are 0"):
        plan_split(times[:0], frequency="1h", horizon=2, config=config)


def test_a_wrong_horizon_and_an_unknown_key_are_refused() -> None:
    with pytest.raises(ConfigError, match="horizon=0"):
        plan_split(grid(9), frequency="1h", horizon=0, config=SplitConfig())
    with pytest.raises(ValidationError, match="orgins"):
        SplitConfig.model_validate({"orgins": 3})


def test_windows_count_steps_and_stop_at_the_end() -> None:
    times = grid(5)
    found = windows(times, (times[1], times[3]), 2)
    assert found.rows() == [
        (times[1], 1, times[2]),
        (times[1], 2, times[3]),
        (times[3], 1, times[4]),
    ]
    assert found.schema["step"] == pl.Int32
    with pytest.raises(DataError, match="no such stamp in the panel"):
        windows(times, (times[0] - HOUR,), 2)


def test_truths_hold_what_the_panel_says_later() -> None:
    frame = random_panel({"a": (0, 6), "b": (0, 4)})
    found = truths(frame, (hours(2), hours(3)), 2)
    assert found.columns == ["series", "cutoff", "time", "step", "y", "area"]
    assert found.select("series", "step").rows() == [("a", 1), ("a", 2), ("a", 1), ("a", 2), ("b", 1)]
    assert found["y"][0] == frame.filter(series="a", time=hours(3))["y"].item()


def test_the_summary_counts_both_parts() -> None:
    frame = random_panel({"a": (0, 60), "b": (10, 60)})
    split = plan_split(panel_times(frame), frequency="1h", horizon=4, config=SplitConfig(origins=2, every=4))
    found = summarise(frame, split, ("lag1",))
    assert (found.series, found.train.rows, found.test.rows, found.features) == (2, 52 + 42, 16, ("lag1",))
    assert (found.train.last, found.test.first, found.test.last) == (hours(51), hours(52), hours(59))
    assert summarise(frame.head(3), split).test.first is None


@pytest.mark.parametrize(
    ("steps", "hint"),
    [
        (96, "split.origins=12 would do"),
        (104, "split.origins=13 would do"),
        (27, "split.origins=1 would do"),
        (26, "split.every or split.folds$"),
    ],
)
def test_a_split_that_does_not_fit_names_one_that_does(steps: int, hint: str) -> None:
    stamps = grid(steps)
    with pytest.raises(DataError, match=hint):
        plan_split(stamps, frequency="1h", horizon=6, config=SplitConfig(origins=14, folds=3))
    if "=" in hint:
        origins = int(hint.partition("=")[2].partition(" ")[0])
        split = plan_split(stamps, frequency="1h", horizon=6, config=SplitConfig(origins=origins))
        assert len(split.final) == origins
        with pytest.raises(DataError):
            plan_split(stamps, frequency="1h", horizon=6, config=SplitConfig(origins=origins + 1))


@pytest.mark.parametrize(
    ("steps", "origins", "folds", "fold_origins"),
    [
        (4320, 14, 3, 1),  # half a year
        (1800, 9, 2, 1),
        (952, 4, 1, 3),
        (800, 4, 1, 1),
        (400, 2, 2, 1),  # too short for weeks, long enough for days
    ],
)
def test_short_data_have_fewer_windows_and_folds(
    steps: int, origins: int, folds: int, fold_origins: int
) -> None:
    split = plan_split(grid(steps), frequency="1h", horizon=48, config=SplitConfig(), seasons=(24, 168))
    assert (len(split.final), len(split.folds)) == (origins, folds)
    assert {len(fold) for fold in split.folds} == {fold_origins}


def test_what_is_asked_for_is_never_changed() -> None:
    config = SplitConfig(origins=5, folds=2, fold_origins=2)
    split = plan_split(grid(700), frequency="1h", horizon=48, config=config, seasons=(24, 168))
    assert [len(split.final), *map(len, split.folds)] == [5, 2, 2]
