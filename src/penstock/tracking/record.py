"""The state of a run as its journal tells it: pure, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from penstock.tracking.journal import Line

Point: TypeAlias = tuple[float, int]
"""A number and when it was first told, in milliseconds since 1970."""


@dataclass(slots=True)
class StepRecord:
    """One step of a run; times in milliseconds since 1970."""

    name: str
    stage: str = ""
    state: str = "running"
    reason: str = ""
    digest: str | None = None
    started_ms: int | None = None
    ended_ms: int | None = None
    params: dict[str, Any] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def executed(self) -> bool:
        """Whether the step's body ran in this run, well or not."""
        return self.state in {"ran", "failed"}


@dataclass(slots=True)
class TrialRecord:
    """One tuning trial; ``score`` is ``None`` when it was pruned or failed."""

    step: str
    number: int
    state: str
    params: dict[str, Any]
    score: float | None
    metrics: dict[str, float]
    seconds: float
    ended_ms: int


@dataclass(slots=True)
class RunRecord:
    """Everything the mirror shows of one run. ``status`` is ``running`` until the run said how it ended."""

    run_id: str
    system: str = ""
    status: str = "running"
    started_ms: int | None = None
    ended_ms: int | None = None
    config: dict[str, Any] = field(default_factory=dict)
    dataset: dict[str, Any] | None = None
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, Point] = field(default_factory=dict)
    steps: dict[str, StepRecord] = field(default_factory=dict)
    trials: dict[tuple[str, int], TrialRecord] = field(default_factory=dict)
    artifacts: dict[str, str] = field(default_factory=dict)
    extensions: dict[str, dict[str, Any]] = field(default_factory=dict)

    def step(self, name: str) -> StepRecord:
        """Return the record of a step, making it when it is new."""
        return self.steps.setdefault(name, StepRecord(name))

    def measure(self, values: Mapping[str, float], at_ms: int) -> None:
        """Take over metrics; one that is told again unchanged keeps its first time."""
        for name, value in values.items():
            known = self.metrics.get(name)
            if known is None or known[0] != value:
                self.metrics[name] = (value, at_ms)


def read_record(run_id: str, lines: Iterable[Line]) -> RunRecord:
    """Build the record of a run from its journal. Kinds of lines that are not known are passed over."""
    record = RunRecord(run_id)
    for line in lines:
        note = _NOTES.get(line.kind)
        if note is not None:
            note(record, line)
    return record


def metric_key(group: str, metric: str) -> str:
    """Return the name of a metric of one rung or model; an empty group adds nothing."""
    return f"{group}.{metric}" if group else metric


def _run_started(record: RunRecord, line: Line) -> None:
    record.system = line.body["system"]
    record.config = dict(line.body["config"])
    record.started_ms = record.started_ms or _milliseconds(line.body["started_at"])
    record.status = "running"


def _step_started(record: RunRecord, line: Line) -> None:
    step = record.step(line.body["step"])
    step.stage = line.body["stage"]
    step.started_ms = step.started_ms or line.at_ms


def _step_finished(record: RunRecord, line: Line) -> None:
    report = line.body["report"]
    step = record.step(report["name"])
    if step.executed and report["state"] not in {"ran", "failed"}:
        return
    step.stage, step.state, step.reason = report["stage"], report["state"], report["reason"]
    step.digest, step.ended_ms = report["digest"], line.at_ms
    step.params = dict(line.body["params"])
    names = ("seconds", "cpu_seconds", "peak_mb", "cost")
    step.numbers = {name: float(report[name]) for name in names if report[name] is not None}


def _metrics_logged(record: RunRecord, line: Line) -> None:
    named = _named(line.body["group"], line.body["metrics"])
    if line.body["step"]:
        record.step(line.body["step"]).metrics.update(named)
    record.measure(named, line.at_ms)


def _trial_finished(record: RunRecord, line: Line) -> None:
    body = line.body
    record.trials[body["step"], body["number"]] = TrialRecord(
        step=body["step"],
        number=body["number"],
        state=body["state"],
        params=dict(body["params"]),
        score=body["score"],
        metrics=dict(body["metrics"]),
        seconds=body["seconds"],
        ended_ms=line.at_ms,
    )


def _run_finished(record: RunRecord, line: Line) -> None:
    record.status = line.body["status"]
    record.ended_ms = _milliseconds(line.body["finished_at"])


def _facts(record: RunRecord, line: Line) -> None:
    record.dataset = line.body["dataset"] or record.dataset
    record.tags.update(line.body["tags"])
    for group, metrics in line.body["metrics"].items():
        record.measure(_named(group, metrics), line.at_ms)


def _artifacts(record: RunRecord, line: Line) -> None:
    record.artifacts.update(line.body)


def _extension(record: RunRecord, line: Line) -> None:
    record.extensions[line.body["name"]] = dict(line.body["content"])


_NOTES: Mapping[str, Callable[[RunRecord, Line], None]] = {
    "RunStarted": _run_started,
    "StepStarted": _step_started,
    "StepFinished": _step_finished,
    "MetricsLogged": _metrics_logged,
    "TrialFinished": _trial_finished,
    "RunFinished": _run_finished,
    "Facts": _facts,
    "Artifacts": _artifacts,
    "Extension": _extension,
}


def _named(group: str, metrics: Mapping[str, float]) -> dict[str, float]:
    return {metric_key(group, name): float(value) for name, value in metrics.items()}


def _milliseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)
