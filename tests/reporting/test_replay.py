"""The report of a replay."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from penstock.domain.results import StepReport
from penstock.reporting.blocks import Chart, Chooser, Notice, Prose, Table, Tiles
from penstock.reporting.facts import MetricFacts, ProvenanceFacts, TaskFacts
from penstock.reporting.page import walk
from penstock.reporting.replay import build_replay, render_replay
from penstock.reporting.replay_facts import AlarmFacts, AlarmRuleFacts, KnownFacts, ReplayFacts

START = datetime(2024, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SLOTS, SERIES, HORIZON = 12, ("a1", "b1"), 4
UTC_TYPE = pl.Datetime("us", "UTC")


def predictions(slots: int = SLOTS) -> pl.DataFrame:
    rows = [
        {
            "cutoff": START + slot * DAY,
            "series": name,
            "time": START + slot * DAY + timedelta(hours=step),
            "step": step,
            "prediction": 10.0 + slot,
            "naive": 8.0,
            "y": 11.0 if slot < slots - 2 else None,
            "y_first": 12.0 if slot < slots - 2 else None,
        }
        for slot in range(slots)
        for name in SERIES
        for step in range(1, HORIZON + 1)
    ]
    return pl.DataFrame(rows).with_columns(
        pl.col("step").cast(pl.Int32), pl.col("cutoff", "time").cast(UTC_TYPE)
    )


def by_slot(slots: int = SLOTS) -> pl.DataFrame:
    known = [0.1 + 0.01 * slot if slot < slots - 2 else None for slot in range(slots)]
    return pl.DataFrame(
        {
            "cutoff": pl.Series([START + slot * DAY for slot in range(slots)], dtype=UTC_TYPE),
            "model": pl.Series([START + slot // 4 * 4 * DAY for slot in range(slots)], dtype=UTC_TYPE),
            "known_to": pl.Series([START + (slot - 15) * DAY for slot in range(slots)], dtype=UTC_TYPE),
            "judged_at": pl.Series([START + (slot + 1) * DAY for slot in range(slots)], dtype=UTC_TYPE),
            **dict.fromkeys(("error", "naive", "rolling", "rolling_naive", "threshold"), known),
            **{name: [v and v * 1.2 for v in known] for name in ("error_first", "rolling_first")},
        }
    ).with_columns(pl.lit(2).alias("series"), pl.lit(0).alias("refused"))


@pytest.fixture
def facts() -> ReplayFacts:
    scores = {"model": {"mape": 0.1}, "seasonal_naive": {"mape": 0.2}, "model_first_known": {"mape": 0.12}}
    return ReplayFacts(
        system="past",
        dataset="a file",
        task=TaskFacts(
            target="load", horizon=HORIZON, frequency="1h", unit="kWh", timezone="Europe/Copenhagen"
        ),
        metric=MetricFacts(name="mape", label="MAPE", unit="%", scale=100.0),
        metrics=(),
        scores=scores,
        model="model",
        naive="seasonal_naive",
        first="model_first_known",
        season=24,
        slots=by_slot(),
        series=pl.DataFrame(
            {
                "series": SERIES,
                "rows": [40, 40],
                "error": [0.1, 0.3],
                "error_first": [0.1, 0.3],
                "naive": [0.2, 0.2],
            }
        ),
        predictions=predictions(),
        refused=pl.DataFrame(
            [(START, "c1", "a gap of 9 steps, more than max_gap=3")],
            schema={"cutoff": UTC_TYPE, "series": pl.String, "reason": pl.String},
            orient="row",
        ),
        alarms=(
            AlarmFacts(
                cutoff=START + 5 * DAY, raised_at=START + 7 * DAY, last=START + 6 * DAY, error=0.3, median=0.1
            ),
        ),
        rule=AlarmRuleFacts(rolling=2, factor=1.5, slots=3),
        known=KnownFacts(
            first=START, last=START + 9 * DAY, rows=99, revised=3, shares={"assumed": 0.75, "published": 0.25}
        ),
        provenance=ProvenanceFacts(
            run_id="r1",
            started_at=START,
            finished_at=START + timedelta(seconds=30),
            currency="EUR",
            steps=(
                StepReport(
                    name="fit-20240301",
                    stage="train",
                    state="ran",
                    reason="",
                    seconds=40,
                    cpu_seconds=36,
                    cost=1.5,
                ),
                StepReport(
                    name="slots-20240301", stage="evaluate", state="ran", reason="", cpu_seconds=4, cost=0.001
                ),
                StepReport(name="collect", stage="evaluate", state="reused", reason=""),
            ),
        ),
        simulated=True,
    )


def texts(facts: ReplayFacts, section: str) -> str:
    """Return everything that a section says, tables row by row."""
    page = build_replay(facts)
    blocks = next(part for part in page.sections if part.id == section).blocks
    said = []
    for block in walk(blocks):
        if isinstance(block, Prose | Notice):
            said.append(f"{getattr(block, 'title', '')} {block.text}")
        elif isinstance(block, Tiles):
            said += [f"{tile.label}: {tile.value}, {tile.note}" for tile in block.tiles]
        elif isinstance(block, Table):
            said += [" | ".join(cell.text for cell in row) for row in block.rows]
    return "\n".join(said).replace("\N{NO-BREAK SPACE}", " ")


def test_the_headline_says_what_would_have_happened(facts: ReplayFacts) -> None:
    said = texts(facts, "headline")
    assert "Over 12 slots with 3 refits, past would have erred by 10.0 % (MAPE), 50.0 % better" in said
    assert "raised 1 alarm." in said
    assert "12.0 % against the truth known first" in said
    assert "When values were known is assumed. For 75.0 % of the rows" in said
    assert "Some series could not be forecast. 1 times, in 1 series" in said
    assert "The truth of 2 of 12 slots is not known yet" in said


def test_no_gain_over_the_naive_is_a_warning(facts: ReplayFacts) -> None:
    worse = dataclasses.replace(facts, scores={**facts.scores, "model": {"mape": 0.25}})
    assert "No gain over the seasonal naive." in texts(worse, "headline")


def test_alarms_count_from_when_their_truth_was_known(facts: ReplayFacts) -> None:
    assert (
        "2024-03-06 00:00 UTC | 2024-03-08 00:00 UTC | 2.00 days | 2024-03-07 00:00 UTC | 30.0 | 10.0 | 3.00"
        in texts(facts, "alarms")
    )
    assert "It would have raised none." in texts(dataclasses.replace(facts, alarms=()), "alarms")


def test_the_course_marks_refits_and_alarms(facts: ReplayFacts) -> None:
    blocks = [block for section in build_replay(facts).sections for block in walk(section.blocks)]
    course = next(block for block in blocks if isinstance(block, Chart) and block.id == "error-over-time")
    shapes = course.figure.layout["shapes"]
    assert isinstance(shapes, list)
    assert [shape["type"] for shape in shapes] == ["line"] * 3 + ["rect"]
    assert shapes[0]["x0"] == "2024-03-01T01:00:00"
    names = [trace["name"] for trace in course.figure.data]
    assert "model, truth known first" in names
    assert any(isinstance(block, Chooser) for block in blocks)
    assert {block.id for block in blocks if isinstance(block, Chart)} == {
        *("error-over-time", "error-by-age", "error-field")
    }


def test_series_stand_worst_first(facts: ReplayFacts) -> None:
    said = texts(facts, "series").splitlines()
    assert "1 of 2 series" in said[0]
    assert [line.split(" | ")[0] for line in said[1:]] == ["b1", "a1"]


def test_what_was_known_and_what_it_cost(facts: ReplayFacts) -> None:
    known, cost = texts(facts, "known"), texts(facts, "cost")
    assert "assumed | 75.0 % | a lag after the row's own time" in known
    assert "c1 | a gap of 9 steps, more than max_gap=3 | 1" in known
    assert "refits | 1 | 36.0 s | 36.0 s | 90.0 % | 1.50" in cost
    assert "forecasts of slots | 1 | 4.0 s | 4.0 s | 10.0 % | < 0.01" in cost


def test_a_replay_without_any_truth_has_no_course(facts: ReplayFacts) -> None:
    nothing = [pl.lit(None, pl.Float64).alias(name) for name in ("error", "error_first", "naive", "rolling")]
    blind = dataclasses.replace(
        facts,
        scores={},
        slots=facts.slots.with_columns(nothing),
        predictions=facts.predictions.with_columns(pl.lit(None, pl.Float64).alias("y")),
        series=facts.series.clear(),
        alarms=(),
    )
    page = build_replay(blind)
    assert "time" not in {section.id for section in page.sections}
    assert "no forecast can be judged yet" in texts(blind, "headline")
    assert render_replay(blind)


def test_the_page_asks_for_nothing_outside_itself_and_is_the_same_again(facts: ReplayFacts) -> None:
    text = render_replay(facts)
    assert text == render_replay(facts)
    assert "SIMULATED DATA" in text
    assert 'src="http' not in text
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
