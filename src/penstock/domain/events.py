"""What happens during a run, told to whoever listens; nothing in the engine waits for a listener."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from penstock.domain.results import StepReport
from penstock.domain.values import Json, RunId, RunStatus, Stage


@dataclass(frozen=True, kw_only=True, slots=True)
class RunStarted:
    """A run began; ``config`` is the effective configuration with secrets masked."""

    run_id: RunId
    system: str
    started_at: datetime
    config: Mapping[str, Json]
    steps: tuple[tuple[str, Stage], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class StepStarted:
    """A step began to execute (a reused step never starts)."""

    run_id: RunId
    step: str
    stage: Stage


@dataclass(frozen=True, kw_only=True, slots=True)
class StepProgress:
    """How far a running step has come: ``done`` of ``total`` (``None`` when unknown)."""

    run_id: RunId
    step: str
    done: int
    total: int | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepWaiting:
    """Another process computes the same step; this one waits for its result."""

    run_id: RunId
    step: str
    holder: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialFinished:
    """One tuning trial ended; ``score`` is ``None`` when it was pruned or failed."""

    run_id: RunId
    step: str
    number: int
    state: str
    params: Mapping[str, Json]
    score: float | None
    metrics: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricsLogged:
    """A step made numbers worth keeping beside the run: ``group`` is a rung, a model or empty."""

    run_id: RunId
    step: str
    group: str
    metrics: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class StepFinished:
    """A step ended or was reused."""

    run_id: RunId
    report: StepReport
    params: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFinished:
    """A run ended, well or not."""

    run_id: RunId
    status: RunStatus
    finished_at: datetime


Event: TypeAlias = (
    RunStarted
    | StepStarted
    | StepProgress
    | StepWaiting
    | TrialFinished
    | MetricsLogged
    | StepFinished
    | RunFinished
)


class Listener(Protocol):
    """Receives every event of a run in order, in the coordinating process.

    A listener that raises is logged and dropped for the rest of the run: it can never fail the run.
    """

    def on(self, event: Event) -> None:
        """Take note of ``event``."""
