"""The listener that keeps MLflow informed; it costs a run one small write per event."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from penstock.domain.events import Event, RunFinished, StepFinished, StepProgress, StepStarted, StepWaiting
from penstock.tracking.facts import RunFacts
from penstock.tracking.journal import JournalWriter, Line, journal_path, plain
from penstock.tracking.launch import WorkerProcess
from penstock.tracking.pending import forget_marks, pending_runs
from penstock.tracking.report import MirrorReport
from penstock.tracking.settings import TrackingSettings

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]


class Tracker:
    """Mirrors runs to MLflow. Subscribe it to the engine; nothing in the engine knows it.

    Events go to a journal in the workspace. A process of low priority, started with the first step that runs,
    imports MLflow while the run computes and shows the journal. A run in which no step ran starts no process: its
    journal waits for the next run that computes, or for ``sync``.

    No method raises because of MLflow: what goes wrong is logged once and the journal stays.

    Parameters
    ----------
    settings
        Where to (see ``tracking_settings``).
    environ
        Environment of the process; handed to the worker.
    clock
        Returns the present time, aware of its zone.
    """

    def __init__(self, settings: TrackingSettings, *, environ: Mapping[str, str], clock: Clock) -> None:
        self._settings = settings
        self._environ = environ
        self._clock = clock
        self._journals: dict[str, JournalWriter] = {}
        self._worker: WorkerProcess | None = None
        self._working = False
        self._broken = not settings.enabled

    @property
    def settings(self) -> TrackingSettings:
        """Where everything is kept and shown."""
        return self._settings

    def on(self, event: Event) -> None:
        """Take note of an event; progress and waiting are not shown in MLflow."""
        if isinstance(event, StepProgress | StepWaiting):
            return
        self._write(event.run_id, type(event).__name__, plain(event))
        if isinstance(event, StepStarted):
            self._working = True
            if self._settings.warm:
                self._start_worker()
        if isinstance(event, StepFinished | RunFinished):
            self._hint(event.run_id)

    def describe(self, run_id: str, facts: RunFacts) -> None:
        """Add what no event carries: the dataset read, final metrics, tags such as the code's commit."""
        self._write(run_id, "Facts", facts.model_dump(mode="json"))

    def attach(self, run_id: str, artifacts: Mapping[str, Path]) -> None:
        """Add files or folders to a run, by the name they get there (``report.html``, ``figures/ladder.svg``).

        A name without a folder part keeps the file's own name.
        """
        paths = {name: self._settings.portable(path) for name, path in artifacts.items()}
        self._write(run_id, "Artifacts", paths)

    def extend(self, run_id: str, name: str, content: Mapping[str, Any]) -> None:
        """Hand ``content`` to the extension ``name`` of the settings, once the run is shown.

        A ``Path`` in it is written down so that it survives a move of the workspace (``TrackingSettings.located``).
        """
        portable = {
            key: self._settings.portable(value) if isinstance(value, Path) else value
            for key, value in content.items()
        }
        self._write(run_id, "Extension", {"name": name, "content": plain(portable)})

    def close(self, timeout_s: float = 30.0) -> MirrorReport:
        """Show everything and wait for at most ``timeout_s`` seconds; a worker that needs longer goes on alone."""
        if self._working:
            self._start_worker()
        for writer in self._journals.values():
            writer.close()
        self._journals.clear()
        worker, self._worker = self._worker, None
        return self._finish(worker, timeout_s)

    def sync(self, timeout_s: float = 300.0, *, everything: bool = False) -> MirrorReport:
        """Mirror the runs that MLflow has not been shown; with ``everything`` look at all of them again."""
        if self._broken:
            return MirrorReport()
        if everything:
            forget_marks(self._settings)
        if not pending_runs(self._settings):
            return MirrorReport()
        return self._finish(WorkerProcess(self._settings, self._environ), timeout_s)

    def _finish(self, worker: WorkerProcess | None, timeout_s: float) -> MirrorReport:
        if worker is None:
            return MirrorReport(pending=self._pending())
        report = worker.close(timeout_s)
        if report is None:
            logger.info("MLflow is still being informed in the background (%s)", self._settings.log_file)
            return MirrorReport(pending=self._pending())
        if report.failed:
            run_id, reason = next(iter(sorted(report.failed.items())))
            logger.warning(
                "%d run(s) could not be mirrored to MLflow, first %s: %s. Nothing is lost: the journals in %s "
                "are shown with the next run, or by a sync",
                len(report.failed), run_id, reason, self._settings.journals,
            )  # fmt: skip
        return report

    def _pending(self) -> tuple[str, ...]:
        return () if self._broken else tuple(pending_runs(self._settings))

    def _write(self, run_id: str, kind: str, body: Any) -> None:
        if self._broken:
            return
        try:
            line = Line(int(self._clock().timestamp() * 1000), kind, body)
            self._journal(run_id).write(line)
        except (OSError, ValueError) as error:
            self._broken = True
            logger.warning(
                "Tracking is off for the rest of this run, its journal cannot be written: %s", error
            )

    def _journal(self, run_id: str) -> JournalWriter:
        if run_id not in self._journals:
            self._journals[run_id] = JournalWriter(journal_path(self._settings.journals, run_id))
        return self._journals[run_id]

    def _start_worker(self) -> None:
        if self._worker is not None or self._broken:
            return
        try:
            self._worker = WorkerProcess(self._settings, self._environ)
        except OSError as error:
            self._broken = True
            logger.warning("Tracking is off for the rest of this run, no process could be started: %s", error)

    def _hint(self, run_id: str) -> None:
        if self._worker is not None:
            self._worker.show(run_id)
