from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest

from penstock.cli.progress import JsonLines, Lines, Silent, progress
from penstock.cli.tree import LiveTree
from penstock.domain.events import (
    Event,
    MetricsLogged,
    RunFinished,
    RunStarted,
    StepFinished,
    StepProgress,
    StepStarted,
    StepWaiting,
    TrialFinished,
)
from penstock.domain.results import StepReport
from penstock.domain.values import RunId, Stage, StepState

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
RUN = RunId("20261121-063000-toy-1f3a")


def started(*steps: tuple[str, Stage]) -> RunStarted:
    return RunStarted(run_id=RUN, system="toy", started_at=NOW, config={}, steps=steps)


def finished(name: str, stage: Stage, state: StepState = "ran", reason: str = "first time") -> StepFinished:
    return StepFinished(
        run_id=RUN, report=StepReport(name=name, stage=stage, state=state, reason=reason, seconds=1.25)
    )


EVENTS: tuple[Event, ...] = (
    started(("read", "acquire"), ("fit", "train")),
    StepStarted(run_id=RUN, step="read", stage="acquire"),
    finished("read", "acquire"),
    StepWaiting(run_id=RUN, step="fit", holder="pid 7"),
    StepStarted(run_id=RUN, step="fit", stage="train"),
    MetricsLogged(run_id=RUN, step="fit", group="", metrics={"mae": 1.0}),
    finished("fit", "train", "reused", "nothing changed"),
    RunFinished(run_id=RUN, status="done", finished_at=NOW),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_lines_tell_what_starts_and_ends() -> None:
    stream = io.StringIO()
    shown = Lines(stream)
    for event in EVENTS:
        shown.on(event)
    shown.close()
    assert stream.getvalue().splitlines() == [
        f"run {RUN}: toy, 2 steps",
        "  acquire: read …",
        "  acquire: read ran in 1.2 s (first time)",
        "  fit: waiting for pid 7, which computes the same",
        "  train: fit …",
        "  train: fit reused (nothing changed)",
        f"run {RUN}: done",
    ]


def test_lines_of_a_long_step_come_now_and_then() -> None:
    stream, clock = io.StringIO(), Clock()
    shown = Lines(stream, clock)
    shown.on(StepStarted(run_id=RUN, step="search", stage="tune"))
    for second in range(1, 26):
        clock.now = float(second)
        shown.on(StepProgress(run_id=RUN, step="search", done=second, total=40, note="trial"))
    assert stream.getvalue().splitlines() == [
        "  tune: search …",
        "  search: 10 of 40 trial",
        "  search: 20 of 40 trial",
    ]


def test_json_lines_hold_every_event_whole() -> None:
    stream = io.StringIO()
    shown = JsonLines(stream)
    for event in EVENTS:
        shown.on(event)
    shown.close()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == [type(event).__name__ for event in EVENTS]
    assert lines[0]["started_at"] == "2026-11-21T06:30:00+00:00"
    assert lines[2]["report"]["reason"] == "first time"


def test_silence_says_nothing() -> None:
    shown = Silent()
    for event in EVENTS:
        shown.on(event)
    shown.close()


@pytest.mark.parametrize(
    ("stream", "log_format", "quiet", "kind"),
    [
        (Terminal(), "text", False, LiveTree),
        (io.StringIO(), "text", False, Lines),
        (Terminal(), "json", False, JsonLines),
        (Terminal(), "text", True, Silent),
    ],
)
def test_the_stream_decides_what_is_shown(
    stream: io.StringIO, log_format: str, quiet: bool, kind: type
) -> None:
    assert type(progress(stream, "json" if log_format == "json" else "text", quiet=quiet)) is kind


def test_a_trial_is_no_line_of_its_own() -> None:
    stream = io.StringIO()
    Lines(stream).on(
        TrialFinished(run_id=RUN, step="search", number=1, state="complete", params={}, score=0.1)
    )
    assert stream.getvalue() == ""
