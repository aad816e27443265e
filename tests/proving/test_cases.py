"""What a case says of itself."""

from __future__ import annotations

import polars as pl

from penstock.proving.cases import Change
from penstock.proving.subjects import Subject
from penstock.testing.forecasters import RepeatLastSeason
from penstock.testing.panels import random_panel

PANEL = random_panel({"a": (0, 60), "b": (0, 60)})


def _changed(panel: pl.DataFrame, *steps: int) -> list[tuple[str, str, str]]:
    subject = Subject(forecaster=RepeatLastSeason(), history=panel, horizon=3)
    found = Change(series=("a",), ahead=3, steps=steps).changed(subject)
    assert all(one.before != one.after for one in found)
    return [(one.series, one.time, one.column) for one in found]


def test_a_change_lists_the_values_that_it_changes() -> None:
    times = ["2024-01-03T10:00Z", "2024-01-03T11:00Z"]
    assert _changed(PANEL, 2, 3) == [("a", time, "y") for time in times]


def test_a_change_of_past_covariates_is_listed_beside_that_of_the_values() -> None:
    panel = PANEL.with_columns(pl.col("y").alias("known:price"), (pl.col("y") * 2).alias("past:stock"))
    times = ["2024-01-03T10:00Z", "2024-01-03T11:00Z"]
    assert _changed(panel, 2, 3) == [("a", time, name) for time in times for name in ("y", "stock")]
