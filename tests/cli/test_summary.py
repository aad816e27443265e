from __future__ import annotations

import shutil
import sys
from os import terminal_size

import pytest

from penstock.cli.summary import as_text as shown
from penstock.cli.summary import ladder_table, metrics_line, number, summary_text, table
from penstock.domain.results import CheckResult, Interval, ModelRef, RunResult, SliceScore, StepReport

RESULT = RunResult(
    run_id="r1",
    system="toy",
    status="done",
    simulated=True,
    headline="MAPE 0.02, 20.0% better than the best baseline (naive); " + "and so on " * 20,
    dataset="toy@v1",
    model=ModelRef(name="toy", version=3, alias="candidate"),
    metrics={
        "naive": {"mape": 0.03, "mase": 1.0, "wape": 0.03, "mae": 1234.5, "rmse": 2.0, "bias": -0.5},
        "model": {"mape": 0.02, "mase": 0.8, "wape": 0.02, "mae": 1000.0, "rmse": 1.5, "bias": 0.1},
    },
    intervals={"model": {"mape": Interval(lower=0.018, upper=0.022, level=0.9)}},
    slices_worst=(SliceScore(by="series", slice="a", metric="mape", value=0.05, baseline=0.06, count=2400),),
    checks=(
        CheckResult(name="finite", kind="asserts", verdict="passed", detail="every number is finite"),
        CheckResult(name="order", kind="measures", verdict="failed", detail="moved", example="series b, 3 %"),
    ),
    steps=(
        StepReport(name="read", stage="acquire", state="reused", reason="nothing changed"),
        StepReport(name="fit", stage="train", state="ran", reason="first time", seconds=1.5),
    ),
    report="/w/runs/r1/report.html",
    forecast="/w/runs/r1/forecast.parquet",
)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer as in a terminal of 60 columns."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: terminal_size((60, 24)))


def test_a_summary_tells_everything_a_person_asks_first() -> None:
    lines = summary_text(RESULT).splitlines()
    assert lines[0] == "toy · run r1 · done · steps: 1 ran, 1 reused · SIMULATED DATA"
    assert lines[1].startswith("MAPE 0.02")
    text = "\n".join(lines)
    for word in (
        "✓ passed",
        "✗ failed",
        "series b, 3 %",
        "2,400",
        "toy@v1",
        "toy@v3 (alias candidate)",
        "/w/runs/r1/report.html",
        "penstock reproduce r1",
    ):
        assert word in text
    assert "\x1b" not in text


def test_the_fixed_sample_of_the_checks_is_named() -> None:
    on = "fixed sample 1a2b3c: 3 pieces of 4 series, 100 rows, seed 7"
    assert f"\non {on}, then searched\n" in summary_text(RESULT.model_copy(update={"checks_on": on}))


def test_notes_stand_below_what_they_explain() -> None:
    noted = RESULT.model_copy(update={"notes": ("rung course left out: too little history",)})
    text = summary_text(noted)
    assert "\nNotes\n- rung course left out: too little history\n\ndataset" in text
    assert "Notes" not in summary_text(RESULT)


def test_the_best_rung_stands_first_and_the_interval_where_there_is_one() -> None:
    lines = shown(ladder_table(RESULT)).splitlines()
    assert lines[1].split() == [
        *("rung", "mape", "mase", "wape", "mae", "rmse", "bias"),
        *("mape,", "90%", "interval"),
    ]
    assert lines[2].split() == ["model", "0.02", "0.8", "0.02", "1,000", "1.5", "0.1", "0.018", "…", "0.022"]
    assert lines[3].split()[:2] == ["naive", "0.03"]


def test_in_a_pipe_one_row_is_one_line() -> None:
    wide = table("Wide", "name", "text")
    wide.add_row("a", "word " * 500)
    assert len(shown(wide).splitlines()) == 3


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_words_wrap_at_its_edge_and_paths_stay_whole() -> None:
    text = summary_text(RESULT)
    wide = [line for line in text.splitlines() if len(line) > 60]
    assert wide == []
    assert "rmse" not in text, "metrics that do not fit are left to --json"
    long = RESULT.model_copy(update={"report": "/w/" + "x" * 80})
    assert "/w/" + "x" * 80 in summary_text(long).splitlines()[-2]


def test_colour_is_for_terminals_only() -> None:
    assert "\x1b[32m✓ passed" in summary_text(RESULT, colour=True)
    assert "\x1b" not in summary_text(RESULT)


def test_a_run_without_a_model_is_summed_up_too() -> None:
    bare = RunResult(run_id="r2", system="toy", status="done")
    assert summary_text(bare).splitlines()[0] == "toy · run r2 · done · steps: none"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (1.269e-16, "0"),
        (-3e-15, "0"),
        (0.024312, "0.02431"),
        (3.0, "3"),
        (1234.5, "1,234"),
        (-98765.4, "-98,765"),
        (0.0, "0"),
    ],
)
def test_numbers_are_short(value: float | None, text: str) -> None:
    assert number(value) == text


def test_metrics_of_the_ladder_come_first() -> None:
    metrics = {"zeta": 1.0, "mae": 2.0, "mape": 0.5}
    assert metrics_line(metrics) == "mape 0.5, mae 2, zeta 1"
    assert metrics_line(metrics, 2) == "mape 0.5, mae 2"


def test_the_metric_that_judged_stands_first_with_order_and_interval() -> None:
    metrics = {
        "near": {"mape": 0.9, "bias": -0.1, "smape": 0.3},
        "model": {"mape": 0.5, "bias": 0.2, "smape": 0.1},
        "far": {"mape": 0.1, "bias": -3.0, "smape": 0.2},
    }
    ends = {"model": {name: Interval(lower=0.1, upper=0.3, level=0.9) for name in ("mape", "bias")}}
    judged = RESULT.model_copy(update={"metrics": metrics, "intervals": ends})

    def first(metric: str) -> list[str]:
        lines = shown(ladder_table(judged.model_copy(update={"metric": metric}))).splitlines()
        return [lines[1].split()[1], *(line.split()[0] for line in lines[2:])]

    assert first("bias") == ["bias", "near", "model", "far"]
    assert first("smape") == ["smape", "model", "far", "near"]
    assert "bias, 90% interval" in shown(ladder_table(judged.model_copy(update={"metric": "bias"})))
