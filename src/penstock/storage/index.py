"""The catalogue's index: one SQLite file, replaceable at any time."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from penstock.domain.errors import StorageError, WorkspaceError
from penstock.storage.atomic import disk_fault

_LOG = logging.getLogger(__name__)
FORMAT = 1
_BUSY_TIMEOUT_S = 60.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    kind TEXT NOT NULL, key TEXT NOT NULL, scope TEXT NOT NULL, number INTEGER, same TEXT,
    created_at TEXT NOT NULL, sequence INTEGER NOT NULL, body TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entries_newest ON entries (kind, scope, sequence);
CREATE INDEX IF NOT EXISTS entries_kind ON entries (kind, sequence);
CREATE INDEX IF NOT EXISTS entries_same ON entries (kind, scope, same);
CREATE TABLE IF NOT EXISTS numbers (
    kind TEXT NOT NULL, scope TEXT NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (kind, scope)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS revisions (scope TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID;
"""
T = TypeVar("T")


class DamagedIndexError(StorageError):
    """The index is missing or is not a database; it must be built again."""


class Index:
    """A connection to the index, shared by the threads of one process and renewed after a fork or a replacement."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._made_for: tuple[int, int] | None = None
        self._strays: list[sqlite3.Connection] = []
        self._closer: weakref.finalize[..., Index] | None = None

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` on a consistent view.

        Raises
        ------
        DamagedIndexError
            The index is missing or damaged.
        """
        with self._guard, self._faults():
            return work(self._connected())

    def write(
        self,
        work: Callable[[sqlite3.Connection], T],
        undo: Callable[[sqlite3.Connection], None] = lambda _: None,
    ) -> T:
        """Run ``work`` as one transaction, alone among all writers; if it raises, nothing happened.

        ``undo`` is called, again alone, after ``work`` or the commit failed.
        """
        with self._guard, self._faults():
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                with contextlib.suppress(sqlite3.Error, StorageError):
                    connection.execute("BEGIN IMMEDIATE")
                    undo(connection)
                _roll_back(connection)
                raise
            return result

    def create(self) -> None:
        """Make an empty index at the path, which must not exist, or complete one that another process began."""
        with self._guard, self._faults():
            self.close()
            connection = _connect(self.path)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(
                    f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT;"
                )
            finally:
                connection.close()

    def is_healthy(self) -> bool:
        """Whether the index is there and SQLite finds no fault in it."""
        try:
            return self.read(lambda sql: bool(sql.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"))
        except DamagedIndexError:
            return False

    def discard(self) -> None:
        """Remove the files of the index."""
        with self._guard:
            self.close()
            for suffix in ("", "-wal", "-shm", "-journal"):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        with self._guard:
            if self._closer is not None:
                self._closer()
            self._connection, self._closer, self._made_for = None, None, None

    def _connected(self) -> sqlite3.Connection:
        now_for = (os.getpid(), self._inode())
        if self._connection is not None and self._made_for == now_for:
            return self._connection
        self._drop()
        connection = _connect(self.path)
        try:
            _check_format(connection, self.path)
        except BaseException:
            connection.close()
            raise
        self._connection, self._made_for = connection, now_for
        self._closer = weakref.finalize(self, _close, connection, os.getpid())
        return connection

    def _drop(self) -> None:
        if self._connection is not None and self._made_for is not None and self._made_for[0] != os.getpid():
            # SQLite forbids a child to use, or even close, what its parent opened.
            self._strays.append(self._connection)
        self.close()

    def _inode(self) -> int:
        try:
            return self.path.stat().st_ino
        except FileNotFoundError as error:
            raise DamagedIndexError(f"the catalogue's index {self.path} is missing") from error

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise self._fault_of(error) from error
        except sqlite3.DatabaseError as error:
            raise DamagedIndexError(f"the catalogue's index {self.path} is damaged: {error}") from error

    def _fault_of(self, error: sqlite3.OperationalError) -> StorageError:
        text = str(error)
        # SQLite says the one where it writes its database, and the other where it writes beside it.
        is_full, is_perhaps_full = "disk is full" in text, "disk I/O error" in text
        fault = disk_fault(self.path, OSError(errno.ENOSPC, text) if is_full or is_perhaps_full else error)
        if fault is not None and is_perhaps_full:
            return StorageError(f"{fault}. If there is room enough, check the disk: SQLite had an I/O error")
        if fault is not None:
            return StorageError(fault)
        if "no such table" in text or "no such column" in text:
            return DamagedIndexError(f"the catalogue's index {self.path} is incomplete: {text}")
        if "locked" in text or "busy" in text:
            return StorageError(
                f"the catalogue {self.path} was locked by another process for {_BUSY_TIMEOUT_S:g} s; "
                "end that process or wait, then run again"
            )
        return StorageError(
            f"the catalogue {self.path} cannot be used: {text}; check the disk and its permissions"
        )


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # SQLite has rolled back already when the disk is full
        connection.execute("ROLLBACK")


def _close(connection: sqlite3.Connection, owner: int) -> None:
    if os.getpid() == owner:
        connection.close()


def _check_format(connection: sqlite3.Connection, path: Path) -> None:
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found > FORMAT:
        raise WorkspaceError(
            f"the catalogue {path} has format {found}, and this Penstock reads format {FORMAT}; upgrade Penstock"
        )
    if found < FORMAT:
        raise DamagedIndexError(f"the catalogue's index {path} has the old format {found}")
