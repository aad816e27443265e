"""Finding systems: those that ship, those of plug-ins, and those in a folder of the user's."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TypeVar

from penstock.domain.errors import PenstockError, UnknownNameError, UsageError, did_you_mean
from penstock.domain.results import Result
from penstock.engine.freshness import discard_stale_bytecode
from penstock.systems.shared.system import System

GROUP = "penstock.systems"
Loaded = TypeVar("Loaded")


class SystemLine(Result):
    """One installed system, for a list."""

    name: str
    title: str


def list_systems() -> list[SystemLine]:
    """Return the installed systems, sorted by name."""
    return [SystemLine(name=name, title=find_system(name).title) for name in system_names()]


def system_names() -> tuple[str, ...]:
    """Return the names of all installed systems, sorted."""
    return tuple(sorted({point.name for point in metadata.entry_points(group=GROUP)}))


def find_system(name: str) -> System:
    """Return the system called ``name``, or the one in the folder ``name``.

    Raises
    ------
    UnknownNameError
        If neither an installed system nor a folder answers to it; the message names the nearest.
    UsageError
        If the folder or plug-in cannot be imported, or has no usable ``SYSTEM``.
    """
    points = {point.name: point for point in metadata.entry_points(group=GROUP)}
    if name in points:
        return _checked(_loaded(points[name].load, f"The plug-in {points[name].value}"), name)
    folder = Path(name)
    if folder.is_dir():
        return _from_folder(folder.resolve())
    raise UnknownNameError(
        f"There is no system {name!r}{did_you_mean(name, points)}. "
        "A folder with a system.py is a system too: `penstock new NAME` makes one."
    )


def _from_folder(folder: Path) -> System:
    if not (folder / "system.py").is_file():
        raise UsageError(f"{folder} holds no system.py; `penstock new NAME` makes a folder that does.")
    if not folder.name.isidentifier():
        raise UsageError(
            f"The folder name {folder.name!r} is no Python name: rename it, say, to letters and _."
        )
    if str(folder.parent) not in sys.path:
        # Last, so that what lies beside the folder hides no installed module.
        sys.path.append(str(folder.parent))
    discard_stale_bytecode(folder.rglob("*.py"))
    file = folder / "system.py"
    module = _loaded(lambda: importlib.import_module(f"{folder.name}.system"), str(file), folder)
    if Path(module.__file__ or "").resolve().parent != folder:
        raise UsageError(
            f"{folder.name!r} is also the name of an installed package ({module.__file__}): rename the folder."
        )
    return _checked(getattr(module, "SYSTEM", None), str(folder))


def _loaded(load: Callable[[], Loaded], what: str, folder: Path | None = None) -> Loaded:
    """Call ``load``; what it raises is told as a fault of what is loaded, with the last line of it that ran."""
    try:
        return load()
    except PenstockError:
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        inside = [frame for frame in frames if folder and Path(frame.filename).is_relative_to(folder)]
        place = f" (line {inside[-1].lineno} of {inside[-1].filename})" if inside else ""
        raise UsageError(
            f"{what} cannot be loaded: {type(error).__name__}: {error}{place}. Correct it; PENSTOCK_DEBUG=1 shows more."
        ) from error


def _checked(found: object, name: str) -> System:
    if not isinstance(found, System):
        raise UsageError(
            f"{name}: SYSTEM is {type(found).__name__}, not a penstock System. "
            "A system.py ends with SYSTEM = System(name=…, …)."
        )
    return found
