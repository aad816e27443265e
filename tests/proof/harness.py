"""What all proofs share: sample projects, and real processes that run them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Self

from penstock.app.session import Session
from penstock.domain.results import RunResult
from penstock.engine.records import RunStartedRecord
from penstock.engine.surroundings import PINNED

LAUNCHER = Path(__file__).with_name("launcher.py")
CLOCK_GRAIN_S = 0.12
"""A file younger than this when a process starts may count as edited by the run."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a process left: its exit code (negative: the signal that ended it) and what it wrote.

    ``workers`` are the processes that it had started when it was killed.
    """

    code: int
    out: str
    err: str
    seconds: float
    workers: Sequence[int] = ()

    @property
    def result(self) -> RunResult:
        """The result of a run with ``--json``."""
        assert self.code == 0, self.err
        return RunResult.model_validate_json(self.out)

    @property
    def states(self) -> dict[str, str]:
        """State of every step."""
        return {step.name: step.state for step in self.result.steps}


@dataclass(frozen=True, kw_only=True)
class Harm:
    """What befalls a command: so many copies of it at once, of which the first is killed, and no room on disk.

    The kill comes so many seconds after the start, or as soon as a file exists. No file grows beyond
    ``file_limit_bytes``.
    """

    copies: int = 1
    kill_after_s: float | None = None
    kill_when: Path | None = None
    file_limit_bytes: int | None = None


@dataclass(kw_only=True)
class Launcher:
    """Starts commands as forks of one process that has everything imported."""

    _process: subprocess.Popen[str]

    @classmethod
    def start(cls) -> Self:
        """Start the process that forks."""
        process = subprocess.Popen(
            [sys.executable, str(LAUNCHER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        return cls(_process=process)

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def run(
        self, folder: Path, arguments: Sequence[str], environ: Mapping[str, str], harm: Harm | None = None
    ) -> list[Done]:
        """Run ``penstock`` with ``arguments`` in ``folder`` and wait for the end; several at once if ``harm`` says so."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {
            **asdict(harm or Harm()),
            "folder": str(folder),
            "arguments": list(arguments),
            "environ": dict(environ),
        }
        self._process.stdin.write(json.dumps(request, default=str) + "\n")
        self._process.stdin.flush()
        return [Done(**answer) for answer in json.loads(self._process.stdout.readline())]


@dataclass(frozen=True, kw_only=True)
class Project:
    """A folder with a sample system, and a workspace beside it.

    ``environ`` is added to the environment of every command.
    """

    launcher: Launcher
    place: Path
    name: str = "sample"
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the system's files lie."""
        return self.place / self.name

    @property
    def home(self) -> Path:
        """The workspace."""
        return self.place / "workspace"

    def write(self, files: Mapping[str, str]) -> None:
        """Make the folder hold these files and no others; those that stay the same are left alone."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                name = path.relative_to(self.folder).as_posix()
                if name not in files:
                    path.unlink()
        for name, text in files.items():
            path = self.folder / name
            if not path.exists() or path.read_bytes() != text.encode():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode())

    def run(
        self, *arguments: str, harm: Harm | None = None, environ: Mapping[str, str] = MappingProxyType({})
    ) -> Done:
        """Run the system once."""
        return self.runs(*arguments, harm=harm, environ=environ)[0]

    def runs(
        self, *arguments: str, harm: Harm | None = None, environ: Mapping[str, str] = MappingProxyType({})
    ) -> list[Done]:
        """Run the system in as many processes as ``harm`` says."""
        time.sleep(CLOCK_GRAIN_S)
        command = ("run", self.name, "--json", *arguments)
        return self.launcher.run(self.place, command, self.environment(environ), harm)

    def command(self, *arguments: str) -> Done:
        """Run another command in this workspace."""
        return self.launcher.run(self.place, arguments, self.environment())[0]

    def environment(self, environ: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
        """Return the environment of a command."""
        return {**environment(), "PENSTOCK_HOME": str(self.home), **self.environ, **environ}

    def session(self) -> Session:
        """Open the workspace."""
        return Session.open(self.home, environ=self.environment())

    @property
    def log(self) -> Path:
        """A folder outside the workspace, where steps note that they began."""
        return self.place / "log"

    def begun(self) -> Counter[str]:
        """Return how often each step has begun, by its own notes."""
        notes = self.log.iterdir() if self.log.exists() else ()
        return Counter({path.name: len(path.read_bytes().splitlines()) for path in notes})

    def committed(self, kind: str = "result") -> set[str]:
        """Return the committed nodes, by the manifests alone: nothing is opened that could mend itself."""
        manifests = (self.home / "manifests" / kind).glob("[!.]*.json")
        return {json.loads(path.read_text())["body"]["node"] for path in manifests}

    def assert_whole(self) -> None:
        """Every artifact has the bytes of its digest, and the catalogue's index is nothing but its manifests."""
        session = self.session()
        for entry in session.store.entries():
            session.store.get(entry.digest)
        before = session.catalogue.find("run_started", RunStartedRecord)
        manifests = list((self.home / "manifests").glob("*/[!.]*.json"))
        assert session.catalogue.rebuild() == len(manifests)
        assert session.catalogue.find("run_started", RunStartedRecord) == before
        assert not list((self.home / "manifests/announced").glob("*"))

    def forget(self) -> None:
        """Remove the workspace."""
        shutil.rmtree(self.home, ignore_errors=True)


def environment() -> dict[str, str]:
    """Return the environment of this process without what belongs to it alone, pinned as commands pin it."""
    foreign = ("PENSTOCK_", "PYTEST_", "COV_", "_RJEM_MALLOC_CONF", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, **PINNED, "PENSTOCK_TRACKING_URI": "off"}
