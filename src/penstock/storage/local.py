"""An artifact store in a local folder."""

from __future__ import annotations

import logging
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from penstock.domain.errors import ArtifactCorruptError, ArtifactMissingError, StorageError
from penstock.domain.values import Digest
from penstock.storage.artifacts import Stored, StoredEntry
from penstock.storage.atomic import disk_errors, fsync_dir, fsync_file
from penstock.storage.digests import digest_file, digest_of_files, files_below

_LOG = logging.getLogger(__name__)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_BYTECODE = re.compile(r"(.+/)?__pycache__/[^/]+\.pyc")
_PARTIAL = "partial"
_QUARANTINE = "quarantine"

_State = tuple[tuple[str, int, int, int, int], ...]


class LocalStore:
    """Keeps artifacts in a folder: ``ab/abcd…/files``. Implements :class:`~penstock.storage.artifacts.ArtifactStore`.

    An artifact is written in ``partial/``, flushed and renamed into its place, so a killed process leaves nothing
    half-written. A corrupt one is moved to ``quarantine/``. An artifact that this process wrote or verified is
    verified again only when a file's inode, size or times changed.

    Parameters
    ----------
    root
        Folder of the store; made when first written to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._verified: dict[Digest, _State] = {}

    def put(self, build: Callable[[Path], None]) -> Stored:
        """Store what ``build`` writes into the empty folder that it is given."""
        scratch = self._new_scratch()
        try:
            with disk_errors(scratch):
                build(scratch)
                stored = _seal(scratch)
                if self._install(scratch, stored.digest):
                    self._verified[stored.digest] = _state(self._folder(stored.digest))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return stored

    def get(self, digest: Digest) -> Path:
        """Return the folder of an artifact, to be read only, after comparing its bytes with ``digest``."""
        folder = self._folder(digest)
        try:
            state = _state(folder)
            if self._verified.get(digest) != state:
                self._verify(folder, digest)
                self._verified[digest] = state
        except FileNotFoundError as error:
            if isinstance(error, StorageError):
                raise
            raise ArtifactMissingError(
                f"the store {self.root} has no artifact {digest}; run the step that made it again"
            ) from error
        return folder

    def has(self, digest: Digest) -> bool:
        """Whether the store has this artifact; its bytes are not looked at."""
        return self._folder(digest).is_dir()

    def delete(self, digest: Digest) -> None:
        """Remove an artifact, if it is there; a reader never finds half of it."""
        folder = self._folder(digest)
        aside = self._partial() / f"{digest}.{os.urandom(4).hex()}"
        try:
            folder.rename(aside)
        except FileNotFoundError:
            return
        shutil.rmtree(aside, ignore_errors=True)

    def touch(self, digest: Digest) -> None:
        """Note that the artifact was used just now, if it is there."""
        try:
            os.utime(self._folder(digest))
        except FileNotFoundError:
            return

    def entries(self) -> Iterator[StoredEntry]:
        """Yield every artifact, in the order of their digests."""
        for folder in sorted(self.root.glob("??/*")):
            if not _DIGEST.fullmatch(folder.name):
                continue
            try:
                size = sum(path.stat().st_size for _, path in files_below(folder))
                used = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
            except FileNotFoundError:
                continue
            yield StoredEntry(digest=Digest(folder.name), size_bytes=size, last_used=used)

    def sweep(self, older_than: datetime) -> int:
        """Remove what killed processes left in ``partial/`` before a moment in UTC; return how many folders."""
        swept = 0
        for folder in sorted(self._partial().iterdir()):
            if folder.stat().st_mtime < older_than.timestamp():
                shutil.rmtree(folder, ignore_errors=True)
                swept += 1
        return swept

    def _folder(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise StorageError(
                f"{digest[:80]!r} is not the digest of an artifact; allowed: 64 hexadecimal digits"
            )
        return self.root / digest[:2] / digest

    def _partial(self) -> Path:
        folder = self.root / _PARTIAL
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _new_scratch(self) -> Path:
        scratch = self._partial() / os.urandom(8).hex()
        with disk_errors(scratch):
            scratch.mkdir()
        return scratch

    def _install(self, scratch: Path, digest: Digest) -> bool:
        """Move what was just digested into its place; False if it was there already."""
        folder = self._folder(digest)
        if folder.is_dir() and self._is_whole(digest):
            self.touch(digest)
            return False
        if not folder.parent.is_dir():
            folder.parent.mkdir(exist_ok=True)
            fsync_dir(self.root)
        try:
            scratch.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
            return False  # somebody else stored the same bytes in between
        fsync_dir(folder.parent)
        return True

    def _is_whole(self, digest: Digest) -> bool:
        try:
            self.get(digest)
        except (ArtifactCorruptError, ArtifactMissingError):
            return False
        return True

    def _verify(self, folder: Path, digest: Digest) -> None:
        try:
            files = {name: digest_file(path) for name, path in files_below(folder)}
            found = digest_of_files(files.items())
        except FileNotFoundError:
            raise
        except OSError as error:
            files, found = {}, Digest(f"unreadable ({error})")
        if found == digest or _without_bytecode(folder, files, digest):
            return
        aside = self._set_aside(folder, digest)
        _LOG.warning("artifact %s is corrupt; moved it to %s", digest, aside)
        raise ArtifactCorruptError(
            f"the artifact {digest} is corrupt: its bytes have the digest {found}. It was moved to {aside}, and "
            "will be computed again by the next run that needs it; check the disk if this repeats"
        )

    def _set_aside(self, folder: Path, digest: Digest) -> Path:
        aside = self.root / _QUARANTINE / f"{digest}.{os.urandom(4).hex()}"
        aside.parent.mkdir(parents=True, exist_ok=True)
        self._verified.pop(digest, None)
        try:
            folder.rename(aside)
        except FileNotFoundError:
            _LOG.info("artifact %s was moved aside by another process", digest)
        return aside


def _without_bytecode(folder: Path, files: Mapping[str, Digest], digest: Digest) -> bool:
    """Remove what Python wrote beside code that was imported from here, if nothing else differs from ``digest``.

    Such a file is no sign of a bad disk, and nothing that was stored is lost with it.
    """
    caches = {name for name in files if _BYTECODE.fullmatch(name)}
    if not caches or digest_of_files((name, files[name]) for name in files.keys() - caches) != digest:
        return False
    for path in sorted(folder / name for name in caches):
        with suppress(OSError):
            path.unlink()
            path.parent.rmdir()
    return True


def _seal(scratch: Path) -> Stored:
    """Flush every file and folder, make the files read-only, and return their digest."""
    size_bytes = 0
    digests: list[tuple[str, Digest]] = []
    for place, folders, names in os.walk(scratch):
        for path in (Path(place, name) for name in (*folders, *names)):
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise StorageError(
                    f"cannot store {path.name!r}: an artifact holds regular files only; copy it"
                )
        for path in (Path(place, name) for name in names):
            digests.append((path.relative_to(scratch).as_posix(), digest_file(path)))
            size_bytes += path.stat().st_size
            fsync_file(path)
            path.chmod(stat.S_IREAD | stat.S_IRGRP | stat.S_IROTH)
        fsync_dir(Path(place))
    return Stored(digest=digest_of_files(digests), size_bytes=size_bytes)


def _state(folder: Path) -> _State:
    if not folder.is_dir():
        raise FileNotFoundError(folder)
    states = []
    for name, path in files_below(folder):
        facts = path.stat()
        states.append((name, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns))
    return tuple(sorted(states))
