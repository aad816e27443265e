"""What the report says of the intervals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from penstock.domain.results import Interval
from penstock.reporting.blocks import Chart, Notice, Prose, Table
from penstock.reporting.facts import CalibrationFacts, ReportFacts
from penstock.reporting.numbers import MISSING
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
    sure = {
        "coverage_90": Interval(lower=0.4, upper=0.6, level=0.9),
        "pinball_5": Interval(lower=1, upper=2, level=0.9),
    }
    rungs = tuple(
        replace(rung, intervals={**rung.intervals, **sure}) if rung.name == facts.chosen else rung
        for rung in facts.rungs
    )
    return replace(
        facts, predictions={**facts.predictions, facts.chosen: rows}, calibration=MADE, rungs=rungs
    )


def test_what_was_promised_stands_beside_what_was_held(facts: ReportFacts) -> None:
    made = banded(facts, 0.5)
    section = intervals(made, standing(made))
    assert section is not None
    words, table, chart, course = section.blocks
    assert isinstance(words, Prose)
    assert "51,072 errors in 2,128 windows, at 28 origins" in words.text
    assert isinstance(table, Table)
    values = made.predictions[made.chosen].drop_nulls("y").height
    shown = [cell.text.replace("\N{NO-BREAK SPACE}", " ") for cell in table.rows[0]]
    # Half the misses are 1 beside an interval of width 1, each fined by 2 / (1 - 0.9).
    assert shown == ["90 %", "50.0 %", "40.0 % to 60.0 %", "11.0", "1.00", f"{values:,}"]
    assert isinstance(chart, Chart)
    assert list(chart.figure.data[0]["y"])[:4] == [0.0, 100.0, 0.0, 100.0]  # type: ignore[call-overload]  # a list it is

    assert list(chart.figure.data[1]["y"]) == [90.0, 90.0]  # type: ignore[call-overload]  # what was promised
    assert isinstance(course, Chart)
    assert set(course.figure.data[0]["y"]) == {0.5}  # type: ignore[call-overload]  # half of what the intervals are wide


def test_quantiles_have_their_losses_in_the_unit_and_in_money(facts: ReportFacts) -> None:
    bands = {"pinball_5": 1.5, "pinball_5_priced": 3.0, "pinball_95": 2.5, "crps": 4.0, "price_sum": 12.5}
    made = replace(banded(facts, 0.5), bands=bands)
    section = intervals(made, standing(made))
    assert section is not None
    table = section.blocks[2]
    assert isinstance(table, Table)
    assert (
        table.caption == "Quantiles on the test windows; CRPS 4.00; the prices of the series sum up to 12.5"
    )
    shown = [[cell.text.replace("\N{NO-BREAK SPACE}", " ") for cell in row] for row in table.rows]
    assert shown == [["5 %", "1.50", "1.00 to 2.00", "3.00"], ["95 %", "2.50", MISSING, MISSING]]


def test_what_has_no_interval_says_why(facts: ReportFacts) -> None:
    rows = facts.predictions[facts.chosen].drop("lower_90", "upper_90", strict=False)
    plain = replace(facts, predictions={**facts.predictions, facts.chosen: rows})
    assert intervals(plain, standing(plain)) is None
    told = replace(plain, calibration=replace(MADE, notes=("no interval of level 0.9: too few",)))
    section = intervals(told, standing(told))
    assert section is not None
    assert section.blocks == (Notice(title="Without intervals:", text="no interval of level 0.9: too few."),)
