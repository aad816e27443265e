"""What the workspace knows: results, runs, dataset versions, releases, found by key, scope and order."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from penstock.domain.errors import StorageError, bounded
from penstock.storage import rows
from penstock.storage.index import DamagedIndexError, Index
from penstock.storage.locks import FileLock
from penstock.storage.manifests import Manifest, ManifestFiles

if TYPE_CHECKING:
    from pathlib import Path
    from sqlite3 import Connection

    from pydantic import BaseModel

    from penstock.storage.workspace import Workspace

    M = TypeVar("M", bound=BaseModel)
else:
    M = TypeVar("M")

T = TypeVar("T")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry(Generic[M]):
    """One fact in the catalogue; it never changes.

    ``sequence`` grows with every entry of the catalogue; ``number`` counts within kind and scope, for entries that
    are numbered; ``created_at`` is in UTC.
    """

    kind: str
    key: str
    scope: str
    number: int | None
    created_at: datetime
    sequence: int
    body: M


class Catalogue(Protocol):
    """Facts about stored things, added once and never changed. Safe for many threads and processes at once.

    Keys and scopes may be any text; a kind is a word in lower case. Moments must carry a time zone.
    :class:`penstock.testing.catalogues.CatalogueContract` proves a catalogue.
    """

    def add(self, kind: str, key: str, body: BaseModel, *, scope: str = "", now: datetime) -> bool:
        """Add an entry; return False, changing nothing, if there is one of this kind and key already."""

    def add_numbered(
        self,
        kind: str,
        body_of: Callable[[int], M],
        *,
        scope: str,
        now: datetime,
        same: str | None = None,
    ) -> Entry[M]:
        """Add an entry with the next number, 1, 2, 3 …, within kind and scope; its key is ``scope@vN``.

        A number is never given twice, not even after its entry was removed. If an entry of this kind and scope was
        added with the same ``same``, that entry is returned instead. ``body_of`` may be called
        for nothing, or more than once, so it must do nothing but build the body.
        """

    def get(self, kind: str, key: str, model: type[M]) -> Entry[M] | None:
        """Return the entry of this kind and key, if there is one."""

    def find(
        self, kind: str, model: type[M], *, scope: str | None = None, limit: int | None = None
    ) -> list[Entry[M]]:
        """Return the entries of a kind, newest first; of one scope only, and at most ``limit``, if given."""

    def remove(self, kind: str, key: str) -> None:
        """Remove an entry, if it is there."""

    def revision(self, scope: str = "") -> int:
        """Return a number that grows whenever an entry of this scope is added or removed, or the index rebuilt."""

    def rebuild(self) -> int:
        """Drop the index, read all manifests again, and return how many there are."""


@dataclass(frozen=True, slots=True)
class _Trail:
    """What one transaction left among the manifests."""

    notes: list[Path] = field(default_factory=list)
    created: list[Manifest] = field(default_factory=list)


class SqliteCatalogue:
    """A catalogue for one host: manifests as JSON files, and an SQLite index over them.

    An entry's manifest is written, flushed and named before the index learns of it, so the index may be lost at any
    time: it is built again, with a warning in the log. What a killed process left between the two is completed by
    the next that opens or writes. Implements :class:`Catalogue`.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._files = ManifestFiles(workspace.manifests)
        self._index = Index(workspace.catalogue)
        self._lock_path = workspace.locks / "catalogue.lock"
        self._read(rows.count)
        if self._files.announced():
            self._write(lambda _sql, _trail: None)

    def add(self, kind: str, key: str, body: BaseModel, *, scope: str = "", now: datetime) -> bool:
        """Add an entry; return False, changing nothing, if there is one of this kind and key already."""
        text, created_at = _body_text(body), _moment(now)

        def work(sql: Connection, trail: _Trail) -> bool:
            if rows.one(sql, kind, key) is not None:
                return False
            manifest = Manifest(
                kind=kind,
                key=key,
                scope=scope,
                number=None,
                same=None,
                created_at=created_at,
                sequence=rows.next_sequence(sql),
                body=text,
            )
            return self._commit(sql, manifest, trail)

        return self._write(work)

    def add_numbered(
        self,
        kind: str,
        body_of: Callable[[int], M],
        *,
        scope: str,
        now: datetime,
        same: str | None = None,
    ) -> Entry[M]:
        """Add an entry with the next number within kind and scope, unless one with this ``same`` is there."""
        created_at = _moment(now)

        def work(sql: Connection, trail: _Trail) -> tuple[Manifest, type[M]]:
            number = rows.next_number(sql, kind, scope)
            body = body_of(number)
            known = rows.same(sql, kind, scope, same)
            manifest = Manifest(
                kind=kind,
                key=f"{scope}@v{number}",
                scope=scope,
                number=number,
                same=same,
                created_at=created_at,
                sequence=rows.next_sequence(sql),
                body=_body_text(body),
            )
            if known is None and not self._commit(sql, manifest, trail):
                return work(sql, trail)
            return known or manifest, type(body)

        return _entry(*self._write(work))

    def get(self, kind: str, key: str, model: type[M]) -> Entry[M] | None:
        """Return the entry of this kind and key, if there is one."""
        manifest = self._read(lambda sql: rows.one(sql, kind, key))
        if manifest is None and self._files.read(self._files.path(kind, key)) is not None:
            manifest = self._write(lambda sql, _trail: self._adopt(sql, self._files.path(kind, key)))
        return None if manifest is None else _entry(manifest, model)

    def find(
        self, kind: str, model: type[M], *, scope: str | None = None, limit: int | None = None
    ) -> list[Entry[M]]:
        """Return the entries of a kind, newest first; of one scope only, and at most ``limit``, if given."""
        manifests = self._read(lambda sql: rows.newest(sql, kind, scope, limit))
        return [_entry(manifest, model) for manifest in manifests]

    def remove(self, kind: str, key: str) -> None:
        """Remove an entry, if it is there."""

        def work(sql: Connection, _trail: _Trail) -> None:
            manifest = rows.one(sql, kind, key) or self._files.read(self._files.path(kind, key))
            if manifest is not None:
                self._files.remove(manifest)
                rows.delete(sql, manifest)

        self._write(work)

    def revision(self, scope: str = "") -> int:
        """Return a number that grows whenever an entry of this scope is added or removed, or the index rebuilt."""
        return self._read(lambda sql: rows.revision(sql, scope))

    def rebuild(self) -> int:
        """Drop the index, read all manifests again, and return how many there are."""
        return self._write(lambda sql, _trail: self._fill(sql))

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        self._index.close()

    def _read(self, work: Callable[[Connection], T]) -> T:
        return self._healed(lambda: self._index.read(work))

    def _write(self, work: Callable[[Connection, _Trail], T]) -> T:
        """Run ``work`` as one transaction, after completing what killed processes announced."""
        trail = _Trail()

        def completed(sql: Connection) -> T:
            for note, path in self._files.announced():
                self._adopt(sql, path)
                trail.notes.append(note)
            return work(sql, trail)

        result = self._healed(lambda: self._index.write(completed, undo=lambda sql: self._undo(sql, trail)))
        for note in trail.notes:
            note.unlink(missing_ok=True)
        return result

    def _undo(self, sql: Connection, trail: _Trail) -> None:
        """Take back the manifests of a transaction that failed, unless another process adopted them."""
        for manifest in trail.created:
            if rows.one(sql, manifest.kind, manifest.key) is None:
                self._files.path(manifest.kind, manifest.key).unlink(missing_ok=True)
        trail.created.clear()

    def _healed(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except DamagedIndexError as error:
            self._restore(error, force=False)
        try:
            return work()
        except DamagedIndexError as error:
            self._restore(error, force=True)
        return work()

    def _restore(self, error: DamagedIndexError, *, force: bool) -> None:
        with FileLock(self._lock_path):
            if not force and self._index.is_healthy():
                return  # another process was faster
            self._index.discard()
            self._index.create()
            count = self._index.write(self._fill)
        if count:
            _LOG.warning("%s; built it again from %d manifests", error, count)

    def _fill(self, sql: Connection) -> int:
        rows.clear(sql, epoch=self._files.next_epoch())
        count = 0
        for manifest in self._files.all():
            rows.insert(sql, manifest)
            count += 1
        for kind, scope, number in self._files.removed_numbers():
            rows.note_number(sql, kind, scope, number)
        return count

    def _commit(self, sql: Connection, manifest: Manifest, trail: _Trail) -> bool:
        trail.notes.append(self._files.announce(manifest))
        if self._files.create(manifest):
            trail.created.append(manifest)
            rows.insert(sql, manifest)
            return True
        self._adopt(sql, self._files.path(manifest.kind, manifest.key))
        return False

    def _adopt(self, sql: Connection, path: Path) -> Manifest | None:
        manifest = self._files.read(path)
        if manifest is not None and rows.one(sql, manifest.kind, manifest.key) is None:
            rows.insert(sql, manifest)
        return manifest


def _moment(now: datetime) -> str:
    if now.tzinfo is None:
        raise StorageError(f"the moment {now.isoformat()} has no time zone; pass one in UTC")
    return now.astimezone(UTC).isoformat()


def _body_text(body: BaseModel) -> str:
    return json.dumps(body.model_dump(mode="json"))


def _entry(manifest: Manifest, model: type[M]) -> Entry[M]:
    try:
        body = model.model_validate_json(manifest.body)
    except ValueError as error:
        raise StorageError(
            f"cannot read the {manifest.kind} {manifest.key!r} as {model.__qualname__}: {_faults(error)}. "
            "It was written by another version of Penstock, or by hand"
        ) from error
    return Entry(
        kind=manifest.kind,
        key=manifest.key,
        scope=manifest.scope,
        number=manifest.number,
        created_at=datetime.fromisoformat(manifest.created_at),
        sequence=manifest.sequence,
        body=body,
    )


def _faults(error: ValueError) -> str:
    listed = getattr(error, "errors", None)
    if listed is None:
        return str(error)[:200]
    return bounded([f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in listed()])
