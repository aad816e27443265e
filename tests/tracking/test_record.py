from __future__ import annotations

from penstock.domain.events import Event
from penstock.testing.runs import ended, lines, started, step, whole_run
from penstock.tracking.journal import Line
from penstock.tracking.record import read_record


def test_a_record_holds_what_the_events_told() -> None:
    record = read_record("r", lines(whole_run("r")))

    assert (record.system, record.status) == ("denmark", "done")
    assert {name: step.state for name, step in record.steps.items()} == {
        "load": "reused",
        "tune": "ran",
        "score": "ran",
    }
    assert record.steps["tune"].numbers == {"seconds": 2.0, "cpu_seconds": 3.0, "peak_mb": 64.0}
    assert [trial.score for trial in record.trials.values()] == [0.9, None, 0.7]
    assert record.metrics["lightgbm.mae"][0] == 1.5
    assert record.steps["score"].metrics == {"lightgbm.mae": 1.5}


def test_a_step_that_ran_before_a_restart_stays_a_step_that_ran() -> None:
    events: list[Event] = [
        started("r"),
        *step("r", "fit"),
        started("r"),
        *step("r", "fit", "reused"),
        ended("r"),
    ]

    assert read_record("r", lines(events)).steps["fit"].state == "ran"


def test_a_restart_keeps_the_first_start_and_is_running_again() -> None:
    events: list[Event] = [started("r"), ended("r", "failed"), started("r")]

    record = read_record("r", lines(events))

    assert record.status == "running"
    assert record.started_ms == int(started("r").started_at.timestamp() * 1000)


def test_a_metric_told_twice_keeps_its_first_time() -> None:
    facts = {"dataset": None, "tags": {}, "metrics": {"naive": {"mae": 1.0}}}

    record = read_record("r", [Line(1, "Facts", facts), Line(9, "Facts", facts)])

    assert record.metrics == {"naive.mae": (1.0, 1)}


def test_lines_of_an_unknown_kind_are_passed_over() -> None:
    assert read_record("r", [Line(1, "FromTheFuture", {})]).status == "running"
