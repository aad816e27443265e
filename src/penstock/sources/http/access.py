"""What a caller lends to a source that goes to the outside world."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.sources.http.exchange import Answer, Request


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a fetch has come: ``done`` of ``total`` requests, and what is going on in words."""

    note: str
    done: int = 0
    total: int | None = None


def _silent(progress: Progress) -> None:
    del progress


def _unseen(request: Request, answer: Answer) -> None:
    del request, answer


@dataclass(frozen=True, kw_only=True)
class Access:
    """Clock, patience and environment of one caller.

    Attributes
    ----------
    clock
        Returns the present moment in UTC.
    sleep
        Waits for so many seconds; tests hand in one that only moves their clock.
    environ
        Variables from which credentials and proxies are read; nothing else of the process is.
    stamps
        Folder of small files by which all processes of one workspace keep a service's rate together, such as
        ``workspace.locks / "requests"``; without it only this caller does, in ``turns``.
    turns
        Moments before which nobody may ask, by data set, where there is no folder for them.
    tell
        Hears of pages, waits, retries and redirects. It gets no secrets.
    seen
        Hears of each request and its answer, for the recorder of tapes; retried failures are left out.
    """

    clock: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
    environ: Mapping[str, str] = field(default_factory=dict)
    stamps: Path | None = None
    turns: MutableMapping[str, datetime] = field(default_factory=dict)
    tell: Callable[[Progress], None] = _silent
    seen: Callable[[Request, Answer], None] = _unseen
