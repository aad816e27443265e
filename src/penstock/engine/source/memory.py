"""What one plan learned of the source, kept for the next plan of the same process while nothing has changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from penstock.engine.source.closure import CodeClosure
from penstock.engine.source.locate import Found

if TYPE_CHECKING:
    from penstock.engine.source.modules import Module, Modules

_MAIN = ("__main__", "__mp_main__")
_MOST_ROOTS = 8
"""Whoever plans in more import roots than these within one process starts afresh, so that checks stay cheap."""


class Key(NamedTuple):
    """What a closure is kept under: the definition, and what a function made at run time holds."""

    name: str
    related: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Looks:
    """Which files were looked for because a string in the code may name them.

    Attributes
    ----------
    files
        Paths, and whether a file was there; a path that was there once and once not stands here twice.
    folders
        The working directories that paths began with.
    """

    files: set[tuple[str, bool]] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)

    def is_file(self, folder: Path, text: str) -> bool:
        """Say whether ``text`` names a file in ``folder``."""
        path = os.path.join(folder, text)  # noqa: PTH118 - thousands of times in each plan
        found = os.path.isfile(path)  # noqa: PTH113
        self.files.add((path, found))
        return found

    def still_hold(self, there: Callable[[str], bool] = os.path.isfile) -> bool:
        """Whether the same files are there."""
        is_here = self.folders <= {str(Path.cwd())}
        return is_here and all(there(path) == found for path, found in self.files)


class Kept(NamedTuple):
    """A closure, and the files that were looked for on the way; nobody adds to either."""

    closure: CodeClosure
    looks: Looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Closures, and all that was looked at to find them: they hold for as long as it looks the same.

    ``elsewhere`` are the modules that were loaded from other roots: they only count where names are made at run time.
    """

    closures: Mapping[Key, Kept]
    places: Mapping[str, Found | None]
    contents: Mapping[str, tuple[str, str] | None]
    scans: Mapping[tuple[Path, str], tuple[str, ...]]
    groups: Mapping[str, tuple[str, ...]]
    elsewhere: tuple[str, ...]

    def still_holds(self, modules: Modules, points: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether ``modules``, which has just begun to look, and the entry points show the same."""
        return (
            len(self.scans) <= _MOST_ROOTS
            and points == self.groups
            and all(modules.locator.find(name) == found for name, found in self.places.items())
            and all(content_of(modules.get(name)) == content for name, content in self.contents.items())
            and all(modules.names_below(*root) == names for root, names in self.scans.items())
        )

    def closures_with(self, elsewhere: tuple[str, ...]) -> Iterator[tuple[Key, Kept]]:
        """Yield the closures that hold when ``elsewhere`` is loaded, in the working directory and with its files."""
        there = cache(os.path.isfile)
        for key, kept in self.closures.items():
            is_script = key.name.partition(":")[0] in _MAIN
            is_same = elsewhere == self.elsewhere or not kept.closure.dynamic
            if is_same and not is_script and kept.looks.still_hold(there):
                yield key, kept


def content_of(module: Module | None) -> tuple[str, str] | None:
    """Return what tells the contents of modules apart: the digest of the text, and why it cannot be read."""
    return None if module is None else (module.text_digest, module.broken)
