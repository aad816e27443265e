"""From forecasts beside what happened to bounds and a calibration."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from penstock.evaluation.bounds import interval_metrics
from penstock.forecasting.intervals import Calibration
from penstock.forecasting.rehearsal import Promise, Rehearsal, settled, static, with_followed_bounds
from penstock.testing.panels import START

HORIZON, BEFORE, LATER = 3, 10, 6
PROMISE = Promise(levels=(0.5, 0.9), memory=14.0)
TIMES = pl.Series([START + timedelta(hours=hour) for hour in range(HORIZON * (BEFORE + LATER) + 1)])


def forecasts(origins: range, *, factor: float = 1.0, names: str = "ab") -> pl.DataFrame:
    """Make forecasts of 0 whose errors are drawn; the same origin gives the same errors."""
    rows = [
        (name, at(origin), step, factor * draw, 0.0)
        for name in names
        for origin in origins
        for step, draw in enumerate(np.random.default_rng([origin, ord(name)]).normal(size=HORIZON), start=1)
    ]
    columns = ("series", "cutoff", "step", "y", "prediction")
    return pl.DataFrame(rows, schema=columns, orient="row").with_columns(pl.col("step").cast(pl.Int32))


def at(origin: int) -> datetime:
    return START + timedelta(hours=HORIZON * origin)


REHEARSAL = Rehearsal(forecasts=forecasts(range(BEFORE)), units={"a": 1.0, "b": 1.0, "still": None})
JUDGED = forecasts(range(BEFORE, BEFORE + LATER)).with_columns(area=pl.lit("x"))


def test_bounds_stand_next_to_the_prediction_and_move_no_row() -> None:
    mixed = JUDGED.sample(fraction=1.0, shuffle=True, seed=1)
    found = with_followed_bounds(REHEARSAL, mixed, TIMES, PROMISE)
    bounds = ["lower_50", "upper_50", "lower_90", "upper_90"]
    assert found.columns == [*mixed.columns[:-1], *bounds, "area"]
    assert found.drop(bounds).equals(mixed)
    again = with_followed_bounds(REHEARSAL, JUDGED, TIMES, PROMISE)
    assert found.sort("series", "cutoff", "step").equals(again.sort("series", "cutoff", "step"))


def test_bounds_follow_the_errors_cutoff_by_cutoff() -> None:
    widths = {}
    for factor in (1.0, 10.0):
        judged = forecasts(range(BEFORE, BEFORE + LATER), factor=factor)
        found = with_followed_bounds(REHEARSAL, judged, TIMES, PROMISE).filter(series="a", step=1)
        widths[factor] = (found["upper_90"] - found["lower_90"]).to_list()
    assert widths[1.0][0] == widths[10.0][0]
    assert widths[10.0][-1] > 3 * widths[1.0][-1]


def test_forecasts_to_come_know_the_final_window() -> None:
    made = settled(REHEARSAL, JUDGED, TIMES, PROMISE)
    assert (made.origins, made.windows, made.residuals) == (16, 32, 96)
    assert (made.first, made.last) == (at(0), at(15))
    wild = settled(REHEARSAL, forecasts(range(BEFORE, BEFORE + LATER), factor=10.0), TIMES, PROMISE)
    assert wild.scales["a"] * wild.widths[1] > 3 * made.scales["a"] * made.widths[1]
    assert "no intervals for 1 series whose seasonal naive never errs" in made.notes[0]


def test_without_memory_only_the_rehearsal_counts_and_alike() -> None:
    still = Promise(levels=(0.5, 0.9), memory=None)
    made = static(REHEARSAL, still.levels)
    assert settled(REHEARSAL, JUDGED, TIMES, still) == made
    assert with_followed_bounds(REHEARSAL, JUDGED, TIMES, still).equals(made.with_bounds(JUDGED))


def test_without_forecasts_there_are_notes_and_no_bounds() -> None:
    nothing = Rehearsal(forecasts=REHEARSAL.forecasts.clear(), units={}, notes=("no intervals: no room",))
    assert settled(nothing, JUDGED, TIMES, PROMISE) == Calibration(notes=nothing.notes)
    assert with_followed_bounds(nothing, JUDGED, TIMES, PROMISE).equals(JUDGED)


def test_a_level_that_cannot_be_told_has_no_columns_and_a_note() -> None:
    high = Promise(levels=(0.9, 0.99), memory=14.0)
    found = with_followed_bounds(REHEARSAL, JUDGED, TIMES, high)
    assert "upper_90" in found.columns
    assert "upper_99" not in found.columns
    made = settled(REHEARSAL, JUDGED, TIMES, high)
    assert made.levels == (0.9,)
    assert "no interval of level 0.99" in made.notes[-1]


@pytest.mark.parametrize("unknown", ["y", "prediction"])
def test_what_is_not_known_counts_for_nothing(unknown: str) -> None:
    holes = JUDGED.with_columns(pl.when(pl.col("step") < HORIZON).then(unknown).alias(unknown))
    assert settled(REHEARSAL, holes, TIMES, PROMISE).residuals == 96 - 2 * LATER


def test_cutoffs_before_a_level_can_be_told_have_no_bounds_of_it() -> None:
    """No bound is infinite: one would hold every truth."""
    few = Rehearsal(forecasts=forecasts(range(6), names="a"), units={"a": 1.0})
    judged = forecasts(range(6, BEFORE + LATER), names="a")
    found = with_followed_bounds(few, judged, TIMES, PROMISE)
    told = pl.col("cutoff") >= at(9)
    assert found.filter(~told).select(pl.col("lower_90", "upper_90").is_null().all()).row(0) == (True, True)
    assert found.filter(told).select(pl.col("lower_90", "upper_90").is_finite().all()).row(0) == (True, True)
    assert found.select(pl.col("lower_50", "upper_50").is_finite().all()).row(0) == (True, True)
    assert all(np.isfinite(list(interval_metrics(found).values())))
    soon = with_followed_bounds(few, judged.filter(~told), TIMES, PROMISE)
    assert [name for name in soon.columns if "er_" in name] == ["lower_50", "upper_50"]
