"""Immutable JSON files, one per catalogue entry: the truth from which the catalogue's index can be rebuilt."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from penstock.domain.errors import StorageError, WorkspaceError
from penstock.storage.atomic import create_atomic, disk_errors, fsync_dir, write_atomic

FORMAT = 1
_KIND = re.compile(r"[a-z][a-z0-9_]{0,40}")
_SAFE = re.compile(
    r"[a-z0-9][a-z0-9._@=-]{0,120}"
)  # lower case only: some file systems do not tell cases apart
_EPOCH = "epoch.json"
_ANNOUNCED = "announced"
_REMOVED = ".removed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """One catalogue entry as it lies on disk; ``body`` is JSON text, ``created_at`` an ISO moment in UTC."""

    kind: str
    key: str
    scope: str
    number: int | None
    same: str | None
    created_at: str
    sequence: int
    body: str


class ManifestFiles:
    """The manifests of a workspace, ``<kind>/<key>.json``.

    Parameters
    ----------
    root
        The folder that holds them.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, kind: str, key: str) -> Path:
        """Return where the manifest of this kind and key lies.

        Raises
        ------
        StorageError
            The kind is not a word.
        """
        if not _KIND.fullmatch(kind) or kind == _ANNOUNCED:
            raise StorageError(
                f"{kind!r} is not a kind of catalogue entry; allowed: lower case letters, digits and _"
            )
        return self._root / kind / f"{safe_name(key)}.json"

    def create(self, manifest: Manifest) -> bool:
        """Write a manifest; return False if there is one of this kind and key already, which stays."""
        tree = {**asdict(manifest), "body": json.loads(manifest.body)}
        whole = {"format": FORMAT, **tree, "digest": _digest(tree)}
        data = json.dumps(whole, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")
        return create_atomic(self.path(manifest.kind, manifest.key), data + b"\n")

    def read(self, path: Path) -> Manifest | None:
        """Return the manifest at a path, if there is one.

        Raises
        ------
        StorageError
            It is damaged.
        WorkspaceError
            A newer Penstock wrote it.
        """
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        return _parsed(path, data)

    def remove(self, manifest: Manifest) -> None:
        """Remove a manifest; a numbered one leaves its bare number behind, so that no number is given twice."""
        path = self.path(manifest.kind, manifest.key)
        if manifest.number is not None:
            trace = {"scope": manifest.scope, "number": manifest.number}
            write_atomic(path.with_name(path.name + _REMOVED), json.dumps(trace).encode())
        if path.exists():
            path.unlink()
            fsync_dir(path.parent)

    def all(self) -> Iterator[Manifest]:
        """Yield every manifest."""
        for path in sorted(self._root.glob("*/*.json")):
            manifest = None if path.name.startswith(".") else self.read(path)
            if manifest is not None:
                yield manifest

    def removed_numbers(self) -> Iterator[tuple[str, str, int]]:
        """Yield kind, scope and number of what was removed."""
        for path in sorted(self._root.glob(f"*/*{_REMOVED}")):
            trace = json.loads(path.read_bytes())
            yield path.parent.name, trace["scope"], trace["number"]

    def announce(self, manifest: Manifest) -> Path:
        """Leave a note that this manifest is about to be written; remove it once the index knows."""
        path = self.path(manifest.kind, manifest.key)
        note = self._root / _ANNOUNCED / f"{path.parent.name}!{path.stem}!{os.urandom(8).hex()}"
        with disk_errors(note):
            note.parent.mkdir(parents=True, exist_ok=True)
            note.touch()
        return note

    def announced(self) -> list[tuple[Path, Path]]:
        """Return the notes that lie about, each with the path of its manifest."""
        folder = self._root / _ANNOUNCED
        notes = sorted(folder.iterdir()) if folder.is_dir() else []
        return [(note, self._announced_path(note)) for note in notes]

    def next_epoch(self) -> int:
        """Count one more rebuild of the index and return how many there were."""
        path = self._root / _EPOCH
        epoch = (json.loads(path.read_bytes())["epoch"] if path.exists() else 0) + 1
        write_atomic(path, json.dumps({"epoch": epoch}).encode())
        return int(epoch)

    def _announced_path(self, note: Path) -> Path:
        kind, _, rest = note.name.partition("!")
        return self._root / kind / f"{rest.rpartition('!')[0]}.json"


def safe_name(key: str) -> str:
    """Return a file name for any key: the key itself where it is harmless, else its harmless part and a digest."""
    if _SAFE.fullmatch(key):
        return key
    harmless = re.sub(r"[^a-z0-9._@=-]+", "-", key.lower()).strip("-.")[:60]
    return f"{harmless}~{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def _digest(tree: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode("ascii")).hexdigest()


def _parsed(path: Path, data: bytes) -> Manifest:
    try:
        tree = json.loads(data.decode("utf-8", "surrogatepass"))
        found, digest = tree.pop("format"), tree.pop("digest", None)
        if found == FORMAT and digest == _digest(tree):
            return Manifest(**{**tree, "body": json.dumps(tree["body"])})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StorageError(_damage(path)) from error
    if found == FORMAT:
        raise StorageError(_damage(path))
    raise WorkspaceError(
        f"the manifest {path} has format {found!r}, and this Penstock reads format {FORMAT}; upgrade Penstock"
    )


def _damage(path: Path) -> str:
    return (
        f"the manifest {path} is damaged: its content does not match its digest. "
        "Restore it from a copy, or delete the file and run again what it describes"
    )
