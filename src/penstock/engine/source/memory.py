"""What one plan learned of the source, kept for the next plan of the same process while nothing has changed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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

    def still_hold(self) -> bool:
        """Whether the same files are there."""
        return self.folders <= {str(Path.cwd())} and all(
            os.path.isfile(path) == found  # noqa: PTH113
            for path, found in self.files
        )

    def copy(self) -> Looks:
        """Return a copy, to which others may add."""
        return Looks(set(self.files), set(self.folders))


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Closures, and all that was looked at to find them: they hold for as long as it looks the same.

    ``elsewhere`` are the modules that were loaded from other roots: they only count where names are made at run time.
    """

    closures: Mapping[Key, CodeClosure]
    places: Mapping[str, Found | None]
    contents: Mapping[str, tuple[str, str] | None]
    scans: Mapping[tuple[Path, str], tuple[str, ...]]
    groups: Mapping[str, tuple[str, ...]]
    looks: Looks
    elsewhere: tuple[str, ...]

    def still_holds(self, modules: Modules, points: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether ``modules``, which has just begun to look, and the entry points show the same."""
        return (
            len(self.scans) <= _MOST_ROOTS
            and points == self.groups
            and all(modules.locator.find(name) == found for name, found in self.places.items())
            and all(content_of(modules.get(name)) == content for name, content in self.contents.items())
            and all(modules.names_below(*root) == names for root, names in self.scans.items())
            and self.looks.still_hold()
        )

    def closures_with(self, elsewhere: tuple[str, ...]) -> Iterator[tuple[Key, CodeClosure]]:
        """Yield the closures that hold when ``elsewhere`` is loaded too."""
        for key, closure in self.closures.items():
            is_script = key.name.partition(":")[0] in _MAIN
            if not is_script and (elsewhere == self.elsewhere or not closure.dynamic):
                yield key, closure


def content_of(module: Module | None) -> tuple[str, str] | None:
    """Return what tells the contents of modules apart: the digest of the text, and why it cannot be read."""
    return None if module is None else (module.text_digest, module.broken)
