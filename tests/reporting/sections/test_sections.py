"""What the sections say."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from penstock.app.report import with_best_config
from penstock.domain.results import (
    BadSlice,
    ChangedValue,
    CheckResult,
    CounterExample,
    Interval,
    Outcome,
    SliceScore,
)
from penstock.reporting.blocks import Cell, Chart, Fold, Notice, Prose, Stack, Table, Terms, Tiles
from penstock.reporting.facts import QualityFacts, ReportFacts, RungFacts
from penstock.reporting.numbers import MISSING
from penstock.reporting.page import walk
from penstock.reporting.sections.checks import checks
from penstock.reporting.sections.errors import errors
from penstock.reporting.sections.headline import headline, statement
from penstock.reporting.sections.ladder import ladder
from penstock.reporting.sections.provenance import provenance
from penstock.reporting.sections.quality import quality
from penstock.reporting.sections.slices import slices
from penstock.reporting.sections.tuning import tuning
from penstock.reporting.series import series_scope
from penstock.reporting.standing import standing


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def tables(blocks: tuple[object, ...]) -> list[Table]:
    return [block for block in walk(blocks) if isinstance(block, Table)]  # type: ignore[arg-type]  # blocks they are


def scored(facts: ReportFacts, model: float, baseline: float, oracle: float) -> ReportFacts:
    rungs = (
        RungFacts(name="naive", label="Naive", kind="baseline", metrics={"mape": baseline}),
        RungFacts(name="lightgbm", label="LightGBM", kind="model", metrics={"mape": model}),
        RungFacts(name="oracle", label="Oracle", kind="oracle", metrics={"mape": oracle}),
    )
    return replace(facts, rungs=rungs)


def test_the_main_number_is_said_in_words(facts: ReportFacts) -> None:
    words = statement(standing(scored(facts, 0.06, 0.08, 0.05)))
    assert words.replace("\N{NO-BREAK SPACE}", " ") == (
        "LightGBM errs by 6.00 % (MAPE): 25.0 % better than the best baseline, Naive; "
        "1.20 times the error of the oracle."
    )


def test_a_lone_model_has_a_short_sentence(facts: ReportFacts) -> None:
    alone = replace(facts, rungs=tuple(rung for rung in facts.rungs if rung.name == "lightgbm"))
    assert statement(standing(alone)).endswith("(MAPE).")


@pytest.mark.parametrize(
    ("scores", "titles"),
    [
        ((0.06, 0.08, 0.05), []),
        ((0.09, 0.08, 0.05), ["No gain over the ladder."]),
        ((0.04, 0.08, 0.05), ["Better than the oracle."]),
    ],
)
def test_doubtful_results_are_said_plainly(
    facts: ReportFacts, scores: tuple[float, float, float], titles: list[str]
) -> None:
    made = scored(facts, *scores)
    section = headline(made, standing(made))
    assert [block.title for block in section.blocks if isinstance(block, Notice)] == titles


def test_a_failed_assertion_stands_on_top(facts: ReportFacts) -> None:
    failed = CheckResult(name="no leak", kind="asserts", verdict="failed")
    section = headline(replace(facts, checks=(failed,)), standing(facts))
    notice = next(block for block in section.blocks if isinstance(block, Notice))
    assert (notice.tone, notice.title, notice.text) == ("bad", "1 asserted check failed:", "no leak.")
    tiles = next(block for block in section.blocks if isinstance(block, Tiles))
    assert tiles.tiles[-1].tone == "bad"


def test_skipped_rungs_say_why(facts: ReportFacts) -> None:
    skipped = RungFacts(name="arima", label="AutoARIMA", kind="baseline", note="over 60 s")
    made = replace(facts, rungs=(*facts.rungs, skipped))
    blocks = ladder(made, standing(made)).blocks
    told = next(block for block in blocks if isinstance(block, Terms))
    assert told.terms == (("AutoARIMA", "over 60 s"),)
    assert {len(row) for row in tables(blocks)[0].rows} == {len(tables(blocks)[0].columns)}


def test_errors_fall_back_to_what_can_be_pooled(facts: ReportFacts) -> None:
    made = replace(facts, metric="mase")
    section = errors(made, standing(made))
    assert section is not None
    titles = [block.title for block in section.blocks if isinstance(block, Chart)]
    assert titles == ["Error by horizon step", "Error by hour of the day"]
    table = tables(tuple(b.numbers for b in section.blocks if isinstance(b, Chart) and b.numbers))[0]
    assert table.caption.endswith("WAPE in %")


def test_one_step_has_no_profile_by_step(facts: ReportFacts) -> None:
    made = replace(facts, task=replace(facts.task, horizon=1))
    section = errors(made, standing(made))
    assert section is not None
    assert [b.id for b in section.blocks if isinstance(b, Chart)] == ["error-by-clock"]


def test_without_known_truth_there_is_no_profile(facts: ReportFacts) -> None:
    blind = {
        name: frame.with_columns(y=pl.lit(None, dtype=pl.Float64))
        for name, frame in facts.predictions.items()
    }
    made = replace(facts, predictions=blind)
    assert errors(made, standing(made)) is None


def test_the_worst_series_come_first_and_open_the_chooser(facts: ReportFacts) -> None:
    stands = standing(facts)
    section = slices(facts, stands, series_scope(facts, stands))
    assert section is not None
    table = tables(section.blocks)[0]
    values = [row[1].sort for row in table.rows]
    assert values == sorted(values, key=lambda value: -(value or 0.0))
    names = sorted(set(facts.history["series"]))
    for row in table.rows:
        assert row[0].pick == ("series", names.index(row[0].text))
        assert row[-1].spark is not None


def test_errors_in_the_unit_of_the_target_are_ranked_by_their_ratio(facts: ReportFacts) -> None:
    names = sorted(set(facts.history["series"]))
    large = SliceScore(by="series", slice=names[0], metric="mae", value=900.0, baseline=1000.0, count=3)
    bad = SliceScore(by="series", slice=names[1], metric="mae", value=3.0, baseline=1.0, count=3)
    stands = standing(facts)
    section = slices(replace(facts, slices=(large, bad)), stands, series_scope(facts, stands))
    assert section is not None
    assert [row[0].text for row in tables(section.blocks)[0].rows] == [names[1], names[0]]


def test_a_slice_with_a_missing_prediction_is_the_worst(facts: ReportFacts) -> None:
    lost = SliceScore(by="series", slice="gone", metric="mape", value=float("inf"), baseline=0.1, count=3)
    stands = standing(facts)
    section = slices(replace(facts, slices=(*facts.slices, lost)), stands, series_scope(facts, stands))
    assert section is not None
    row = tables(section.blocks)[0].rows[0]
    assert (row[0].text, row[0].pick, row[1].text) == ("gone", None, "∞")


def test_slices_of_each_column_have_a_table(facts: ReportFacts) -> None:
    stands = standing(facts)
    section = slices(facts, stands, series_scope(facts, stands))
    assert section is not None
    assert [table.columns[0].label for table in tables(section.blocks)] == ["Series", "area", "branch"]


def test_slices_that_are_really_bad_are_told_with_how_sure_that_is(facts: ReportFacts) -> None:
    stands = standing(facts)
    bad = BadSlice(
        by="branch",
        slice="heat",
        metric="mape",
        ratio=1.5,
        elsewhere=0.75,
        interval=Interval(lower=1.6, upper=2.4, level=0.9),
        doubt=0.012,
        count=672,
    )
    scope = series_scope(facts, stands)
    without, told = (slices(replace(facts, slices_bad=named), stands, scope) for named in ((), (bad,)))
    assert without is not None
    assert told is not None
    first = [section.blocks[0] for section in (without, told)]
    assert isinstance(first[0], Prose)
    assert isinstance(first[1], Prose)
    assert "No slice is worse than elsewhere by more than chance explains" in first[0].text
    assert "1 slice is worse than elsewhere by more than chance explains" in first[1].text
    row = next(table for table in tables(told.blocks) if "really bad" in table.caption).rows[0]
    assert [cell.text for cell in row] == [
        "branch",
        "heat",
        "1.50",
        "0.750",
        "2.00 (1.60 … 2.40)",
        "0.0120",
        "672",
    ]


def test_trials_are_counted_by_state(facts: ReportFacts) -> None:
    section = tuning(facts)
    assert section is not None
    first = section.blocks[0]
    assert isinstance(first, Prose)
    assert first.text.startswith("24 trials: ")
    assert "best_config@v2" in first.text
    table = next(each for each in tables(section.blocks) if each.caption.startswith("Every trial"))
    best = min((t for t in facts.tuning.trials if t.state == "complete"), key=lambda t: t.score or 0)  # type: ignore[union-attr]  # it is given
    assert table.strong == {best.number}


def test_folds_of_the_best_trial_stand_in_one_table(facts: ReportFacts) -> None:
    section = tuning(facts)
    assert section is not None
    table = next(each for each in tables(section.blocks) if each.caption == "The best trial on every fold")
    labels = [column.label for column in table.columns]
    assert labels[:4] == ["Fold", "Trained up to", "Forecast up to", "Rows"]
    assert labels[5:] == ["Fit", "Predict", "MAPE (%)", "MASE"]
    first, last = ([cell.text for cell in row] for row in table.rows)
    assert first == [*("1", "2023-02-01 00:00 UTC", "2023-02-02 00:00 UTC", "700", "20.0\u00a0%"), *first[5:]]
    assert last[5:] == ["2.5\u00a0s", "40\u00a0ms", "6.25", MISSING]


def test_failed_checks_come_first_with_their_example(facts: ReportFacts) -> None:
    section = checks(facts)
    assert section is not None
    table = tables(section.blocks)[0]
    assert [row[1].text[2:] for row in table.rows][:2] == ["failed", "skipped"]
    folds = [block for block in section.blocks if isinstance(block, Fold)]
    assert [fold.summary for fold in folds] == ["Smallest example of robust to small noise"]


def test_a_counter_example_is_told_with_its_numbers(facts: ReportFacts) -> None:
    told = Outcome(
        series="a",
        time="2024-01-03T18:00Z",
        step=1,
        names=("before the change", "after it"),
        values=("5.36", "5.49"),
    )
    changed = ChangedValue(series="a", time="2024-01-03T21:00Z", column="y", before="5.5", after="133.4")
    counter = CounterExample(
        given="changing 'a' at …", problem="moved", changed=(changed,), more=3, outcome=told
    )
    leak = CheckResult(
        name="no_leak", kind="asserts", verdict="failed", example="changing 'a' …: moved", counter=counter
    )
    section = checks(replace(facts, checks=(leak,), checks_on="fixed sample 1a2b"))
    assert section is not None
    assert "began with the fixed sample 1a2b" in tables(section.blocks)[0].caption
    stack = section.blocks[1]
    assert isinstance(stack, Stack)
    notice, numbers = stack.blocks
    assert isinstance(notice, Notice)
    assert (notice.tone, notice.text) == ("bad", leak.example)
    assert isinstance(numbers, Table)
    assert numbers.caption.endswith("and 3 more changed values")
    assert texts(numbers) == [
        ["changed: y", "a", "2024-01-03T21:00Z", "5.5", "133.4"],
        ["forecast, step 1", "a", "2024-01-03T18:00Z", "5.36", "5.49"],
    ]


def test_a_broken_measure_is_no_alarm(facts: ReportFacts) -> None:
    counter = CounterExample(given="history of 'a'", problem="moves by 9 %")
    noisy = CheckResult(
        name="noise", kind="measures", verdict="failed", example="history of 'a': moves", counter=counter
    )
    section = checks(replace(facts, checks=(noisy,)))
    assert section is not None
    assert tables(section.blocks)[0].rows[0][1].tone == "warn"
    assert isinstance(section.blocks[1], Notice)
    assert section.blocks[1].tone == "warn"


def test_a_long_example_is_bounded(facts: ReportFacts) -> None:
    long = CheckResult(name="big", kind="asserts", verdict="failed", example="x" * 50_000)
    section = checks(replace(facts, checks=(long,)))
    assert section is not None
    assert len(str(section.blocks[1])) < 3_000


def test_gaps_are_named_and_bounded(facts: ReportFacts) -> None:
    found = facts.quality
    assert found is not None
    many = replace(found, gaps=found.gaps * 15)
    section = quality(replace(facts, quality=many))
    assert section is not None
    table = tables(section.blocks)[1]
    assert len(table.rows) == 20
    assert "10 shorter ones are not listed" in table.caption
    assert texts(table)[0] == ["DK1/111", "2023-03-26 01:00 UTC", "2023-03-26 06:00 UTC", "6"]


def test_clean_data_say_so(facts: ReportFacts) -> None:
    assert facts.quality is not None
    clean = QualityFacts(rows=5, series=1, start=facts.quality.start, end=facts.quality.end)
    section = quality(replace(facts, quality=clean))
    assert section is not None
    first = section.blocks[0]
    assert isinstance(first, Prose)
    assert first.text.endswith("Nothing was repaired.")


def test_every_step_tells_state_reason_and_use(facts: ReportFacts) -> None:
    table = tables(provenance(facts).blocks)[0]
    assert [column.label for column in table.columns][-1] == "Cost (EUR)"
    first: tuple[Cell, ...] = table.rows[3]
    shown = [cell.text.replace("\N{NO-BREAK SPACE}", " ") for cell in first]
    assert shown[:6] == ["tune", "tune", "ran", "1 min 11 s", "2 min 19 s", "1.15 GB"]
    assert first[0].note == "input panel changed"
    assert table.caption.startswith("9 of 10 steps ran")


def test_without_prices_there_is_no_cost(facts: ReportFacts) -> None:
    free = tuple(step.model_copy(update={"cost": None}) for step in facts.provenance.steps)
    made = replace(facts, provenance=replace(facts.provenance, steps=free))
    assert [column.label for column in tables(provenance(made).blocks)[0].columns][-1] == "Peak"


def test_a_run_of_reused_steps_says_so(facts: ReportFacts) -> None:
    reused = tuple(step.model_copy(update={"state": "reused"}) for step in facts.provenance.steps)
    made = replace(facts, provenance=replace(facts.provenance, steps=reused))
    assert tables(provenance(made).blocks)[0].caption == "0 of 10 steps ran; the others were reused"


def test_notes_stand_under_the_headline(facts: ReportFacts) -> None:
    noted = replace(facts, notes=("mape is undefined: mase judges instead",))
    notices = [block for block in headline(noted, standing(noted)).blocks if isinstance(block, Notice)]
    assert [notice.text for notice in notices] == ["mape is undefined: mase judges instead"]


@pytest.mark.parametrize(("name", "said"), [("", False), ("load/best_config@v1", True)])
def test_the_winner_is_told_by_its_published_name_or_not_at_all(
    facts: ReportFacts, name: str, *, said: bool
) -> None:
    named = with_best_config(facts, name)
    assert isinstance(named, ReportFacts)
    section = tuning(named)
    assert section is not None
    first = section.blocks[0]
    assert isinstance(first, Prose)
    assert first.text.endswith(" Its configuration is kept as load/best_config@v1.") is said
    assert ("kept as" in first.text) is said
