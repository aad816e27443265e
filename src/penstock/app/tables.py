"""``penstock data tables | compact``: the observation tables of a workspace, and their upkeep."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from penstock.domain.results import Result
from penstock.storage.tables.open import find_table, tables

if TYPE_CHECKING:
    from penstock.app.session import Session
    from penstock.storage.tables.local import LocalTable


class TableLine(Result):
    """An observation table: its newest version, its rows as known now, and the cuts that are kept for ever."""

    name: str
    version: int
    observations: int
    first: datetime | None
    last: datetime | None
    pinned: int
    size_bytes: int


class Upkeep(Result):
    """What compacting and vacuuming a table did: files before and after, and the bytes that were removed."""

    name: str
    files_before: int
    files_after: int
    removed_files: int
    removed_bytes: int


def list_tables(session: Session) -> list[TableLine]:
    """Return the tables of the workspace, by name."""
    return [_line(table, session.clock()) for table in tables(session.workspace)]


def compact_table(session: Session, name: str) -> Upkeep:
    """Put small files of a table together and remove what neither its newest version nor a published cut needs.

    Raises
    ------
    UnknownNameError
        There is no such table.
    LockTimeoutError
        Somebody ingests into it for longer than we wait.
    """
    table = find_table(session.workspace, name)
    compacted, vacuumed = table.compact(), table.vacuum()
    return Upkeep(
        name=name,
        files_before=compacted.before,
        files_after=compacted.after,
        removed_files=vacuumed.files,
        removed_bytes=vacuumed.size_bytes,
    )


def _line(table: LocalTable, now: datetime) -> TableLine:
    times = table.read(table.cut(as_of=now), values=())[table.schema.time]
    first, last = times.min(), times.max()
    return TableLine(
        name=table.schema.name,
        version=table.version,
        observations=len(times),
        first=first if isinstance(first, datetime) else None,
        last=last if isinstance(last, datetime) else None,
        pinned=len(table.pinned()),
        size_bytes=sum(path.stat().st_size for path in table.folder.rglob("*") if path.is_file()),
    )
