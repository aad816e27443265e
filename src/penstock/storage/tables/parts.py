"""The files of a table: Parquet, sorted by time and keys, with the statistics by which reads skip them."""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.domain.errors import StorageError, bounded
from penstock.storage.atomic import fsync_dir, fsync_file
from penstock.storage.tables.schema import KNOWN_AT, RECEIVED_AT, REVISION, SEQUENCE, TableSchema

if TYPE_CHECKING:
    import polars as pl
    from deltalake.transaction import AddAction, RemoveAction

ROWS_PER_GROUP = 1 << 15
_SUFFIX = ".parquet"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One file of one version. Bounds are those of its rows, both included."""

    path: str
    size_bytes: int
    rows: int
    revision: bool
    first_time: datetime
    last_time: datetime
    first_known: datetime
    first_sequence: int
    last_sequence: int


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file that lies there and that no version names yet."""

    path: str
    size_bytes: int
    written_ms: int
    revision: bool
    statistics: str

    def action(self, *, data_change: bool) -> AddAction:
        """Return what a commit says of this file."""
        from deltalake.transaction import AddAction

        return AddAction(
            path=self.path,
            size=self.size_bytes,
            partition_values={REVISION: _text(self.revision)},
            modification_time=self.written_ms,
            data_change=data_change,
            stats=self.statistics,
        )


def removal(part: Part, when_ms: int) -> RemoveAction:
    """Return what a commit says of a file whose rows lie in others since ``when_ms``, milliseconds since 1970."""
    from deltalake.transaction import RemoveAction

    return RemoveAction(
        path=part.path,
        data_change=False,
        deletion_timestamp=when_ms,
        size=part.size_bytes,
        partition_values={REVISION: _text(part.revision)},
    )


def write_part(folder: Path, schema: TableSchema, rows: pl.DataFrame, *, revision: bool) -> Written:
    """Write rows, sorted by time and keys, into a new file below ``folder``, and flush it to the disk."""
    name = f"{REVISION}={_text(revision)}/{os.urandom(16).hex()}{_SUFFIX}"
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    # Through memory: polars tells a full disk in words of its own that change with the place where it ran out.
    content = io.BytesIO()
    rows.select(list(schema.stored_types())).write_parquet(
        content, compression="zstd", row_group_size=ROWS_PER_GROUP
    )
    try:
        path.write_bytes(content.getbuffer())
        fsync_file(path)
        fsync_dir(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    facts = path.stat()
    return Written(
        path=name,
        size_bytes=facts.st_size,
        written_ms=facts.st_mtime_ns // 1_000_000,
        revision=revision,
        statistics=_statistics(schema, rows),
    )


def part_files(folder: Path) -> dict[str, Path]:
    """Return every data file below ``folder`` by its relative name, named by a version or not."""
    found = (path for path in folder.glob(f"{REVISION}=*/*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in found}


def parts_of(schema: TableSchema, actions: pl.DataFrame) -> list[Part]:
    """Read the files of a version from what its log says of them, in the order of their names.

    Raises
    ------
    StorageError
        A file has no statistics: something else than Penstock has written to the table.
    """
    import polars as pl

    wanted = {
        "path": "path",
        "size_bytes": "size_bytes",
        "rows": "num_records",
        "revision": f"partition.{REVISION}",
        "first_time": f"min.{schema.time}",
        "last_time": f"max.{schema.time}",
        "first_known": f"min.{KNOWN_AT}",
        "first_sequence": f"min.{SEQUENCE}",
        "last_sequence": f"max.{SEQUENCE}",
    }
    missing = [name for name in wanted.values() if name not in actions.columns or actions[name].null_count()]
    if missing:
        raise StorageError(
            f"files of table {schema.name!r} lack {bounded(missing)} in its log: another program has written to it. "
            "Restore the table from a copy of the workspace; only Penstock may write it"
        )
    chosen = actions.sort("path").select(**{name: pl.col(column) for name, column in wanted.items()})
    return [Part(**row) for row in chosen.iter_rows(named=True)]


def _statistics(schema: TableSchema, rows: pl.DataFrame) -> str:
    names = (schema.time, KNOWN_AT, RECEIVED_AT, SEQUENCE)
    return json.dumps(
        {
            "numRecords": rows.height,
            "minValues": {name: _bound(rows[name].min()) for name in names},
            "maxValues": {name: _bound(rows[name].max()) for name in names},
            "nullCount": {name: rows[name].null_count() for name in schema.stored_types()},
        }
    )


def _bound(value: Any) -> str | int:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return int(value)


def _text(flag: bool) -> str:
    return "true" if flag else "false"
