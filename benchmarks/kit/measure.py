"""Run a command and say what the whole of it cost: wall and processor seconds, children included, and memory."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from resource import struct_rusage

import psutil

SAMPLING_INTERVAL_S = 0.05
ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER of Linux


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What one command cost, and what it said.

    ``wall_s`` ends with the command; ``cpu_s`` counts every process it started, also those that outlived it (on
    Linux). ``peak_mb`` is the resident memory of its largest process, or of all together where that was watched.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    out: str
    err: str


@dataclass(kw_only=True)
class MemoryWatch:
    """Samples the resident memory of a process and all below it; ``marks`` are moments told by ``when``."""

    pid: int
    peak_mb: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._stop.set()
        self._thread.join()
        return self.peak_mb

    def _sample(self) -> None:
        while not self._stop.wait(SAMPLING_INTERVAL_S):
            with contextlib.suppress(psutil.Error):
                top = psutil.Process(self.pid)
                whole = sum(_resident(process) for process in (top, *top.children(recursive=True)))
                self.peak_mb = max(self.peak_mb, whole / 2**20)


def measured(
    command: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    *,
    watch_memory: bool = False,
    on_line: Callable[[str, float], None] | None = None,
) -> Spent:
    """Run ``command`` in ``folder``; a failure ends the benchmark with what the command said.

    ``watch_memory`` sums the memory of all processes at once, by sampling. ``on_line`` hears every line of the
    error stream, with the seconds since the start.
    """
    _adopt_orphans()
    with tempfile.TemporaryFile("w+") as out:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=dict(environ), stdout=out, stderr=subprocess.PIPE, text=True
        )
        watch = MemoryWatch(pid=process.pid) if watch_memory else None
        err = _lines(process, started, on_line)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        peak_mb = watch.stop() if watch else _largest_mb(usage)
        cpu_s = _cpu_s(usage) + _cpu_of_orphans()
        out.seek(0)
        spent = Spent(wall_s=wall_s, cpu_s=cpu_s, peak_mb=peak_mb, out=out.read(), err=err)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{spent.err[-2000:]}")
    return spent


def _lines(
    process: subprocess.Popen[str], started: float, on_line: Callable[[str, float], None] | None
) -> str:
    kept = []
    for line in process.stderr or ():
        kept.append(line)
        if on_line is not None:
            on_line(line, time.perf_counter() - started)
    return "".join(kept)


def _resident(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _adopt_orphans() -> None:
    """Let processes that outlive the command become ours, so that their time can be counted."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(ADOPT_ORPHANS, 1, 0, 0, 0)


def _cpu_of_orphans() -> float:
    total = 0.0
    with contextlib.suppress(ChildProcessError):
        while sys.platform == "linux":
            _, _, usage = os.wait4(-1, 0)
            total += _cpu_s(usage)
    return total


def _cpu_s(usage: struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def _largest_mb(usage: struct_rusage) -> float:
    return usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
