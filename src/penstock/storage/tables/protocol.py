"""What every observation table can do, wherever it lies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from penstock.domain.windows import Window
    from penstock.storage.tables.arrival import Appended, Arrival
    from penstock.storage.tables.cut import TableCut
    from penstock.storage.tables.schema import TableSchema


@dataclass(frozen=True, kw_only=True)
class Compacted:
    """What a compaction did: ``before`` files became ``after``; the rows are the same."""

    before: int = 0
    after: int = 0


@dataclass(frozen=True, kw_only=True)
class Vacuumed:
    """What a vacuum removed: files that neither the newest version nor a pinned one needs."""

    files: int = 0
    size_bytes: int = 0


class ObservationTable(Protocol):
    """Append-only rows with two clocks: ``time`` (when it holds) and ``known_at`` (when we learnt it).

    An arrival is compared with what was known and only differences are kept, so that A → B → A stays three rows and
    A → A one. Nothing that was written is ever changed; what a cut reads is the same for ever.
    """

    @property
    def schema(self) -> TableSchema:
        """Time, keys and values."""

    @property
    def id(self) -> str:
        """Identity, unique among all tables."""

    @property
    def version(self) -> int:
        """Number of the last version that brought rows: equal numbers, equal rows."""

    def append(self, arrival: Arrival) -> Appended:
        """Store what ``arrival`` brings that was not known: all of it or nothing.

        Raises
        ------
        DataError
            The rows do not fit; nothing was stored.
        LockTimeoutError
            Somebody else wrote for longer than we wait.
        StorageError
            The disk is full, or the table is damaged.
        """

    def cut(self, *, as_of: datetime, window: Window | None = None) -> TableCut:
        """Name what the newest version tells as it was known at ``as_of`` (aware, included)."""

    def read(self, cut: TableCut, *, values: Sequence[str] | None = None) -> pl.DataFrame:
        """Return for each observation the newest row known at the cut, removed ones left out.

        Columns: time, keys, ``values`` (all by default), ``known_at``, ``known_how``; sorted by time, then keys.
        Of rows with equal ``known_at`` the one that was ingested last counts. Without rows the frame is empty and
        has all columns.

        Raises
        ------
        StorageError
            The cut belongs to another table, or to a version that is not there yet.
        UnknownNameError
            ``values`` has a name that the table does not know.
        """

    def history(self, cut: TableCut) -> pl.DataFrame:
        """Return every row known at the cut, also superseded ones and tombstones (``deleted``, values null).

        Columns: those of :meth:`read`, ``received_at``, ``sequence``, ``deleted``, ``revision``; sorted by time,
        keys, ``known_at``, ``sequence``.
        """

    def pin(self, cut: TableCut) -> None:
        """Keep the files of the cut's version for ever; pinning twice is no error."""

    def pinned(self) -> list[TableCut]:
        """Return the pinned cuts, oldest version first."""

    def compact(self) -> Compacted:
        """Put small files together; changes nothing that a read returns."""

    def vacuum(self) -> Vacuumed:
        """Remove files that neither the newest version nor a pinned cut needs.

        Cuts that are not pinned stay readable, from the newest version; other tools can then no longer travel back
        to their versions.
        """
