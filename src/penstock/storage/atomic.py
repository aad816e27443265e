"""Writes that are either whole and on disk, or not there at all."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from penstock.domain.errors import StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM}
_NO_HARD_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EACCES}
_FULL_TEXT = re.compile(
    r"no space left|disk quota exceeded|file too large|os error 2[78]\b"
    r"|requested and \d+ written"  # NumPy, which keeps the error number to itself
)
_DURABLE_DIRECTORIES = os.name == "posix"


def write_atomic(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, replacing what was there; a reader sees the old or the new bytes, never a mix.

    The bytes are flushed to disk before the rename, and the folder after it. Missing folders are made.

    Raises
    ------
    StorageError
        The disk is full or refuses the write; the message names the path, the free space and the next step.
    """
    with disk_errors(path):
        beside = _write_beside(path, data)
        try:
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        fsync_dir(path.parent)


def create_atomic(path: Path, data: bytes) -> bool:
    """Put ``data`` at ``path`` unless something is there already; of many writers at once one wins.

    Returns
    -------
    bool
        True if this call created the file.

    Raises
    ------
    StorageError
        The disk is full or refuses the write.
    """
    with disk_errors(path):
        if path.exists():
            return False
        beside = _write_beside(path, data)
        try:
            created = _link(beside, path)
        finally:
            beside.unlink(missing_ok=True)
        if created:
            fsync_dir(path.parent)
        return created


def _link(beside: Path, path: Path) -> bool:
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        if path.exists():
            return False
        beside.replace(path)
    return True


def _write_beside(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.parent / f".{path.name[:100]}.{os.urandom(8).hex()}"
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return beside


def fsync_file(path: Path) -> None:
    """Flush the content of one file to disk."""
    descriptor = os.open(path, os.O_RDONLY if _DURABLE_DIRECTORIES else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_dir(path: Path) -> None:
    """Flush the names in a folder to disk, where the operating system lets one do so."""
    if not _DURABLE_DIRECTORIES:
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn a full or refusing disk into a ``StorageError`` about ``path``; other errors pass unchanged.

    Libraries that write files report a full disk in their own exception types, so the text of any exception is
    looked at too.
    """
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        message = disk_fault(path, error)
        if message is None:
            raise
        raise StorageError(message) from error


def is_full(error: BaseException) -> bool:
    """Tell whether ``error`` says that there is no room on a disk."""
    number = error.errno if isinstance(error, OSError) else None
    return number in _FULL or _FULL_TEXT.search(str(error).lower()) is not None


def disk_fault(path: Path, error: BaseException) -> str | None:
    """Say in words which disk fault ``error`` is, or return ``None`` if it is none."""
    number = error.errno if isinstance(error, OSError) else None
    if is_full(error):
        return (
            f"cannot write {path}: the disk is full ({free_mb(path):,.0f} MB free) or a size limit was reached. "
            "Free space, run `penstock cache gc`, or set PENSTOCK_HOME to a larger disk, then run again"
        )
    if number in _REFUSED:
        return (
            f"cannot write {path}: {os.strerror(number or 0).lower()}. "
            "Make the folder writable or set PENSTOCK_HOME to one that is"
        )
    return None


def free_mb(path: Path) -> float:
    """Free space, in megabytes of 10**6 bytes, on the disk that holds ``path`` or its nearest existing parent."""
    for folder in (path, *path.parents):
        if folder.exists():
            return shutil.disk_usage(folder).free / 1e6
    return 0.0
