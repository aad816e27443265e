"""Find the file of a chosen group: the system's own, then the shared presets, or a file of the user's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.app.config.documents import Document, read_document
from penstock.app.config.origins import Origin
from penstock.domain.errors import did_you_mean

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from pydantic import BaseModel

    from penstock.app.config.faults import Faults

CONFIG_FILE = "config.yaml"
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, kw_only=True)
class SystemFiles:
    """What a system brings to its configuration.

    ``folder`` holds ``config.yaml`` and a folder for each group; ``presets`` holds groups that systems share.
    ``name`` stands in messages; without one it is the folder's.
    """

    folder: Traversable
    schema: type[BaseModel]
    presets: Traversable | None = None
    name: str = ""

    @property
    def title(self) -> str:
        """What messages call the system."""
        return self.name or self.folder.name


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A group, the name chosen for it, and who chose."""

    group: str
    name: str
    origin: Origin

    @property
    def is_path(self) -> bool:
        """Whether a file of the user's is meant rather than a name."""
        return self.name.endswith(SUFFIXES) or "/" in self.name or "\\" in self.name


@dataclass
class Library:
    """Reads the files of one system and remembers which were read and which were looked for in vain.

    A file that appears where none was can change the configuration as much as an edit, so both lists matter to
    whoever decides whether an earlier result still stands.
    """

    files: SystemFiles
    faults: Faults
    read: list[Path] = field(default_factory=list)
    absent: list[Path] = field(default_factory=list)

    def main(self) -> Document:
        """Read ``config.yaml``."""
        file = self.files.folder / CONFIG_FILE
        if not self._exists(file):
            self.faults.lose(f"there is no {CONFIG_FILE} in {self.files.folder}")
            return Document(name=CONFIG_FILE)
        return read_document(file, CONFIG_FILE, self.faults)

    def chosen(self, choice: Choice) -> Document:
        """Read the file of a group's choice; the first folder that has it wins."""
        if choice.is_path:
            return self._own_file(choice)
        for label, folder in self._folders():
            found = [
                (file, f"{label}{choice.group}/{choice.name}{suffix}")
                for suffix in SUFFIXES
                if self._exists(file := folder / choice.group / f"{choice.name}{suffix}")
            ]
            if len(found) > 1:
                self.faults.lose(f"{found[0][1]} and {found[1][1]} have equal rank; keep one")
            if found:
                return read_document(*found[0], self.faults)
        self.faults.lose(self._no_such_choice(choice))
        return Document(name=choice.name)

    def options(self, group: str) -> tuple[str, ...]:
        """Return the names that can be chosen for ``group``, sorted."""
        return tuple(sorted({name for _, folder in self._folders() for name in _stems(folder / group)}))

    def _own_file(self, choice: Choice) -> Document:
        file = Path(choice.name)
        if not self._exists(file):
            self.faults.lose(f"{choice.group}={choice.name} ({choice.origin}): there is no such file")
            return Document(name=choice.name)
        return read_document(file, choice.name, self.faults)

    def _folders(self) -> Iterator[tuple[str, Traversable]]:
        yield "", self.files.folder
        if self.files.presets is not None:
            yield "presets/", self.files.presets

    def _exists(self, file: Traversable) -> bool:
        exists = file.is_file()
        if isinstance(file, Path):
            (self.read if exists else self.absent).append(file)
        return exists

    def _no_such_choice(self, choice: Choice) -> str:
        head = f"{choice.group}={choice.name} ({choice.origin})"
        options = self.options(choice.group)
        searched = " and ".join(str(folder / choice.group) for _, folder in self._folders())
        if not options:
            return (
                f"{head}: {choice.group} has no groups to choose from in {searched}; set its keys one by one"
            )
        return f"{head}: no such file in {searched}{did_you_mean(choice.name, options)}"


def default_choices(declared: object, groups: Mapping[str, object], faults: Faults) -> list[Choice]:
    """Read the ``defaults`` of ``config.yaml``: a mapping from group to name."""
    origin = Origin(kind="file", place=CONFIG_FILE)
    if not isinstance(declared, Mapping):
        faults.lose(
            f"{CONFIG_FILE}: defaults must map groups to names, for example 'defaults: {{model: lightgbm}}'"
        )
        return []
    choices = []
    for group, name in declared.items():
        if group not in groups:
            faults.lose(
                f"{CONFIG_FILE}: defaults names {group!r}, which is no group{did_you_mean(group, groups)}"
            )
        elif not isinstance(name, str):
            faults.lose(f"{CONFIG_FILE}: defaults.{group} must be the name of a file, not {name!r}")
        else:
            choices.append(Choice(group=group, name=name, origin=origin))
    return choices


def _stems(folder: Traversable) -> Iterator[str]:
    if folder.is_dir():
        for file in folder.iterdir():
            if file.name.endswith(SUFFIXES):
                yield file.name.rpartition(".")[0]
