"""What the report says of the intervals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from penstock.reporting.blocks import Chart, Notice, Prose, Table
from penstock.reporting.facts import CalibrationFacts, ReportFacts
from penstock.reporting.sections.intervals import intervals
from penstock.reporting.standing import standing

MADE = CalibrationFacts(
    residuals=51072,
    windows=2128,
    origins=28,
    first=datetime(2023, 5, 1, tzinfo=UTC),
    last=datetime(2023, 5, 28, tzinfo=UTC),
)


def banded(facts: ReportFacts, half: float) -> ReportFacts:
    """Return the facts with intervals that hold every other step."""
    rows = facts.predictions[facts.chosen].drop("lower_90", "upper_90", strict=False)
    centre = pl.col("y") + pl.when(pl.col("step") % 2 == 0).then(0.0).otherwise(3 * half)
    rows = rows.with_columns(lower_90=centre - half, upper_90=centre + half)
    return replace(facts, predictions={**facts.predictions, facts.chosen: rows}, calibration=MADE)


def test_what_was_promised_stands_beside_what_was_held(facts: ReportFacts) -> None:
    made = banded(facts, 0.5)
    section = intervals(made, standing(made))
    assert section is not None
    words, table, chart = section.blocks
    assert isinstance(words, Prose)
    assert "51,072 errors in 2,128 windows, at 28 origins" in words.text
    assert isinstance(table, Table)
    values = made.predictions[made.chosen].drop_nulls("y").height
    shown = [cell.text.replace("\N{NO-BREAK SPACE}", " ") for cell in table.rows[0]]
    # Half the misses are 1 beside an interval of width 1, each fined by 2 / (1 - 0.9).
    assert shown == ["90 %", "50.0 %", "11.0", "1.00", f"{values:,}"]
    assert isinstance(chart, Chart)
    assert list(chart.figure.data[0]["y"])[:4] == [0.0, 100.0, 0.0, 100.0]  # type: ignore[call-overload]  # a list it is


def test_what_has_no_interval_says_why(facts: ReportFacts) -> None:
    rows = facts.predictions[facts.chosen].drop("lower_90", "upper_90", strict=False)
    plain = replace(facts, predictions={**facts.predictions, facts.chosen: rows})
    assert intervals(plain, standing(plain)) is None
    told = replace(plain, calibration=replace(MADE, notes=("no interval of level 0.9: too few",)))
    section = intervals(told, standing(told))
    assert section is not None
    assert section.blocks == (Notice(title="Without intervals:", text="no interval of level 0.9: too few."),)
