"""First-party modules, each read and parsed at most once."""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.engine.source.facts import ModuleFacts, Target, Unit
from penstock.engine.source.known import TRUSTED
from penstock.engine.source.locate import OWN_PACKAGE, Found, Locator, dotted_name, listing

if TYPE_CHECKING:
    from penstock.engine.source.cache import FactsCache

BUILTINS = frozenset(dir(builtins))
MODULE_ATTRIBUTES = frozenset(
    {
        *("__annotations__", "__builtins__", "__cached__", "__class__", "__debug__", "__doc__", "__file__"),
        *("__loader__", "__name__", "__package__", "__path__", "__spec__"),
    }
)
_TESTS = frozenset({"test", "tests"})
_NEVER_ENTERED = frozenset({"__pycache__", "node_modules", "build", "dist", "venv", *_TESTS})


@dataclass
class Module:
    """One first-party module and what its file says.

    Attributes
    ----------
    text_digest
        Digest of the bytes of the file.
    broken
        Why the file could not be read or parsed; empty where it could.
    """

    found: Found
    facts: ModuleFacts
    text_digest: str = ""
    broken: str = ""

    @property
    def name(self) -> str:
        """Dotted name."""
        return self.found.name

    @cached_property
    def is_own(self) -> bool:
        """Whether it belongs to Penstock, whose modules keep no state and do nothing when imported.

        A test of the house holds them to that, so only what is reached by name counts.
        """
        return self.name.partition(".")[0] == OWN_PACKAGE

    @cached_property
    def is_trusted(self) -> bool:
        """Whether it belongs to the engine."""
        return self.name == TRUSTED or self.name.startswith(f"{TRUSTED}.")

    @cached_property
    def is_test_kit(self) -> bool:
        """Whether it belongs to Penstock's kits for tests, which nothing else in Penstock imports."""
        return self.name.startswith(f"{OWN_PACKAGE}.testing")

    @cached_property
    def is_opaque(self) -> bool:
        """Whether it is a binary file, of which nothing but the digest is known."""
        return self.found.path is not None and not self.found.is_source

    @cached_property
    def root(self) -> str:
        """The folder that its first package lies in: what lies there too may reach into this module."""
        if self.is_own:
            return OWN_PACKAGE
        path = self.found.path or self.found.search[0]
        above = self.name.count(".") + (self.found.path is not None and self.found.is_package)
        return str(path.parents[min(above, len(path.parents) - 1)])

    @cached_property
    def bindings(self) -> dict[str, tuple[int, ...]]:
        """For every name the units that bind it, in order; those for type checkers only if there are no others."""
        bound: dict[str, list[int]] = {}
        typing: dict[str, list[int]] = {}
        for index, unit in enumerate(self.facts.units):
            for name in unit.names:
                (typing if "typing" in unit.traits else bound).setdefault(name, []).append(index)
        return {name: tuple(indices) for name, indices in {**typing, **bound}.items()}

    @cached_property
    def stars(self) -> tuple[Target, ...]:
        """Modules that all public names are imported from."""
        return tuple(target for unit in self.facts.units for target in unit.stars)

    def units_of(self, name: str) -> Iterator[tuple[int, Unit]]:
        """Yield the units that bind ``name``, with their positions."""
        for index in self.bindings.get(name, ()):
            yield index, self.facts.units[index]

    def is_typing_only(self, name: str) -> bool:
        """Whether only type checkers see ``name`` bound."""
        return all("typing" in unit.traits for _, unit in self.units_of(name))

    def absolute(self, target: Target) -> str:
        """Return the full name of the module that an import statement here names."""
        if not target.level:
            return target.module
        package = self.found.package.split(".") if self.found.package else []
        kept = package[: len(package) - (target.level - 1)]
        return ".".join([*kept, target.module] if target.module else kept)


@dataclass(slots=True)
class Modules:
    """Finds, reads and keeps first-party modules."""

    locator: Locator
    cache: FactsCache
    _modules: dict[str, Module | None] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _scanned: dict[tuple[Path, str], tuple[str, ...]] = field(default_factory=dict)

    def get(self, name: str) -> Module | None:
        """Return the first-party module ``name``, or ``None``."""
        if name not in self._modules:
            found = self.locator.find(name)
            self._modules[name] = None if found is None or found.origin != "first" else self._read(found)
            if self._modules[name] is not None and found is not None:
                self._names.setdefault(str(found.path), name)
        return self._modules[name]

    def all(self, names: Iterable[str]) -> list[Module]:
        """Return those of ``names`` that are first-party modules."""
        return [module for name in names if (module := self.get(name)) is not None]

    def name_of(self, path: Path) -> str | None:
        """Return the name of the module read from a file."""
        return self._names.get(str(path.absolute()))

    def scan(self, root: str) -> tuple[str, ...]:
        """Return the names of all modules below an import root, sorted, tests left out.

        Nobody but Penstock registers anything from below Penstock's own root: it holds none.
        """
        return () if root == OWN_PACKAGE else self.names_below(Path(root), "")

    def scan_all(self, root: str) -> tuple[str, ...]:
        """Return the names of all modules below an import root, Penstock's own included."""
        own = self.locator.find(OWN_PACKAGE)
        if root != OWN_PACKAGE or own is None:
            return self.scan(root)
        return tuple(name for folder in own.search for name in self.names_below(folder.parent, OWN_PACKAGE))

    def seen(self) -> tuple[dict[str, Module | None], dict[tuple[Path, str], tuple[str, ...]]]:
        """Return every module that was asked for, and what was found below folders."""
        return dict(self._modules), dict(self._scanned)

    def _read(self, found: Found) -> Module:
        return Module(found, ModuleFacts(units=())) if found.path is None else self.cache.read(found)

    def names_below(self, root: Path, package: str) -> tuple[str, ...]:
        """Return the names of all modules below a folder of an import root, sorted, tests left out."""
        key = (root, package)
        if key not in self._scanned:
            self._scanned[key] = tuple(sorted(self._scan(root, package)))
        return self._scanned[key]

    def _scan(self, root: Path, package: str) -> Iterator[str]:
        for folder, folders, files in os.walk(root / package):
            folders[:] = sorted(name for name in folders if _may_hold_modules(Path(folder), name))
            for file in files:
                if file.endswith(".py") and not _is_test_file(file):
                    name = dotted_name(Path(folder, file), root)
                    found = self.locator.find(name) if name is not None else None
                    if found is not None and found.path == Path(folder, file):
                        yield found.name


def _may_hold_modules(folder: Path, name: str) -> bool:
    if not name.isidentifier() or name in _NEVER_ENTERED:
        return False
    names = listing(folder / name)
    return "pyvenv.cfg" not in names and any(item.endswith(".py") for item in names)


def is_test(name: str, path: Path) -> bool:
    """Whether a module is a test, or helps tests: what only they do belongs to no step.

    Where its import root lies does not matter: a project may well live in a folder called ``test``.
    """
    return _is_test_file(path.name) or not _TESTS.isdisjoint(name.split("."))


def _is_test_file(file: str) -> bool:
    return file.startswith("test_") or file.endswith("_test.py") or file == "conftest.py"
