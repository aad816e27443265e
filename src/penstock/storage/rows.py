"""The rows of the catalogue's index: what is asked of SQLite, and in which words."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, fields
from typing import TYPE_CHECKING, Any

from penstock.storage.index import DamagedIndexError
from penstock.storage.manifests import Manifest

if TYPE_CHECKING:
    from sqlite3 import Connection

_NAMES = [field.name for field in fields(Manifest)]
_COLUMNS = f"{', '.join(_NAMES)}, digest"
_SELECT = f"SELECT {_COLUMNS} FROM entries"  # noqa: S608  (a constant)
_PLACES = ", ".join("?" for _ in (*_NAMES, "digest"))
_INSERT = f"INSERT OR REPLACE INTO entries ({_COLUMNS}) VALUES ({_PLACES})"  # noqa: S608  (constants)
_EPOCH_BITS = 40


def one(sql: Connection, kind: str, key: str) -> Manifest | None:
    """Return the entry of this kind and key, if there is one."""
    return _manifest(sql.execute(f"{_SELECT} WHERE kind = ? AND key = ?", (kind, key)).fetchone())


def same(sql: Connection, kind: str, scope: str, content: str | None) -> Manifest | None:
    """Return the oldest entry of this kind and scope with this content key, if there is one."""
    query = f"{_SELECT} WHERE kind = ? AND scope = ? AND same = ? ORDER BY sequence LIMIT 1"
    return _manifest(sql.execute(query, (kind, scope, content)).fetchone())


def newest(sql: Connection, kind: str, scope: str | None, limit: int | None) -> list[Manifest]:
    """Return the entries of a kind, newest first."""
    condition, values = ("", [kind]) if scope is None else (" AND scope = ?", [kind, scope])
    query = f"{_SELECT} WHERE kind = ?{condition} ORDER BY sequence DESC, created_at DESC, key DESC LIMIT ?"
    found = sql.execute(query, (*values, -1 if limit is None else limit)).fetchall()
    return [manifest for row in found if (manifest := _manifest(row)) is not None]


def count(sql: Connection) -> int:
    """Return the number of entries."""
    return int(sql.execute("SELECT count(*) FROM entries").fetchone()[0])


def insert(sql: Connection, manifest: Manifest) -> None:
    """Add an entry and count it."""
    values = astuple(manifest)
    sql.execute(_INSERT, (*values, _digest(values)))
    if manifest.number is not None:
        note_number(sql, manifest.kind, manifest.scope, manifest.number)
    _raise_counter(sql, "sequence", manifest.sequence)
    _bump(sql, manifest.scope)


def delete(sql: Connection, manifest: Manifest) -> None:
    """Remove an entry and count that too."""
    sql.execute("DELETE FROM entries WHERE kind = ? AND key = ?", (manifest.kind, manifest.key))
    _bump(sql, manifest.scope)


def clear(sql: Connection, *, epoch: int) -> None:
    """Forget everything; revisions of a later epoch are greater than all of earlier ones."""
    for table in ("entries", "numbers", "revisions", "counters"):
        sql.execute(f"DELETE FROM {table}")  # noqa: S608  (constants)
    _raise_counter(sql, "base", epoch << _EPOCH_BITS)


def next_sequence(sql: Connection) -> int:
    """Return the sequence number of the next entry."""
    row = sql.execute("SELECT value FROM counters WHERE name = 'sequence'").fetchone()
    return 1 if row is None else int(row[0]) + 1


def next_number(sql: Connection, kind: str, scope: str) -> int:
    """Return the number of the next entry of this kind and scope."""
    row = sql.execute("SELECT last FROM numbers WHERE kind = ? AND scope = ?", (kind, scope)).fetchone()
    return 1 if row is None else int(row[0]) + 1


def note_number(sql: Connection, kind: str, scope: str, number: int) -> None:
    """Remember that this number was given."""
    sql.execute(
        "INSERT INTO numbers VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last = max(last, excluded.last)",
        (kind, scope, number),
    )


def revision(sql: Connection, scope: str) -> int:
    """Return the revision of a scope."""
    query = (
        "SELECT revision FROM revisions WHERE scope = ? UNION ALL SELECT value FROM counters WHERE name = ?"
    )
    return max((int(row[0]) for row in sql.execute(query, (scope, "base"))), default=0)


def _raise_counter(sql: Connection, name: str, value: int) -> None:
    sql.execute(
        "INSERT INTO counters VALUES (?, ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
        (name, value),
    )


def _bump(sql: Connection, scope: str) -> None:
    sql.execute(
        "INSERT INTO revisions SELECT ?, value + 1 FROM counters WHERE name = 'base' "
        "ON CONFLICT DO UPDATE SET revision = revision + 1",
        (scope,),
    )


def _manifest(row: tuple[Any, ...] | None) -> Manifest | None:
    if row is None:
        return None
    *values, digest = row
    if digest != _digest(tuple(values)):
        raise DamagedIndexError(f"the catalogue's index has a damaged row ({values[0]} {values[1]!r})")
    return Manifest(**dict(zip(_NAMES, values, strict=True)))


def _digest(values: tuple[object, ...]) -> bytes:
    return hashlib.sha256(repr(values).encode("utf-8", "surrogatepass")).digest()[:16]
