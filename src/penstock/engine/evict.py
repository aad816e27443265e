"""Making room: results that nothing needs go, least recently used first."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path

from penstock.domain.errors import LockTimeoutError
from penstock.domain.results import Result
from penstock.engine.commit import EFFECT, RESULT
from penstock.engine.records import EffectRecord, ResultRecord
from penstock.storage.artifacts import ArtifactStore
from penstock.storage.catalogue import Catalogue
from penstock.storage.locks import FileLock
from penstock.storage.workspace import Workspace


class StoredResult(Result):
    """One artifact in the store, and what made it. ``kept`` says that something needs it."""

    digest: str
    size_bytes: int
    last_used: datetime
    steps: tuple[str, ...]
    kept: bool


class Eviction(Result):
    """What was, or in a dry run would be, removed. ``abandoned_bytes`` is what killed runs had left."""

    removed: tuple[StoredResult, ...]
    freed_bytes: int
    left_bytes: int
    dry_run: bool
    abandoned_bytes: int = 0


def stored_results(store: ArtifactStore, catalogue: Catalogue, keep: AbstractSet[str]) -> list[StoredResult]:
    """Return every artifact, least recently used first; those in ``keep`` and outputs of effects are kept."""
    makers: dict[str, set[str]] = defaultdict(set)
    for entry in catalogue.find(RESULT, ResultRecord):
        makers[entry.body.output.digest].add(f"{entry.body.system}/{entry.body.node}")
    effects = set()
    for done in catalogue.find(EFFECT, EffectRecord):
        makers[done.body.output.digest].add(done.scope)
        effects.add(done.body.output.digest)
    found = [
        StoredResult(
            digest=item.digest,
            size_bytes=item.size_bytes,
            last_used=item.last_used,
            steps=tuple(sorted(makers.get(item.digest, ()))),
            kept=item.digest in keep or item.digest in effects,
        )
        for item in store.entries()
    ]
    return sorted(found, key=lambda item: (item.last_used, item.digest))


def evict(
    store: ArtifactStore,
    catalogue: Catalogue,
    *,
    keep: AbstractSet[str],
    max_bytes: int,
    dry_run: bool,
) -> Eviction:
    """Remove artifacts that nothing needs until at most ``max_bytes`` are left.

    Parameters
    ----------
    keep
        Byte digests that a release, a pinned run or a dataset version needs; they are never removed, so more
        than ``max_bytes`` may be left.
    dry_run
        Only say what would be removed.
    """
    items = stored_results(store, catalogue, keep)
    left = sum(item.size_bytes for item in items)
    removed = []
    for item in items:
        if left <= max_bytes:
            break
        if not item.kept:
            removed.append(item)
            left -= item.size_bytes
    if not dry_run:
        _remove(store, catalogue, {item.digest for item in removed})
    return Eviction(
        removed=tuple(removed),
        freed_bytes=sum(item.size_bytes for item in removed),
        left_bytes=left,
        dry_run=dry_run,
    )


def sweep(workspace: Workspace, *, before: datetime, dry_run: bool) -> int:
    """Remove what killed runs left and nobody touched since ``before``; return how many bytes that is.

    These are scratch folders, half-written and damaged artifacts. The scratch folder of a step that is running stays.
    """
    freed = 0
    for folder in _abandoned(workspace, before.timestamp()):
        freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if not dry_run:
            shutil.rmtree(folder, ignore_errors=True)
    return freed


def _abandoned(workspace: Workspace, before: float) -> Iterator[Path]:
    places = (workspace.scratch, *(workspace.objects / name for name in ("partial", "quarantine")))
    for folder in sorted(path for place in places if place.is_dir() for path in place.iterdir()):
        newest = max((path.lstat().st_mtime for path in (folder, *folder.rglob("*"))), default=before)
        if newest < before and not _is_locked(workspace.locks / f"{folder.name}.lock"):
            yield folder


def _is_locked(path: Path) -> bool:
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        lock.acquire(timeout_s=0)
    except LockTimeoutError:
        return True
    lock.release(remove=True)
    return False


def _remove(store: ArtifactStore, catalogue: Catalogue, digests: AbstractSet[str]) -> None:
    # Records first: a record without its artifact would be found and refused, the reverse only wastes room.
    for entry in catalogue.find(RESULT, ResultRecord):
        if entry.body.output.digest in digests:
            catalogue.remove(RESULT, entry.key)
    for digest in sorted(digests):
        store.delete(digest)  # type: ignore[arg-type] # a stored digest
