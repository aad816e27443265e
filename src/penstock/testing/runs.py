"""Runs told as events, and their journals, for tests of listeners."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from penstock.domain.events import (
    Event,
    MetricsLogged,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    TrialFinished,
)
from penstock.domain.results import StepReport
from penstock.domain.values import Json, RunId
from penstock.tracking.journal import JournalWriter, Line, journal_path, plain

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Ticking:
    """A clock that goes on by one second whenever it is read."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Return the time and let a second pass."""
        self.now += timedelta(seconds=1)
        return self.now


def started(run_id: str, system: str = "denmark") -> RunStarted:
    """Return the start of a run."""
    config: dict[str, Json] = {"model": {"trees": 50, "lags": [1, 24]}, "seed": 7}
    return RunStarted(run_id=RunId(run_id), system=system, started_at=START, config=config, steps=())


def step(run_id: str, name: str, state: Literal["ran", "reused", "failed"] = "ran") -> Iterator[Event]:
    """Yield the events of one step of stage ``train``."""
    run = RunId(run_id)
    if state != "reused":
        yield StepStarted(run_id=run, step=name, stage="train")
    report = StepReport(
        name=name, stage="train", state=state, reason="first time", seconds=2.0, cpu_seconds=3.0, peak_mb=64.0
    )
    yield StepFinished(run_id=run, report=report, params={"alpha": 0.5})


def trial(run_id: str, number: int, score: float | None) -> TrialFinished:
    """Return the end of a trial of the step ``tune``; without a score it was pruned."""
    return TrialFinished(
        run_id=RunId(run_id),
        step="tune",
        number=number,
        state="pruned" if score is None else "complete",
        params={"leaves": 2**number},
        score=score,
        seconds=0.5,
    )


def ended(run_id: str, status: Literal["done", "failed"] = "done") -> RunFinished:
    """Return the end of a run, five minutes after its start."""
    return RunFinished(run_id=RunId(run_id), status=status, finished_at=START + timedelta(minutes=5))


def whole_run(run_id: str) -> Iterator[Event]:
    """One reused step, two that ran (one of them a tuning with three trials), one metric."""
    yield started(run_id)
    yield from step(run_id, "load", "reused")
    yield from (trial(run_id, number, score) for number, score in enumerate((0.9, None, 0.7)))
    yield from step(run_id, "tune")
    yield MetricsLogged(run_id=RunId(run_id), step="score", group="lightgbm", metrics={"mae": 1.5})
    yield from step(run_id, "score")
    yield ended(run_id)


def lines(events: Iterable[Event]) -> list[Line]:
    """Return the journal lines of events told a second apart."""
    clock = Ticking()
    return [Line(int(clock().timestamp() * 1000), type(event).__name__, plain(event)) for event in events]


def write(folder: Path, run_id: str, events: Iterable[Event]) -> Path:
    """Append events to the journal of a run in ``folder`` and return its file."""
    path = journal_path(folder, run_id)
    with JournalWriter(path) as writer:
        for line in lines(events):
            writer.write(line)
    return path
