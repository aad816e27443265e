"""What was measured where: the machine, how busy it was with other things, and versions."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

QUIET_BELOW = 20.0
"""Percent of all cores that others may use on a quiet machine."""

THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass
class Load:
    """Samples of what other processes use while nothing of ours runs."""

    samples: list[float] = field(default_factory=list)

    def sample(self, seconds: float = 0.5) -> None:
        self.samples.append(psutil.cpu_percent(interval=seconds))

    @property
    def percent(self) -> float:
        return statistics.median(self.samples)

    @property
    def is_quiet(self) -> bool:
        return self.percent < QUIET_BELOW

    @property
    def seconds(self) -> str:
        """Which seconds a gate looks at: those of the wall on a quiet machine, else those of the processor."""
        return "wall" if self.is_quiet else "CPU"

    def __str__(self) -> str:
        others = f"others used {self.percent:.0f} % of the cores"
        return (
            f"quiet machine ({others})"
            if self.is_quiet
            else f"loaded machine ({others}): gates on CPU seconds"
        )


def clean_environ(**more: str) -> dict[str, str]:
    """Return the environment that every measured command gets: nothing of the shell's but what it needs to run."""
    kept = ("PATH", "HOME", "TMPDIR", "SSL_CERT_FILE", "SYSTEMROOT")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, "LANG": "C.UTF-8", **more}


def provenance(load: Load, versions: Mapping[str, str]) -> str:
    """Return the line that stands above a table of results."""
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {_model()}, {platform.system()}, {load}. "
        f"Python {platform.python_version()}, {named}."
    )


def versions_in(python: Path, distributions: Sequence[str]) -> dict[str, str]:
    """Return the versions of distributions in the environment of an interpreter."""
    code = "import json,sys; from importlib.metadata import version; print(json.dumps({n: version(n) for n in sys.argv[1:]}))"
    told = subprocess.run(
        [str(python), "-c", code, *distributions], capture_output=True, text=True, check=True
    )
    return dict(json.loads(told.stdout))


def _model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def absolute(path: str) -> Path:
    """Return a path given on the command line; links stay, for an interpreter knows its environment by its link."""
    return Path(path).absolute()
