"""Track a plain script: no configuration, no pipeline, no server."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from penstock.domain.events import MetricsLogged, RunFinished, RunStarted, StepFinished, StepStarted
from penstock.domain.results import StepReport
from penstock.domain.values import Json, RunId, RunStatus, Stage
from penstock.tracking.facts import DatasetNote, RunFacts
from penstock.tracking.tracker import Clock, Tracker


@dataclass(frozen=True, kw_only=True)
class ScriptRun:
    """A run that a script tells itself. ``tracker`` has everything a run of a system has."""

    run_id: RunId
    tracker: Tracker
    clock: Clock

    @contextmanager
    def step(self, name: str, stage: Stage = "train") -> Iterator[None]:
        """Time a part of the script and show it as a step; an exception in it marks it as failed."""
        self.tracker.on(StepStarted(run_id=self.run_id, step=name, stage=stage))
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        failed = True
        try:
            yield
            failed = False
        finally:
            report = StepReport(
                name=name,
                stage=stage,
                state="failed" if failed else "ran",
                reason="a script ran it",
                seconds=time.perf_counter() - wall_s,
                cpu_seconds=time.process_time() - cpu_s,
            )
            self.tracker.on(StepFinished(run_id=self.run_id, report=report))

    def measure(self, group: str, metrics: Mapping[str, float], step: str = "") -> None:
        """Add metrics of one rung or model, and of the step that made them, if it is named."""
        self.tracker.on(MetricsLogged(run_id=self.run_id, step=step, group=group, metrics=metrics))

    def trained_on(self, dataset: DatasetNote) -> None:
        """Say which data were read."""
        self.tracker.describe(self.run_id, RunFacts(dataset=dataset))

    def attach(self, name: str, path: Path) -> None:
        """Add a file or folder."""
        self.tracker.attach(self.run_id, {name: path})


@contextmanager
def script_run(
    tracker: Tracker, run_id: str, *, system: str, params: Mapping[str, Json], clock: Clock
) -> Iterator[ScriptRun]:
    """Track what happens inside the ``with`` block as one run; the tracker is closed at its end.

    Parameters
    ----------
    tracker
        Where to; see ``Tracker``.
    run_id
        Unique in the workspace: letters, digits, ``-``, ``_`` and ``.``.
    system
        Under which heading (MLflow: experiment) the run is filed.
    params
        What the script was asked to do.

    Examples
    --------
    >>> with script_run(tracker, "try-7", system="load", params={"season": 24}, clock=clock) as run:  # doctest: +SKIP
    ...     with run.step("fit"):
    ...         model = fit(table, season=24)
    ...     run.measure("naive", {"mae": 1.5})
    """
    run = ScriptRun(run_id=RunId(run_id), tracker=tracker, clock=clock)
    tracker.on(RunStarted(run_id=run.run_id, system=system, started_at=clock(), config=params, steps=()))
    status: RunStatus = "failed"
    try:
        yield run
        status = "done"
    except KeyboardInterrupt:
        status = "interrupted"
        raise
    finally:
        tracker.on(RunFinished(run_id=run.run_id, status=status, finished_at=clock()))
        tracker.close()
