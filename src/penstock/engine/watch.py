"""Notes what a running step touches: files, first-party sources and environment variables.

Files are seen through Python's audit hooks, so a C extension that opens a file by itself is not: it must get
the file as a ``Path`` argument or a declared read.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any

from penstock.engine.records import Undeclared
from penstock.engine.surroundings import PINNED

_READING_EVENTS = frozenset({"open", "os.listdir", "os.scandir"})
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FRESH_FLAGS = os.O_WRONLY | os.O_TRUNC | os.O_EXCL
_SYSTEM_FOLDERS = tuple(
    Path(name)
    for name in (
        "/proc",
        "/sys",
        "/dev",
        "/etc",
        "/usr",
        "/lib",
        "/lib64",
        "/bin",
        "/System",
        "/Library",
        "/var/lib",
    )
)
_HARMLESS_VARIABLES = frozenset(
    {*PINNED, "LANG", "LC_CTYPE", "LANGUAGE", "TMPDIR", "TEMP", "TMP", "PYTHONPATH"}
)
_STANDARD_LIBRARY = sysconfig.get_paths()["stdlib"] + os.sep
_ACCESSORS = frozenset(
    {
        "<frozen os>",
        "<frozen _collections_abc>",
        os.__file__,
        f"{_STANDARD_LIBRARY}_collections_abc.py",
    }
)
_SIFTERS = {"site-packages/fsspec/config.py": "FSSPEC_", "site-packages/tqdm/utils.py": "TQDM_"}
"""Files of libraries that copy the whole environment when they are imported, and what their own variables begin with."""
_SOURCE_SUFFIXES = (".py", ".pyc", ".pyi")
_OWN_FOLDER = f"{Path(__file__).parents[1]}{os.sep}"
"""Penstock's own sources count as first-party where they are installed, too."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What a step may touch: its sources, its data files, folders, and variables.

    ``results`` are folders of stored results and of what a step makes, where a source is data like any other file.
    """

    source_files: frozenset[Path] = frozenset()
    data_files: frozenset[Path] = frozenset()
    folders: tuple[Path, ...] = ()
    variables: frozenset[str] = frozenset()
    results: tuple[Path, ...] = ()


@dataclass(kw_only=True)
class Touched:
    """Raw notes of one watched step.

    ``read`` leaves out what the step had written before; ``missing`` is what first-party code wanted to open and
    did not find.
    """

    read: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    first_party_variables: set[str] = field(default_factory=set)
    library_variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Write:
    """A variable that a step, or a library in it, has set: its values before and since, as digests."""

    given: str
    written: str
    by_library: bool


class _Recorder:
    """The process-wide hook; an audit hook can never be removed, so it looks for a current watch."""

    def __init__(self) -> None:
        self.touched: Touched | None = None
        self.foreign_threads: Mapping[int, threading.Thread] = {}
        self.own_writes: dict[str, _Write] = {}
        self._installed = False

    def install(self) -> None:
        if not self._installed:
            sys.addaudithook(self._on_event)
            self._installed = True

    def concerns_this_thread(self) -> bool:
        if self.touched is None:
            return False
        ident = threading.get_ident()
        stranger = self.foreign_threads.get(ident)
        # The identifier of a thread that has ended is given again: then it is another thread's.
        return stranger is None or threading._active.get(ident) is not stranger  # type: ignore[attr-defined] # noqa: SLF001 - current_thread() would register threads of C

    def _on_event(self, event: str, arguments: tuple[object, ...]) -> None:
        touched = self.touched  # asked first: while an interpreter ends, the names of this module are gone
        if touched is None or event not in _READING_EVENTS or not self.concerns_this_thread():
            return
        if isinstance(arguments[0], str | bytes | os.PathLike):
            path = os.fsdecode(arguments[0])
            reads, writes = _purpose(arguments) if event == "open" else (True, False)
            if reads and path not in touched.written:
                self._note_reading(path, touched)
            if writes:
                touched.written.add(path)

    def _note_reading(self, path: str, touched: Touched) -> None:
        if os.path.lexists(path):
            touched.read.add(path)
        elif not _asked_by_library(sys._getframe(2), through=_is_standard):  # noqa: SLF001 - the caller decides whose reading it is
            touched.missing.add(path)


_recorder = _Recorder()


class _WatchedEnviron(os._Environ):  # type: ignore[type-arg] # noqa: SLF001 - generic in stubs only; there is no public name
    """``os.environ`` while a step runs: the same object, whose reads are noted."""

    def __getitem__(self, key: str) -> str:
        if _recorder.concerns_this_thread():
            _note_variable(key, self)
        value: str = super().__getitem__(key)
        return value

    def __setitem__(self, key: str, value: str) -> None:
        before = observed_value(key, vars(self)["_data"])
        super().__setitem__(key, value)
        if _recorder.concerns_this_thread():
            _note_write(key, before, self)

    def __delitem__(self, key: str) -> None:
        before = observed_value(key, vars(self)["_data"])
        super().__delitem__(key)
        if _recorder.concerns_this_thread():
            _note_write(key, before, self)


def _note_variable(name: str, environ: _WatchedEnviron) -> None:
    touched = _recorder.touched
    if touched is None or name in _HARMLESS_VARIABLES or _is_sifted(name, sys._getframe(2)):  # noqa: SLF001 - the caller decides whose reading it is
        return
    if _asked_by_library(sys._getframe(2), through=_is_accessor):  # noqa: SLF001 - the caller decides whose reading it is
        now = observed_value(name, vars(environ)["_data"])  # not through ourselves
        touched.library_variables[name] = _given_value(name, now)
    else:
        touched.first_party_variables.add(name)


def _is_sifted(name: str, frame: FrameType) -> bool:
    """Tell whether a library goes through the whole environment for variables of its own, and this is none of them."""
    asker: FrameType | None = frame
    while asker is not None and _is_accessor(asker.f_code.co_filename):
        asker = asker.f_back
    file = Path(asker.f_code.co_filename).as_posix() if asker is not None else ""
    return any(file.endswith(end) and not name.startswith(own) for end, own in _SIFTERS.items())


def _note_write(name: str, before: str, environ: _WatchedEnviron) -> None:
    _recorder.own_writes[name] = _Write(
        given=_given_value(name, before),
        written=observed_value(name, vars(environ)["_data"]),
        by_library=_asked_by_library(sys._getframe(2), through=_is_accessor),  # noqa: SLF001 - the caller decides whose writing it is
    )


def _given_value(name: str, now: str) -> str:
    """Return what a variable was before this step, or a library in any step, set it to what it is ``now``.

    scikit-learn, for one, sets a variable of OpenMP when it is imported: no fact about the world that the process
    was started in, and gone when the next one asks whether the result still stands.
    """
    write = _recorder.own_writes.get(name)
    return write.given if write is not None and write.written == now else now


def observed_value(name: str, environ: Mapping[Any, Any]) -> str:
    """Return the digest of a variable's value (it may be a secret), or ``unset``."""
    value = environ.get(name, environ.get(os.fsencode(name)))
    if value is None:
        return "unset"
    return sha256(value if isinstance(value, bytes) else os.fsencode(value)).hexdigest()


class Watch:
    """Context in which the touches of the current thread, and of threads it starts, are noted."""

    def __init__(self) -> None:
        self.touched = Touched()

    def __enter__(self) -> Touched:
        _recorder.install()
        mine = threading.get_ident()
        _recorder.foreign_threads = {
            thread.ident: thread
            for thread in threading.enumerate()
            if thread.ident is not None and thread.ident != mine
        }
        # What another step has set is a fact to this one; what libraries set, they set wherever they are imported.
        _recorder.own_writes = {
            name: write for name, write in _recorder.own_writes.items() if write.by_library
        }
        _recorder.touched = self.touched
        self._environ_class = os.environ.__class__
        os.environ.__class__ = _WatchedEnviron
        return self.touched

    def __exit__(self, *_: object) -> None:
        os.environ.__class__ = self._environ_class
        _recorder.touched = None
        _recorder.foreign_threads = {}


def undeclared(touched: Touched, declared: Declared) -> tuple[Undeclared, ...]:
    """Return what was touched but not declared, sorted."""
    places = _Places()
    found = {
        Undeclared(kind="variable", name=name) for name in touched.first_party_variables - declared.variables
    }
    missing = touched.missing - touched.written
    for name in touched.read | missing:
        path = places.resolved(name)
        if path.startswith(_interpreter_prefixes()) or not (name in missing or os.path.exists(path)):  # noqa: PTH110 - a hot path
            continue
        kind = _kind_of_undeclared(Path(path), declared)
        if kind:
            found.add(Undeclared(kind=kind, name=path))
    return tuple(sorted(found, key=lambda item: (item.kind, item.name)))


def _kind_of_undeclared(path: Path, declared: Declared) -> str | None:
    if path in declared.data_files or any(path.is_relative_to(file) for file in declared.data_files):
        return None
    source = None if _inside(path, declared.results) else _source_of(path)
    if source is not None:
        return None if source in declared.source_files else "source"
    if path.is_dir() and any(file.is_relative_to(path) for file in declared.source_files):
        return None  # the import system lists the folders of modules
    return None if _inside(path, (*declared.folders, *_interpreter_folders())) else "file"


def _source_of(path: Path) -> Path | None:
    if path.suffix not in _SOURCE_SUFFIXES:
        return None
    if path.parent.name == "__pycache__":
        return path.parent.parent / f"{path.name.split('.')[0]}.py"
    return path


def _inside(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


@cache
def _interpreter_folders() -> tuple[Path, ...]:
    names = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
    return (*(Path(name).resolve() for name in sorted(names)), *_SYSTEM_FOLDERS)


@cache
def _interpreter_prefixes() -> tuple[str, ...]:
    return tuple(f"{str(folder).rstrip(os.sep)}{os.sep}" for folder in _interpreter_folders())


class _Places:
    """Resolves paths; an import opens thousands of files in few folders, and a folder is resolved once."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}

    def resolved(self, name: str) -> str:
        """Return the path without links and detours, as ``os.path.realpath`` does."""
        folder, last = os.path.split(name)
        if last in ("", ".", "..") or os.path.islink(name):  # noqa: PTH114 - a hot path
            return os.path.realpath(name)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return os.path.join(self._folders[folder], last)  # noqa: PTH118 - a hot path


def _purpose(arguments: tuple[object, ...]) -> tuple[bool, bool]:
    """Return whether a file is opened to read what is in it, and whether to write."""
    mode, flags = (arguments[1], arguments[2]) if len(arguments) > 2 else (None, 0)  # noqa: PLR2004 - path, mode, flags
    if isinstance(mode, str):
        writes = any(letter in mode for letter in "wax+")
        return "r" in mode or ("+" in mode and not any(letter in mode for letter in "wx")), writes
    if not isinstance(flags, int):
        return True, False
    return not flags & _FRESH_FLAGS, bool(flags & _WRITE_FLAGS)


def _asked_by_library(frame: FrameType | None, through: Callable[[str], bool]) -> bool:
    """Tell whether the standard library or an installed distribution asked, and not first-party code.

    Files for which ``through`` holds only pass the question on.
    """
    while frame is not None and through(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return False
    name = frame.f_code.co_filename
    if name.startswith(_OWN_FOLDER):
        return False
    return "site-packages" in name or "dist-packages" in name or _is_standard(name)


def _is_accessor(file: str) -> bool:
    return file in _ACCESSORS


def _is_standard(file: str) -> bool:
    inside = file.startswith((_STANDARD_LIBRARY, "<frozen"))
    return inside and "site-packages" not in file and "dist-packages" not in file
