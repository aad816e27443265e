"""The front door: an unchanged command answered without importing anything but the standard library.

After a run the door keeps what the plan depended on: the command, the environment, the interpreter and its
installed distributions, the digest of every first-party file and every data file, and the catalogue revision of
the system. While all of them are equal, the recorded result stands and is shown again. A file that changed while
the run went on keeps the door shut: nobody can say which of its contents the result came from.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from penstock.engine.surroundings import interpreter_flags

FORMAT = 2
CLOCK_GRAIN_S = 0.05
"""File systems stamp changes by a clock that may stand this far behind ours."""
FIRST_PARTY_SUFFIXES = (".py", ".yaml", ".yml", ".json", ".toml", ".html", ".css", ".js", ".j2", ".gz")
SHELL_VARIABLES = frozenset(
    {
        "_",
        "COLUMNS",
        "LINES",
        "MAKEFLAGS",
        "MAKELEVEL",
        "MAKEOVERRIDES",
        "MAKE_TERMERR",
        "MAKE_TERMOUT",
        "MFLAGS",
        "OLDPWD",
        "PWD",
        "SHLVL",
        "TERM",
        "TERM_PROGRAM",
        "WINDOWID",
        "COLORTERM",
        "PS1",
    }
)
"""Variables of the terminal and of make, which no step depends on."""
_DISTRIBUTION = (".dist-info", ".egg-info", ".pth")
_IMPORTABLE = (".py", ".so", ".pyd", *_DISTRIBUTION)


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The answer that stands while nothing changed: texts for people and machines, and the exit code."""

    run_id: str
    text: str
    json: str
    exit_code: int = 0


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What the answer depends on beside the command itself.

    Attributes
    ----------
    roots
        Folders of first-party files.
    files
        Configuration and data files, whether they exist or were looked for in vain.
    reads
        Files that only the run found out about.
    folders
        Folders in which a new module may change what the code means.
    outputs
        What the run wrote: an output that was removed or edited is made again.
    catalogue, scopes
        The catalogue, and the scopes in it whose datasets and releases the answer speaks of.
    seen
        :func:`inputs_digest` of ``roots`` and ``files`` when the run was planned.
    """

    roots: tuple[str, ...]
    files: tuple[str, ...]
    reads: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    catalogue: str = ""
    scopes: tuple[str, ...] = ()
    seen: str = ""


@dataclass(frozen=True, kw_only=True)
class Door:
    """The door of one command in one workspace.

    ``environ`` is the environment that the process started with (libraries add to it while they are imported), and
    ``opened_at`` when it started, in seconds since 1970.
    """

    workspace: Path
    command: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str]
    opened_at: float

    @property
    def path(self) -> Path:
        """File that keeps the record of this command, given from this folder."""
        name = hashlib.sha256(json.dumps([self.command, str(self.folder)]).encode()).hexdigest()
        return self.workspace / "doors" / f"{name}.json"

    def answer(self) -> Recorded | None:
        """Return the recorded answer if nothing it depends on changed, else ``None``."""
        try:
            kept = json.loads(self.path.read_bytes())
            sealed = kept.pop("seal") == _seal(kept)
            watched = Watched(**{name: _tuple(value) for name, value in kept["watched"].items()})
            if sealed and kept["format"] == FORMAT and kept["state"] == self.state(watched):
                return Recorded(**kept["recorded"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return None

    def keep(self, recorded: Recorded, watched: Watched) -> bool:
        """Record the answer, replacing an older one; return whether the door could be kept.

        It is not kept if an input changed while the run went on, or if it cannot be written.
        """
        if self._changed_meanwhile(watched):
            return False
        kept = {
            "format": FORMAT,
            "recorded": asdict(recorded),
            "watched": asdict(watched),
            "state": self.state(watched),
        }
        beside = self.path.with_suffix(f".{os.getpid()}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps({**kept, "seal": _seal(kept)}, sort_keys=True))
            beside.replace(self.path)
        except OSError:  # a full disk, say: the run is done, only the next one takes longer
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            return False
        return True

    def state(self, watched: Watched) -> str:
        """Return the digest of everything the answer depends on."""
        parts = [
            *(sys.version, sys.platform, interpreter_flags()),
            *_sorted_items({k: v for k, v in self.environ.items() if k not in SHELL_VARIABLES}),
            *_installed(sys.path, self.environ.get("PYTHONPATH", "")),
            inputs_digest(watched.roots, watched.files),
            *_contents((*watched.reads, *watched.outputs)),
            *_importable(watched.folders),
            *map(str, read_revisions(Path(watched.catalogue), watched.scopes)),
        ]
        return _digest_of(parts)

    def _changed_meanwhile(self, watched: Watched) -> bool:
        if inputs_digest(watched.roots, watched.files) != watched.seen:
            return True
        paths = (*_first_party(watched.roots), *watched.files, *watched.reads)
        return any(_changed_since(path, self.opened_at - CLOCK_GRAIN_S) for path in paths)


def inputs_digest(roots: Iterable[str], files: Iterable[str]) -> str:
    """Return the digest of the names and contents of all first-party files under ``roots``, and of ``files``."""
    return _digest_of(_contents((*_first_party(roots), *sorted(files))))


def read_revisions(catalogue: Path, scopes: Sequence[str]) -> list[int]:
    """Return the catalogue's revision of each scope; -1 where there is no readable catalogue.

    They grow with every dataset version, release and alias, so a world that was changed by hand reopens the
    question.
    """
    try:
        connection = sqlite3.connect(f"{catalogue.as_uri()}?mode=ro", uri=True, timeout=5)
    except sqlite3.Error:
        return [-1]
    try:
        base = connection.execute("SELECT value FROM counters WHERE name = 'base'").fetchone()
        query = "SELECT revision FROM revisions WHERE scope = ?"
        rows = [connection.execute(query, (scope,)).fetchone() for scope in scopes]
    except sqlite3.Error:
        return [-1]
    finally:
        connection.close()
    return [int(row[0]) if row else int(base[0]) for row in rows]


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _seal(kept: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _sorted_items(values: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(values):
        yield f"{name}={values[name]}"


def _installed(folders: Sequence[str], extra: str) -> Iterator[str]:
    """Yield the names of installed distributions with their versions, without reading them.

    ``extra`` is the value of ``PYTHONPATH``: there lie distributions too, and modules that hide installed ones.
    """
    for folder in folders:
        if folder.endswith(("site-packages", "dist-packages")):
            yield folder
            yield from (n for n in _names(folder) if n.endswith(_DISTRIBUTION))
    yield from _importable(filter(None, extra.split(os.pathsep)))


def _importable(folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        yield folder
        yield from (n for n in _names(folder) if n.endswith(_IMPORTABLE) or _is_package(folder, n))


def _is_package(folder: str, name: str) -> bool:
    return os.path.isfile(os.path.join(folder, name, "__init__.py"))  # noqa: PTH113, PTH118 - a hot path


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - a hot path
    except OSError:
        return []


def _first_party(roots: Iterable[str]) -> Iterator[str]:
    for root in sorted(roots):
        for folder, names, files in os.walk(root):
            names[:] = sorted(n for n in names if n != "__pycache__" and not n.startswith("."))
            yield from (os.path.join(folder, f) for f in sorted(files) if f.endswith(FIRST_PARTY_SUFFIXES))  # noqa: PTH118 - a hot path


def _contents(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        yield path
        yield _digest(path)


def _digest_of(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode("utf-8", "surrogateescape"))
        digest.update(b"\0")
    return digest.hexdigest()


def _changed_since(path: str, moment: float) -> bool:
    """Tell whether a file, or anything in a folder, changed after ``moment``."""
    inside = (os.path.join(folder, f) for folder, _, files in os.walk(path) for f in files)  # noqa: PTH118 - a hot path
    return any(_changed_at(name) >= moment for name in (path, *inside))


def _changed_at(path: str) -> float:
    try:
        status = os.stat(path)  # noqa: PTH116 - a hot path
    except OSError:
        return 0.0
    # The inode's change cannot be dated back; on Windows there is none, and st_ctime is the time of creation.
    return status.st_mtime if os.name == "nt" else status.st_ctime


def _digest(path: str) -> str:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a hot path
            return hashlib.file_digest(file, "sha256").hexdigest()
    except IsADirectoryError:
        return _digest_folder(path)
    except OSError:
        return "missing"


def _digest_folder(path: str) -> str:
    digest = hashlib.sha256()
    for folder, names, files in os.walk(path):
        names.sort()
        for file in (os.path.join(folder, name) for name in sorted(files)):  # noqa: PTH118 - a hot path
            digest.update(
                f"{os.path.relpath(file, path)}\0{_digest(file)}\0".encode("utf-8", "surrogateescape")
            )
    return digest.hexdigest()
