"""Upkeep: put small files together, and remove files that nothing needs. No row is ever changed or lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.domain.errors import StorageError
from penstock.storage.tables.log import Commit, TableLog
from penstock.storage.tables.parts import Part, part_files, removal, write_part
from penstock.storage.tables.protocol import Compacted, Vacuumed
from penstock.storage.tables.schema import KNOWN_AT, SEQUENCE, TableSchema

if TYPE_CHECKING:
    import polars as pl
    from deltalake.transaction import AddAction, RemoveAction

ROWS_PER_FILE = 1 << 20


@dataclass
class _Bin:
    parts: list[Part] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)


def compact(log: TableLog) -> Compacted:
    """Rewrite neighbours in time that are small into files of about ``ROWS_PER_FILE`` rows, in one commit.

    Raises
    ------
    ConflictError
        Another writer came first.
    StorageError
        The disk is full, or files do not hold the rows that the log says.
    """
    bins = [chosen for revision in (False, True) for chosen in _bins(log.parts, revision=revision)]
    if not bins:
        return Compacted()
    written = [
        write_part(log.folder, log.schema, _merged(log.folder, log.schema, parts), revision=parts[0].revision)
        for parts in bins
    ]
    old = [part for parts in bins for part in parts]
    when_ms = max(new.written_ms for new in written)
    actions: list[AddAction | RemoveAction] = [new.action(data_change=False) for new in written]
    actions += [removal(part, when_ms) for part in old]
    log.commit(Commit(actions=actions, checkpoint=True))
    return Compacted(before=len(old), after=len(written))


def vacuum(folder: Path, needed: set[str]) -> Vacuumed:
    """Remove every data file that is not ``needed``: superseded ones, and what a killed writer left."""
    unneeded = {name: path for name, path in part_files(folder).items() if name not in needed}
    size = sum(path.stat().st_size for path in unneeded.values())
    for name in sorted(unneeded):
        unneeded[name].unlink()
    return Vacuumed(files=len(unneeded), size_bytes=size)


def _bins(parts: Sequence[Part], *, revision: bool) -> Iterator[list[Part]]:
    small = [part for part in parts if part.revision == revision and part.rows < ROWS_PER_FILE // 2]
    current = _Bin()
    for part in sorted(small, key=lambda part: (part.first_time, part.path)):
        if current.rows + part.rows > ROWS_PER_FILE:
            if len(current.parts) > 1:
                yield current.parts
            current = _Bin()
        current.parts.append(part)
    if len(current.parts) > 1:
        yield current.parts


def _merged(folder: Path, schema: TableSchema, parts: Sequence[Part]) -> pl.DataFrame:
    import polars as pl

    files = [folder / part.path for part in parts]
    lazy = pl.scan_parquet(files, schema=schema.stored_types(), hive_partitioning=False, glob=False)
    rows = lazy.sort(*schema.identity, KNOWN_AT, SEQUENCE).collect()
    expected = sum(part.rows for part in parts)
    if rows.height != expected:
        raise StorageError(
            f"{len(parts)} files of the table {folder} hold {rows.height:,} rows, and its log says {expected:,}; "
            "nothing was changed. Restore the table from a copy of the workspace"
        )
    return rows
