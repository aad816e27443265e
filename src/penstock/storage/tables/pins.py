"""Pins: cuts whose files are kept for ever, each an immutable manifest of the files that it needs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from penstock.domain.errors import StorageError
from penstock.storage.atomic import create_atomic
from penstock.storage.tables.cut import TableCut

FOLDER = "_pins"  # Delta Lake leaves folders that begin with an underscore alone


class Pin(BaseModel):
    """One pinned cut and the files of its version, relative to the table's folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cut: TableCut
    files: tuple[str, ...]


@dataclass(frozen=True)
class Pins:
    """The pins of the table in ``folder``."""

    folder: Path

    def add(self, cut: TableCut, files: Iterable[str]) -> None:
        """Pin a cut; its first pin stands."""
        pin = Pin(cut=cut, files=tuple(sorted(files)))
        name = hashlib.sha256(cut.model_dump_json().encode()).hexdigest()[:32]
        create_atomic(self.folder / FOLDER / f"{name}.json", pin.model_dump_json(indent=1).encode() + b"\n")

    def all(self) -> list[Pin]:
        """Return all pins, oldest version first.

        Raises
        ------
        StorageError
            A pin cannot be read: what it needs is unknown, so nothing may be removed.
        """
        paths = sorted((self.folder / FOLDER).glob("[!.]*.json"))
        pins = [_read(path) for path in paths]
        return sorted(pins, key=lambda pin: (pin.cut.version, pin.cut.as_of, str(pin.cut.window)))


def _read(path: Path) -> Pin:
    try:
        return Pin.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise StorageError(
            f"cannot read the pin {path}: {str(error).splitlines()[0]}. Restore it from a copy of the workspace; "
            "until then nothing is removed from this table"
        ) from error
