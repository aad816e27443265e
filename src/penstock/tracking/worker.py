"""The process that talks to MLflow, so that the run neither waits for its import nor shares its faults.

It reads one line of settings and then commands from standard input::

    show RUN_ID     something new stands in this journal
    close           the run is over: show everything, report, end
    (end of input)  the parent died: the same, and runs that had not ended are shown as killed

and writes one line, a ``MirrorReport``, when its own runs are shown. After that it shows what older runs left.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import sys
import threading
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from penstock.domain.errors import LockTimeoutError
from penstock.storage.locks import FileLock
from penstock.tracking.backend import Backend, open_backend
from penstock.tracking.extensions import Shown, run_extensions
from penstock.tracking.journal import journal_path, read_journal
from penstock.tracking.masking import MaskingFormatter, masked, secrets_of
from penstock.tracking.mirror import RunMirror
from penstock.tracking.pending import forget_marks, mark_shown, pending_runs
from penstock.tracking.record import RunRecord, read_record
from penstock.tracking.report import MirrorReport
from penstock.tracking.settings import TrackingSettings, settings_from

logger = logging.getLogger(__name__)

ABANDONED_AFTER_S = 3600.0
_NICE = 10
_MAX_REASON = 300


@dataclass(slots=True)
class Worker:
    """Shows runs to one MLflow. A failure is kept and told, never raised."""

    settings: TrackingSettings
    backend: Backend | None = None
    mirrors: dict[str, RunMirror] = field(default_factory=dict)
    locks: dict[str, FileLock] = field(default_factory=dict)
    mirrored: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def connect(self) -> Backend:
        """Open MLflow, once; a fresh local database has been shown nothing yet."""
        if self.backend is None:
            if self.settings.local and not self.settings.database.exists():
                forget_marks(self.settings)
            self.backend = open_backend(self.settings)
        return self.backend

    def show(self, run_id: str, *, final: bool = False, dead: bool = False) -> None:
        """Show one run as far as its journal goes; ``dead`` says that nobody will write to it any more."""
        try:
            if self._take(run_id):
                self._show(run_id, final=final, dead=dead)
                self.failed.pop(run_id, None)
        except Exception as error:  # the outermost door: a mirror that fails must fail alone
            logger.exception("run %s could not be mirrored", run_id)
            self.failed[run_id] = _reason(error, secrets_of(self.settings, os.environ))
            self.mirrors.pop(run_id, None)

    def drain(self) -> None:
        """Show what earlier runs have left, unless another worker is at it."""
        for run_id in pending_runs(self.settings):
            if run_id not in self.mirrored:
                path = journal_path(self.settings.journals, run_id)
                self.show(run_id, final=True, dead=_age_s(path) > ABANDONED_AFTER_S)

    def close(self, report_to: IO[str] | None, *, dead: bool) -> None:
        """Finish the runs of this worker, report, and then look after older ones."""
        for run_id in sorted(self.locks):
            self.show(run_id, final=True, dead=dead)
        if report_to is not None and self.locks:
            _tell(self.report(), report_to)
            report_to = None
        self.drain()
        if report_to is not None:
            _tell(self.report(), report_to)
        for lock in self.locks.values():
            lock.release(remove=True)

    def report(self) -> MirrorReport:
        """Return what became of the runs so far."""
        return MirrorReport(
            mirrored=self.mirrored, failed=self.failed, pending=tuple(pending_runs(self.settings))
        )

    def _take(self, run_id: str) -> bool:
        """Whether this worker may show the run: one worker at a time, or MLflow would get children twice."""
        if run_id in self.locks:
            return True
        lock = FileLock(self.settings.journals / f"{run_id}.lock")
        try:
            lock.acquire(0)
        except LockTimeoutError:
            return False
        self.locks[run_id] = lock
        return True

    def _show(self, run_id: str, *, final: bool, dead: bool) -> None:
        path = journal_path(self.settings.journals, run_id)
        size = path.stat().st_size
        record = read_record(run_id, read_journal(path))
        if not record.system:
            return
        if dead and record.status == "running":
            record.status = "interrupted"
        mirror = self.mirrors.setdefault(run_id, RunMirror(self.connect()))
        mlflow_run_id = mirror.update(record)
        if final:
            self._extend(record, mlflow_run_id)
            self.mirrored[run_id] = mlflow_run_id
            mark_shown(self.settings, run_id, size)

    def _extend(self, record: RunRecord, mlflow_run_id: str) -> None:
        shown = Shown(backend=self.connect(), record=record, mlflow_run_id=mlflow_run_id)
        run_extensions(self.settings.extensions, shown)


def main(settings: TrackingSettings, commands: IO[str], report_to: IO[str]) -> None:
    """Follow the commands until they end."""
    worker = Worker(settings)
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(commands, lines), daemon=True).start()
    with contextlib.suppress(Exception):  # told again, and reported, when the first run is shown
        worker.connect()
    worker.close(report_to, dead=_follow(worker, lines))


def _follow(worker: Worker, lines: queue.SimpleQueue[str]) -> bool:
    """Show runs as they are told; return whether the parent died before it said close."""
    while True:
        waiting = [lines.get()]
        with contextlib.suppress(queue.Empty):
            while True:
                waiting.append(lines.get_nowait())
        words = [line.split() for line in waiting]
        for run_id in sorted({word[1] for word in words if word[:1] == ["show"]}):
            worker.show(run_id)
        if ["close"] in words:
            return False
        if [] in words:
            return True


def _listen(commands: IO[str], lines: queue.SimpleQueue[str]) -> None:
    for line in commands:
        lines.put(line)
    lines.put("")


def _tell(report: MirrorReport, report_to: IO[str]) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody may be left to read it
        report_to.write(report.model_dump_json() + "\n")
        report_to.close()


def _reason(error: Exception, secrets: tuple[str, ...]) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return masked(text, secrets)[:_MAX_REASON]


def _age_s(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _log_to_stderr(settings: TrackingSettings) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(MaskingFormatter(secrets_of(settings, os.environ)))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(_NICE)
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints belongs into the log
    told = settings_from(sys.stdin.readline())
    _log_to_stderr(told)
    main(told, sys.stdin, answers)
