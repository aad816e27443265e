"""Start the worker process and speak with it without ever waiting for it by accident."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Mapping

from pydantic import ValidationError

from penstock.tracking.backend import PATIENCE_ENVIRONMENT, QUIET_ENVIRONMENT
from penstock.tracking.report import MirrorReport
from penstock.tracking.settings import TrackingSettings, settings_line

_MAX_LOG_BYTES = 1_000_000


class WorkerProcess:
    """A running worker. It outlives this process when it must, and never keeps it from ending."""

    def __init__(self, settings: TrackingSettings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        settings.folder.mkdir(parents=True, exist_ok=True)
        _trim(settings)
        with settings.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "penstock.tracking.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=worker_environment(settings, environ),
                bufsize=0,
                start_new_session=True,  # an interrupt at the terminal is for the run, not for its mirror
            )
        self._answer = b""
        self._send(settings_line(settings))
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):  # pipes cannot be made non-blocking everywhere
                os.set_blocking(self._process.stdin.fileno(), False)

    def show(self, run_id: str) -> None:
        """Hint that a journal has grown; a hint that finds the pipe full is dropped."""
        self._send(f"show {run_id}\n")

    def close(self, timeout_s: float) -> MirrorReport | None:
        """Ask for the rest and wait at most ``timeout_s`` seconds; ``None`` when the worker is not done by then."""
        self._send("close\n")
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        told = threading.Event()
        reader = threading.Thread(target=self._read, args=(told,), name="penstock-mirror", daemon=True)
        reader.start()
        if not told.wait(timeout_s):
            return None
        try:
            return MirrorReport.model_validate_json(self._answer)
        except ValidationError:
            return MirrorReport(failed={"worker": self._epitaph()})

    def _read(self, told: threading.Event) -> None:
        """Take the answer, then stay to reap the process."""
        if self._process.stdout is not None:
            with self._process.stdout as answers:
                self._answer = answers.read()
        told.set()
        self._process.wait()

    def _send(self, line: str) -> None:
        if self._process.stdin is None or self._process.stdin.closed:
            return
        with contextlib.suppress(OSError):  # a worker that has died is found out when it is closed
            self._process.stdin.write(line.encode())

    def _epitaph(self) -> str:
        lines = self._settings.log_file.read_text(errors="replace").strip().splitlines()
        last = lines[-1][:300] if lines else "it said nothing"
        return f"the mirror process ended without a report: {last}"


def worker_environment(settings: TrackingSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the worker's environment: the caller's, without telemetry, pointed at the mirror."""
    address = {"MLFLOW_TRACKING_URI": settings.address, "MLFLOW_REGISTRY_URI": settings.address}
    return {**PATIENCE_ENVIRONMENT, **environ, **QUIET_ENVIRONMENT, **address}


def _trim(settings: TrackingSettings) -> None:
    with contextlib.suppress(OSError):
        if settings.log_file.stat().st_size > _MAX_LOG_BYTES:
            settings.log_file.unlink()
