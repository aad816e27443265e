from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from penstock.evaluation.splits import Split, SplitConfig, panel_times, parts, plan_split
from penstock.evaluation.windows import FINAL, WindowFacts, describe_windows
from penstock.testing.panels import START, random_panel

PANEL = random_panel({"a1": (0, 240), "b1": (40, 240)}, seed=1)
CONFIG = SplitConfig(origins=3, every=6, folds=2, fold_origins=2, fold_every=4)
SPLIT = plan_split(panel_times(PANEL), frequency="1h", horizon=12, config=CONFIG)


def slow(cutoffs: tuple[datetime, ...]) -> tuple[int, int, set[datetime]]:
    """Count training rows and forecasts of one window by looking at every row."""
    rows = PANEL.select("series", "time").rows()
    known = sum(time <= cutoffs[0] for _, time in rows)
    ahead = [
        time
        for cutoff in cutoffs
        for _, time in rows
        if cutoff < time <= cutoff + timedelta(hours=SPLIT.horizon)
    ]
    return known, len(ahead), set(ahead)


@pytest.mark.parametrize(("place", "cutoffs"), list(enumerate([*SPLIT.folds, SPLIT.final])))
def test_sizes_and_ends_are_those_of_a_slow_count(place: int, cutoffs: tuple[datetime, ...]) -> None:
    window = describe_windows(PANEL, SPLIT)[place]
    known, forecasts, ahead = slow(cutoffs)
    assert (window.train_rows, window.forecasts) == (known, forecasts)
    assert (window.first, window.last) == (min(ahead), max(ahead))
    assert (window.train_start, window.train_end, window.cutoffs) == (START, cutoffs[0], cutoffs)
    assert window.train_start + timedelta(hours=window.train_steps - 1) == window.train_end


def test_folds_come_in_order_and_the_final_window_last() -> None:
    found = describe_windows(PANEL, SPLIT)
    assert [window.name for window in found] == ["fold 1", "fold 2", FINAL]
    assert [window.last for window in found] == sorted(window.last for window in found)


def test_folds_need_the_training_part_only() -> None:
    training, _ = parts(PANEL, SPLIT)
    whole = describe_windows(PANEL, SPLIT)
    alone = describe_windows(training, SPLIT.model_copy(update={"final": SPLIT.folds[-1]}))
    assert alone[:-1] == whole[:-1]


def test_facts_are_plain_values() -> None:
    (first, *_) = describe_windows(PANEL, SPLIT)
    assert WindowFacts.model_validate(first.model_dump(mode="json")) == first
    assert isinstance(SPLIT, Split)
    assert PANEL.schema["time"] == pl.Datetime("us", "UTC")
