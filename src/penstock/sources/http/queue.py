"""The queue for one data set: no request leaves before its time, in all processes of a workspace together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.domain.errors import ServiceError

if TYPE_CHECKING:
    from penstock.sources.http.access import Access
    from penstock.storage.locks import FileLock

_LOCK_TIMEOUT_S = 30.0
_LONGEST_TOLD_S = 1.0
_MOST_TURNS = 1_000
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetQueue:
    """Turns for requests, ``interval_s`` apart for each data set.

    A stamp says before which moment nobody may ask. With a folder it is a file under a lock that lasts only as long
    as reading and writing it take, so a killed process leaves nothing that others would wait for, but at most one
    turn that nobody takes. ``longest_s`` bounds how far in the future a stamp is believed: a clock that was wrong
    once stops nobody for ever.
    """

    access: Access
    interval_s: float
    longest_s: float

    def enter(self, dataset: str) -> datetime:
        """Wait for the turn of ``dataset`` and return the moment at which it was given.

        Raises
        ------
        ServiceError
            If others took every turn, very often in a row.
        """
        for _ in range(_MOST_TURNS):
            wait_s = self._take(dataset)
            if wait_s <= 0:
                return self.access.clock()
            if wait_s >= _LONGEST_TOLD_S:
                self._tell(dataset, wait_s)
            self.access.sleep(wait_s)
        raise ServiceError(
            f"No turn for the data set {dataset!r} after {_MOST_TURNS} waits: other processes of this workspace "
            "ask for it all the time. End them, or run again later."
        )

    def postpone(self, dataset: str, seconds: float) -> None:
        """Let nobody ask for ``dataset`` during the next ``seconds``."""
        until = self.access.clock() + timedelta(seconds=seconds)
        with self._locked(dataset):
            self._write(dataset, max(until, self._read(dataset)))

    def _take(self, dataset: str) -> float:
        """Take the turn if it has come; return the seconds left to wait."""
        with self._locked(dataset):
            now = self.access.clock()
            wait_s = (self._read(dataset) - now).total_seconds()
            if wait_s > self.longest_s:
                wait_s = self.longest_s  # nobody writes such a stamp but a clock that was wrong
                self._write(dataset, now + timedelta(seconds=wait_s))
            if wait_s <= 0:
                self._write(dataset, now + timedelta(seconds=self.interval_s))
            return wait_s

    def _locked(self, dataset: str) -> AbstractContextManager[object]:
        from penstock.storage.locks import FileLock

        stamp = self._stamp(dataset)
        return nullcontext() if stamp is None else _held(FileLock(stamp.with_suffix(".lock")))

    def _read(self, dataset: str) -> datetime:
        stamp = self._stamp(dataset)
        if stamp is None:
            return self.access.turns.get(dataset, _LONG_AGO)
        try:
            return datetime.fromisoformat(stamp.read_text(encoding="ascii").strip()).astimezone(UTC)
        except (OSError, ValueError):
            return _LONG_AGO  # no stamp yet, or one torn by hand: nobody has asked

    def _write(self, dataset: str, moment: datetime) -> None:
        from penstock.storage.atomic import write_atomic

        stamp = self._stamp(dataset)
        if stamp is None:
            self.access.turns[dataset] = moment
        else:
            write_atomic(stamp, moment.isoformat().encode())

    def _stamp(self, dataset: str) -> Path | None:
        folder = self.access.stamps
        return None if folder is None else folder / f"{re.sub(r'[^A-Za-z0-9-]', '_', dataset)}.stamp"

    def _tell(self, dataset: str, wait_s: float) -> None:
        from penstock.sources.http.access import Progress

        self.access.tell(Progress(note=f"waiting {wait_s:.0f} s for the turn of {dataset}"))


@contextmanager
def _held(lock: FileLock) -> Iterator[None]:
    """Hold a lock that is not waited for without end."""
    lock.acquire(timeout_s=_LOCK_TIMEOUT_S)
    try:
        yield
    finally:
        lock.release()
