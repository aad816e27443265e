"""The observation table in a folder of the workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from penstock.domain.errors import StorageError, UnknownNameError, UsageError, bounded, did_you_mean
from penstock.storage.atomic import disk_errors
from penstock.storage.locks import FileLock
from penstock.storage.tables import upkeep
from penstock.storage.tables.arrival import Appended, Arrival
from penstock.storage.tables.cut import TableCut
from penstock.storage.tables.differences import Look, differences
from penstock.storage.tables.log import Commit, ConflictError, TableLog, open_log
from penstock.storage.tables.parts import write_part
from penstock.storage.tables.pins import Pins
from penstock.storage.tables.protocol import Compacted, Vacuumed
from penstock.storage.tables.reading import Lens, Reader
from penstock.storage.tables.schema import KNOWN_AT, KNOWN_HOW, REVISION, SEQUENCE, TableSchema

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.windows import Window

R = TypeVar("R")
LEASE_WAIT_S = 300.0
_ATTEMPTS = 5
_LOOKS = 20
_FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class LocalTable:
    """A Delta Lake table in ``folder``; implements ``ObservationTable``. Get one from :func:`open_table`.

    Writers take turns by a lease, a lock file at ``lease``, which ends with the process that holds it; they wait for at
    most ``lease_wait_s`` seconds. Readers never wait. What is inside ``folder`` is relative, so it may be moved.
    """

    folder: Path
    lease: Path
    schema: TableSchema
    id: str
    lease_wait_s: float = LEASE_WAIT_S

    @property
    def version(self) -> int:
        """Number of the last version that brought rows: equal numbers, equal rows."""
        return self._log().content

    def append(self, arrival: Arrival) -> Appended:
        """Store what ``arrival`` brings that was not known: all of it or nothing."""
        return self._write(lambda log: self._append(log, arrival))

    def cut(self, *, as_of: datetime, window: Window | None = None) -> TableCut:
        """Name what the newest version tells as it was known at ``as_of`` (aware, included)."""
        if as_of.tzinfo is None:
            raise UsageError(
                f"as_of {as_of} has no time zone; give an aware time, for example {as_of}+00:00."
            )
        return TableCut(
            table=self.schema.name, table_id=self.id, version=self.version, as_of=as_of, window=window
        )

    def read(self, cut: TableCut, *, values: Sequence[str] | None = None) -> pl.DataFrame:
        """Return for each observation the newest row known at the cut, removed ones left out."""
        names = self.schema.value_names if values is None else tuple(values)
        for name in names:
            if name not in self.schema.value_names:
                hint = did_you_mean(name, self.schema.value_names)
                raise UnknownNameError(f"Table {self.schema.name!r} has no value {name!r}{hint}")
        columns = [*self.schema.identity, *names, KNOWN_AT, KNOWN_HOW]
        return self._look(cut, lambda reader: reader.newest(columns))

    def history(self, cut: TableCut) -> pl.DataFrame:
        """Return every row known at the cut, also superseded ones and tombstones."""
        return self._look(cut, lambda reader: reader.every())

    def pin(self, cut: TableCut) -> None:
        """Keep the files of the cut's version for ever; pinning twice is no error."""
        with self._leased():
            self._check(cut, self._log())
            log = self._exact(cut)
            Pins(self.folder).add(cut, (part.path for part in log.parts))

    def pinned(self) -> list[TableCut]:
        """Return the pinned cuts, oldest version first."""
        return [pin.cut for pin in Pins(self.folder).all()]

    def compact(self) -> Compacted:
        """Put small files together; changes nothing that a read returns."""
        return self._write(upkeep.compact)

    def vacuum(self) -> Vacuumed:
        """Remove files that neither the newest version nor a pinned cut needs."""
        with self._leased():
            needed = {part.path for part in self._log().parts}
            needed.update(name for pin in Pins(self.folder).all() for name in pin.files)
            return upkeep.vacuum(self.folder, needed)

    def _append(self, log: TableLog, arrival: Arrival) -> Appended:
        if log.knows(arrival.mark):
            return Appended(version=log.content, repeated=True)
        looks = log.looks() if arrival.known.how == "assumed" else []
        lens = Lens(as_of=_FAR, window=arrival.window, sequence=log.version)
        known = self._reader(log, lens).unordered()
        found = differences(self.schema, arrival, known, looks)
        version = log.commit(self._commit(log.version + 1, arrival, found.rows))
        return Appended(
            version=log.content if found.rows.is_empty() else version,
            added=found.added,
            revised=found.revised,
            removed=found.removed,
            unchanged=found.unchanged,
        )

    def _commit(self, sequence: int, arrival: Arrival, rows: pl.DataFrame) -> Commit:
        import polars as pl

        rows = rows.with_columns(pl.lit(sequence, dtype=pl.Int64).alias(SEQUENCE))
        written = [
            write_part(self.folder, self.schema, part, revision=revision)
            for revision in (False, True)
            if not (part := rows.filter(pl.col(REVISION) == revision)).is_empty()
        ]
        return Commit(
            actions=[part.action(data_change=True) for part in written],
            mark=arrival.mark,
            look=Look(arrival.window, arrival.received_at) if arrival.complete else None,
        )

    def _write(self, work: Callable[[TableLog], R]) -> R:
        # The lease keeps writers of one host apart; the conflict of versions keeps apart what the lease cannot.
        with self._leased(), disk_errors(self.folder):
            for _ in range(_ATTEMPTS):
                try:
                    return work(self._log())
                except ConflictError as error:
                    conflict = error
            raise StorageError(
                f"cannot write to the table {self.folder}: another program committed first, {_ATTEMPTS} times in a "
                "row. Let only Penstock write it, then run again"
            ) from conflict

    @contextmanager
    def _leased(self) -> Iterator[None]:
        lock = FileLock(self.lease)
        lock.acquire(timeout_s=self.lease_wait_s)
        try:
            yield
        finally:
            lock.release()

    def _look(self, cut: TableCut, read: Callable[[Reader], R]) -> R:
        import polars as pl

        lens = Lens(as_of=cut.as_of, window=cut.window, sequence=cut.version)
        for log in self._candidates(cut):
            try:
                return read(self._reader(log, lens))
            except (OSError, pl.exceptions.PolarsError) as error:
                cause = error
                if not _lost(log):
                    break
        raise StorageError(
            f"cannot read {cut} from {self.folder}: {_lost(log) or cause}. Restore the table from a copy of the "
            "workspace"
        ) from cause

    def _candidates(self, cut: TableCut) -> Iterator[TableLog]:
        """Yield where the rows of a cut lie, the best place first.

        The newest version holds them all, in the fewest files. If files are gone, a vacuum may have come between:
        then there is a newer version; or they are lost: then what is pinned may still be there.
        """
        tried = -1
        for _ in range(_LOOKS):
            log = self._log()
            if log.version == tried:
                break
            self._check(cut, log)
            tried = log.version
            yield log
        yield open_log(self.folder, cut.version)

    def _reader(self, log: TableLog, lens: Lens) -> Reader:
        return Reader(folder=self.folder, schema=self.schema, parts=log.parts, lens=lens)

    def _check(self, cut: TableCut, log: TableLog) -> None:
        if (cut.table, cut.table_id) != (self.schema.name, self.id):
            raise StorageError(
                f"the cut is of table {cut.table!r} with identity {cut.table_id}, and {self.folder} has "
                f"{self.schema.name!r} with {self.id}; open the workspace that the cut was made in"
            )
        if cut.version > log.content:
            raise StorageError(
                f"there is no {cut} in {self.folder}: its newest version is {log.content}. The table may have been "
                "restored from an older copy; ingest again and make a new cut"
            )

    def _exact(self, cut: TableCut) -> TableLog:
        """Return the version of the cut, or the newest if files of that one were removed: the rows are the same."""
        exact = open_log(self.folder, cut.version)
        return self._log() if _lost(exact) else exact

    def _log(self) -> TableLog:
        log = open_log(self.folder)
        if log.id != self.id:
            raise StorageError(
                f"the table {self.folder} was replaced by another one since it was opened; open it again"
            )
        return log


def _lost(log: TableLog) -> str:
    """Name files that a version needs and that are not there; empty if none."""
    missing = [part.path for part in log.parts if not (log.folder / part.path).is_file()]
    return f"it lacks the files {bounded(missing)}" if missing else ""
