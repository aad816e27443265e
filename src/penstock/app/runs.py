"""Looking at runs: list, show, tree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field

from penstock.app.session import Session
from penstock.app.systems import system_names
from penstock.domain.errors import UnknownNameError, did_you_mean
from penstock.domain.results import Result, RunResult
from penstock.domain.values import Json, RunStatus
from penstock.engine.commit import runs_scope
from penstock.engine.journal import Journal
from penstock.engine.records import RunRecord, RunStartedRecord

RUN_RESULT = "run_result"
RUN = "run"
RUN_STARTED = "run_started"
SUGGESTED_RUNS = 12
"""Runs named where one is not found: the newest."""


class RunLine(Result):
    """One run in a list. ``running`` also stands for a run whose process was killed."""

    run_id: str
    system: str
    status: RunStatus
    started_at: datetime
    seconds: float | None = None
    dataset: str | None = None
    model: str | None = None
    metrics: dict[str, float] = Field(default_factory=dict)


def list_runs(session: Session, *, system: str | None = None, limit: int | None = None) -> list[RunLine]:
    """Return the runs, newest first.

    Raises
    ------
    UnknownNameError
        If ``system`` is neither a system nor that of an earlier run.
    """
    scope = None if system is None else runs_scope(system)
    finished = {entry.key: entry.body for entry in session.catalogue.find(RUN, RunRecord, scope=scope)}
    results = {entry.key: entry.body for entry in session.catalogue.find(RUN_RESULT, RunResult, scope=scope)}
    started = session.catalogue.find(RUN_STARTED, RunStartedRecord, scope=scope, limit=limit)
    if system is not None and not started:
        _require_system(session, system)
    return [_line(entry.body, finished.get(entry.key), results.get(entry.key)) for entry in started]


def _require_system(session: Session, name: str) -> None:
    ran = {entry.body.system for entry in session.catalogue.find(RUN_STARTED, RunStartedRecord)}
    known = {*system_names(), *ran}
    if name not in known:
        raise UnknownNameError(f"There is no system {name!r}, and no run of one{did_you_mean(name, known)}")


def show_run(session: Session, run_id: str) -> RunRecord:
    """Return the manifest of a finished run.

    Raises
    ------
    UnknownNameError
        If there is no such run, or it never finished.
    """
    entry = session.catalogue.get(RUN, run_id, RunRecord)
    if entry is not None:
        return entry.body
    if session.catalogue.get(RUN_STARTED, run_id, RunStartedRecord) is not None:
        raise UnknownNameError(
            f"Run {run_id!r} has not finished: it goes on, or its process was killed. "
            "The same command continues from its last finished step."
        )
    known = [line.run_id for line in list_runs(session, limit=SUGGESTED_RUNS)]
    raise UnknownNameError(
        f"There is no run {run_id!r}{did_you_mean(run_id, known)}. `penstock runs list` shows all."
        if known
        else f"There is no run {run_id!r}{did_you_mean(run_id, known)}"
    )


def result_of(session: Session, run_id: str) -> RunResult:
    """Return the result of a finished run.

    Raises
    ------
    UnknownNameError
        If no run of this id ended well.
    """
    entry = session.catalogue.get(RUN_RESULT, run_id, RunResult)
    if entry is None:
        record = show_run(session, run_id)
        raise UnknownNameError(
            f"Run {run_id} {record.status}: it has no result. {record.error or ''}".strip()
        )
    return entry.body


def journal(session: Session, run_id: str) -> list[Mapping[str, Json]]:
    """Return what the journal of a run says, in order; also of a run that was killed."""
    return list(Journal(path=session.workspace.runs / run_id / "journal.jsonl").read())


def _line(started: RunStartedRecord, record: RunRecord | None, result: RunResult | None) -> RunLine:
    seconds = (record.finished_at - record.started_at).total_seconds() if record else None
    model = result.model if result else None
    return RunLine(
        run_id=started.run_id,
        system=started.system,
        status=record.status if record else "running",
        started_at=started.started_at,
        seconds=seconds,
        dataset=result.dataset if result else None,
        model=f"{model.name}@v{model.version}" if model else None,
        metrics=_model_metrics(result),
    )


def _model_metrics(result: RunResult | None) -> dict[str, float]:
    if result is None or not result.metrics:
        return {}
    return dict(result.metrics.get("model") or next(iter(result.metrics.values())))
