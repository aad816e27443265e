"""What the body of a step may ask of the engine; outside a run every call is harmless."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.domain.errors import UsageError
from penstock.domain.events import Event, MetricsLogged, StepProgress, TrialFinished
from penstock.domain.values import Json, RunId

if TYPE_CHECKING:
    from penstock.engine.records import OutputRef
    from penstock.storage.artifacts import ArtifactStore
    from penstock.storage.catalogue import Catalogue
    from penstock.storage.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class World:
    """What an effect may touch: the workspace, its store and catalogue, the time, who asks, and its own inputs.

    ``now`` is the moment at which it began, ``clock`` goes on.
    """

    workspace: Workspace
    store: ArtifactStore
    catalogue: Catalogue
    run_id: RunId
    system: str
    now: datetime
    clock: Callable[[], datetime]
    who: str = "unknown"
    inputs: Mapping[str, OutputRef] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """What a pure step may open: things of the workspace that never change and that a parameter names exactly."""

    workspace: Workspace
    store: ArtifactStore


@dataclass(frozen=True, kw_only=True)
class StepContext:
    """The running step, as its body sees it; ``limits`` takes what limits of time ended its work."""

    run_id: RunId
    step: str
    scratch: Path
    emit: Callable[[Event], None]
    world: World | None = None
    shelf: Shelf | None = None
    limits: list[str] = field(default_factory=list)


_current: ContextVar[StepContext | None] = ContextVar("penstock_step", default=None)


@contextmanager
def running(context: StepContext) -> Iterator[None]:
    """Make ``context`` the current one while a step's function runs."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


def progress(done: int, total: int | None = None, note: str = "") -> None:
    """Tell how far the step has come."""
    if context := _current.get():
        context.emit(
            StepProgress(run_id=context.run_id, step=context.step, done=done, total=total, note=note)
        )


def trial(  # noqa: PLR0913 - the fields of one event
    *,
    number: int,
    state: str,
    params: Mapping[str, Json],
    score: float | None,
    metrics: Mapping[str, float] | None = None,
    seconds: float = 0.0,
) -> None:
    """Tell that a tuning trial ended; ``score`` is ``None`` when it was pruned or failed."""
    if context := _current.get():
        context.emit(
            TrialFinished(
                run_id=context.run_id,
                step=context.step,
                number=number,
                state=state,
                params=params,
                score=score,
                metrics=metrics or {},
                seconds=seconds,
            )
        )


def log_metrics(group: str, metrics: Mapping[str, float]) -> None:
    """Keep ``metrics`` beside the run under ``group``, a rung or a model."""
    if context := _current.get():
        context.emit(
            MetricsLogged(run_id=context.run_id, step=context.step, group=group, metrics=dict(metrics))
        )


def time_ran_out(limit: str) -> None:
    """Tell that a limit of time ended some of the step's work, such as ``limit_s=60``.

    What the step returns then depends on the load of the machine: this run uses it, and no later one.
    """
    if context := _current.get():
        context.limits.append(limit)


def scratch_dir() -> Path:
    """Return a folder for this step's unfinished work.

    The same step with the same fingerprint finds it again after a kill; it is removed once the result is
    committed. Outside a run it is a new temporary folder.
    """
    context = _current.get()
    if context is None:
        return Path(tempfile.mkdtemp(prefix="penstock-"))
    context.scratch.mkdir(parents=True, exist_ok=True)
    return context.scratch


def world() -> World:
    """Return what an effect may touch.

    Raises
    ------
    UsageError
        If called outside a running effect.
    """
    context = _current.get()
    if context is None or context.world is None:
        raise UsageError(
            "world() was called outside a running effect. Declare the function with @effect and call it from a "
            "pipeline that a run executes; pure steps must not touch the world."
        )
    return context.world


def shelf() -> Shelf:
    """Return where a step finds what its parameters name: pinned artifacts and cuts of tables.

    The parameter must name content (a digest, a table version with its ``as_of``), never "the latest": it is all
    that the fingerprint knows of what is opened.

    Raises
    ------
    UsageError
        If called outside a run.
    """
    context = _current.get()
    if context is None or context.shelf is None:
        raise UsageError(
            "shelf() was called outside a run. Call the step from a pipeline that a run executes; it needs a workspace."
        )
    return context.shelf
