"""A lock between processes that the operating system releases when its holder dies."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from penstock.domain.errors import LockTimeoutError, StorageError
from penstock.storage.atomic import disk_fault

_FIRST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.05
_NOTE_BYTES = 200
_WINDOWS_LOCK_AT = 1 << 20  # beyond the note, so that others can read who holds the lock

_open_locks: weakref.WeakSet[FileLock] = weakref.WeakSet()


class FileLock:
    """An exclusive lock on a file, for one host; not re-entrant.

    Two ``FileLock`` objects on one path exclude each other, in one process or in many. The lock is the operating
    system's: it ends when its holder releases it or dies, however it dies. The file stays behind and says who held
    the lock last; its presence means nothing. A forked child does not inherit the lock.

    Parameters
    ----------
    path
        The lock file; missing folders are made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._guard = threading.Lock()

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self, timeout_s: float | None = None, on_wait: Callable[[str], None] | None = None) -> None:
        """Take the lock, waiting for at most ``timeout_s`` seconds (``None``: for ever, 0: not at all).

        ``on_wait`` is called once, with a description of the holder, when there is somebody to wait for.

        Raises
        ------
        LockTimeoutError
            Somebody else held the lock for the whole time; the message names the holder.
        StorageError
            This object already holds the lock, or the lock file cannot be made.
        """
        if self.held:
            raise StorageError(f"the lock {self.path} is already held by this object; release it first")
        started = time.monotonic()
        pause_s = _FIRST_PAUSE_S
        told = False
        while not self._try():
            if timeout_s is not None and time.monotonic() - started >= timeout_s:
                raise LockTimeoutError(
                    f"the lock {self.path} is held by {self.holder()}; gave up after {timeout_s:g} s. "
                    "Wait for that process or end it, then run again"
                )
            if not told and on_wait is not None:
                on_wait(self.holder())
            told = True
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)

    def release(self, *, remove: bool = False) -> None:
        """Give the lock back; with ``remove`` take the file away too (those who wait notice and start afresh)."""
        with self._guard:
            descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            if remove and self._still_there(descriptor):
                self.path.unlink(missing_ok=True)
        finally:
            _unlock(descriptor)
            os.close(descriptor)

    def holder(self) -> str:
        """Describe who holds the lock, as far as the file tells; for messages only."""
        try:
            with self.path.open("rb") as file:
                note = file.read(_NOTE_BYTES).decode("utf-8", "replace").strip()
        except OSError:
            note = ""
        return note or "another process"

    def _try(self) -> bool:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            fault = disk_fault(self.path, error) or f"cannot open the lock file {self.path}: {error}"
            raise StorageError(fault) from error
        taken = False
        try:
            taken = _try_lock(descriptor) and self._still_there(descriptor)
            if taken:
                self._keep(descriptor)
        finally:
            if not taken:
                os.close(descriptor)
        return taken

    def _still_there(self, descriptor: int) -> bool:
        # The file may have been removed or replaced between opening and locking: then others lock another file.
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return False
        mine = os.fstat(descriptor)
        return (mine.st_ino, mine.st_dev) == (there.st_ino, there.st_dev)

    def _keep(self, descriptor: int) -> None:
        note = f"process {os.getpid()} on {platform.node()}\n".encode()
        # The note is for messages only: a full disk makes no lock less of a lock.
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, note)
        with self._guard:
            self._descriptor = descriptor
        _open_locks.add(self)

    def _forget(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, _WINDOWS_LOCK_AT, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, _WINDOWS_LOCK_AT, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)

    def _forget_in_child() -> None:
        # A forked child shares the open file: as long as it keeps it open, the lock outlives the parent.
        for lock in list(_open_locks):
            lock._forget()  # noqa: SLF001

    os.register_at_fork(after_in_child=_forget_in_child)
