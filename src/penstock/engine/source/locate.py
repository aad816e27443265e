"""Finds the file of a module without importing it, as the interpreter would."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Literal, TypeAlias

Origin: TypeAlias = Literal["first", "third", "stdlib"]

OWN_PACKAGE = "penstock"
_SUFFIXES = (*EXTENSION_SUFFIXES, ".py", ".pyc")
_INSTALLED_FOLDERS = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True, slots=True)
class Found:
    """Where a module lies: its file (``None`` for a namespace package) and the folders of its submodules."""

    name: str
    origin: Origin
    path: Path | None = None
    search: tuple[Path, ...] = ()

    @property
    def is_source(self) -> bool:
        """Whether it is a Python file."""
        return self.path is not None and self.path.suffix == ".py"

    @property
    def is_package(self) -> bool:
        """Whether it can have submodules."""
        return bool(self.search)

    @property
    def package(self) -> str:
        """The package that relative imports start from."""
        return self.name if self.is_package else self.name.rpartition(".")[0]


@dataclass(slots=True)
class Locator:
    """Looks modules up as the interpreter would; remembers every answer.

    A module that is loaded already lies where it was loaded from; others are looked up on ``search_path``.
    A module counts as first-party if its file lies neither in the standard library nor where distributions
    are installed; Penstock itself always counts as first-party.
    """

    search_path: Sequence[str] = field(default_factory=lambda: tuple(sys.path))
    loaded: Mapping[str, ModuleType] = field(default_factory=lambda: sys.modules)
    _found: dict[str, Found | None] = field(default_factory=dict)
    _listings: dict[Path, frozenset[str]] = field(default_factory=dict)

    def find(self, name: str) -> Found | None:
        """Return where the module ``name`` lies, or ``None`` if there is none."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def seen(self) -> dict[str, Found | None]:
        """Return every answer given so far."""
        return dict(self._found)

    def place(self, found: Found) -> None:
        """Settle where a module lies, such as the running script."""
        self._found[found.name] = found

    def origin_of(self, path: Path) -> Origin:
        """Say whose code a file is."""
        if not _INSTALLED_FOLDERS.isdisjoint(path.parts):
            return "third"
        return "stdlib" if any(path.is_relative_to(folder) for folder in _STDLIB) else "first"

    def _find(self, name: str) -> Found | None:
        if (found := self._find_loaded(name)) is not None:
            return found
        head, _, tail = name.rpartition(".")
        if not head:
            return self._find_top(name)
        parent = self.find(head)
        return self._search(name, tail, parent.search) if parent is not None else None

    def _find_loaded(self, name: str) -> Found | None:
        module = self.loaded.get(name)
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or not file.endswith(".py"):
            return None
        path = Path(file).absolute()
        search = getattr(module, "__path__", ()) if path.name == "__init__.py" else ()
        return self._made(name, path, tuple(Path(folder) for folder in search))

    def _find_top(self, name: str) -> Found | None:
        if name in sys.builtin_module_names:
            return Found(name, "stdlib")
        entries = [Path(entry).absolute() for entry in self.search_path]
        return self._search(name, name, entries) or self._ask_import_system(name)

    def _search(self, name: str, tail: str, folders: Sequence[Path]) -> Found | None:
        namespace = []
        for folder in folders:
            listing = self._listing(folder)
            if tail in listing:
                inside = self._listing(folder / tail)
                if "__init__.py" in inside:
                    return self._made(name, folder / tail / "__init__.py", (folder / tail,))
                if inside or (folder / tail).is_dir():
                    namespace.append(folder / tail)
            for suffix in _SUFFIXES:
                if f"{tail}{suffix}" in listing:
                    return self._made(name, folder / f"{tail}{suffix}", ())
        if namespace:
            return Found(name, self._origin(name, namespace[0]), None, tuple(namespace))
        return None

    def _made(self, name: str, path: Path, search: tuple[Path, ...]) -> Found:
        return Found(name, self._origin(name, path), path, search)

    def _origin(self, name: str, path: Path) -> Origin:
        return "first" if name.partition(".")[0] == OWN_PACKAGE else self.origin_of(path)

    def _listing(self, folder: Path) -> frozenset[str]:
        if folder not in self._listings:
            self._listings[folder] = listing(folder)
        return self._listings[folder]

    def _ask_import_system(self, name: str) -> Found | None:
        """Ask the hooks of editable installs, which bypass the search path."""
        try:
            spec = find_spec(name)
        except (ImportError, ValueError, AttributeError):
            return None
        if spec is None:
            return None
        search = tuple(Path(folder) for folder in spec.submodule_search_locations or ())
        if spec.origin is not None and spec.origin.endswith(".py"):
            return self._made(name, Path(spec.origin), search)
        if search:
            return Found(name, self._origin(name, search[0]), None, search)
        return Found(name, "stdlib" if name in sys.stdlib_module_names else "third")


def listing(folder: Path) -> frozenset[str]:
    """Return the names in a folder; a folder that cannot be read holds none."""
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries)
    except OSError:
        return frozenset()


def dotted_name(path: Path, root: Path) -> str | None:
    """Return the module name of a file below the import root ``root``."""
    parts = path.relative_to(root).with_suffix("").parts
    parts = parts[:-1] if parts and parts[-1] == "__init__" else parts
    return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else None


def _stdlib_folders() -> tuple[Path, ...]:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    inside = "Lib" if os.name == "nt" else f"lib/{version}"
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    own = Path(os.__file__)
    return tuple(sorted({own.parent, own.resolve().parent, *(Path(prefix, inside) for prefix in prefixes)}))


_STDLIB = _stdlib_folders()
