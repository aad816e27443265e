"""An observation table as a list of rows and plain loops: slow, and easy to believe."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from penstock.domain.windows import Window
from penstock.storage.tables.arrival import Arrival, Known, KnownHow
from penstock.storage.tables.schema import TableSchema

if TYPE_CHECKING:
    import polars as pl

SCHEMA = TableSchema.of("demo", time="time", keys=("series",), values={"value": "number"})


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a source shows of one observation; ``known_at`` only if it publishes that."""

    time: datetime
    series: str
    value: float | None
    known_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a source answers, as plain values."""

    shown: Sequence[Shown]
    window: Window
    received_at: datetime
    known: Known
    mark: str
    complete: bool = True

    @property
    def arrival(self) -> Arrival:
        """Return the same as the tables take it; an empty answer may empty the table."""
        return Arrival(
            rows=frame(self.shown, published=self.known.how == "published"),
            window=self.window,
            received_at=self.received_at,
            known=self.known,
            mark=self.mark,
            complete=self.complete,
            may_empty=True,
        )


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One stored row."""

    time: datetime
    series: str
    value: float | None
    known_at: datetime
    known_how: KnownHow
    received_at: datetime
    sequence: int
    deleted: bool = False


@dataclass(kw_only=True)
class SlowTable:
    """Does what an observation table does, one row at a time; ``content`` counts arrivals that brought rows."""

    rows: list[Kept] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)
    looks: list[tuple[Window, datetime]] = field(default_factory=list)
    content: int = 0

    def append(self, answer: Answer) -> None:
        """Take an answer in."""
        if answer.mark in self.marks:
            return
        self.marks.add(answer.mark)
        before = list(self.rows)
        for shown, known_at, how in sorted(self._stamped(answer), key=lambda item: item[1]):
            if self._is_news(answer, before, shown, known_at):
                self._add(answer, shown, known_at=known_at, known_how=how)
        if answer.complete:
            self._remove_missing(answer, before)
            self.looks.append((answer.window, answer.received_at))
        self.content += len(self.rows) > len(before)

    def read(self, as_of: datetime, window: Window | None, content: int) -> list[Kept]:
        """Return the newest row of each observation, removed ones left out, in order."""
        seen = self.history(as_of, window, content)
        names = sorted({(row.time, row.series) for row in seen})
        newest = (_newest(seen, time, series, as_of) for time, series in names)
        return [row for row in newest if row is not None and not row.deleted]

    def history(self, as_of: datetime, window: Window | None, content: int) -> list[Kept]:
        """Return every row known, in order."""
        seen = (row for row in self.rows if row.known_at <= as_of and row.sequence <= content)
        inside = (row for row in seen if window is None or row.time in window)
        return sorted(inside, key=lambda row: (row.time, row.series, row.known_at, row.sequence))

    def _stamped(self, answer: Answer) -> Iterable[tuple[Shown, datetime, KnownHow]]:
        received = answer.received_at
        for shown in dict.fromkeys(answer.shown):
            lag = answer.known.lag
            if answer.known.how == "published" and shown.known_at is not None and shown.known_at <= received:
                yield shown, shown.known_at, "published"
            elif lag is not None and self._may_assume(shown, lag, received):
                yield shown, shown.time + lag, "assumed"
            else:
                yield shown, received, "received"

    def _may_assume(self, shown: Shown, lag: timedelta, received: datetime) -> bool:
        if shown.time + lag > received or _of(self.rows, shown.time, shown.series):
            return False
        looked = [at for window, at in self.looks if shown.time in window and at < received]
        return all(at < shown.time + lag for at in looked)

    def _is_news(self, answer: Answer, before: list[Kept], shown: Shown, known_at: datetime) -> bool:
        published = answer.known.how == "published"
        ties = [row for row in _of(before, shown.time, shown.series) if row.known_at == known_at]
        if published and any(row.received_at > answer.received_at for row in ties):
            return False
        newest = _newest(self.rows, shown.time, shown.series, known_at)
        if newest is None:
            return True
        if not published and newest.received_at > answer.received_at:
            return False
        return newest.deleted or newest.value != _number(shown.value)

    def _remove_missing(self, answer: Answer, before: list[Kept]) -> None:
        shown = {(row.time, row.series) for row in answer.shown}
        for time, series in sorted({(row.time, row.series) for row in before if row.time in answer.window}):
            newest = _newest(before, time, series, answer.received_at)
            if (time, series) in shown or newest is None or newest.deleted:
                continue
            if newest.received_at <= answer.received_at:
                gone = Shown(time=time, series=series, value=None)
                self._add(answer, gone, known_at=answer.received_at, known_how="received", deleted=True)

    def _add(self, answer: Answer, shown: Shown, **clocks: Any) -> None:
        kept = Kept(
            time=shown.time,
            series=shown.series,
            value=_number(shown.value),
            received_at=answer.received_at,
            sequence=self.content + 1,
            **clocks,
        )
        self.rows.append(kept)


def frame(shown: Iterable[Shown], *, published: bool = False) -> pl.DataFrame:
    """Return shown rows as a frame that an arrival takes."""
    import polars as pl

    types = SCHEMA.types() | ({"known_at": pl.Datetime("us", "UTC")} if published else {})
    rows = [(row.time, row.series, row.value, row.known_at)[: len(types)] for row in shown]
    return pl.DataFrame(rows, schema=types, orient="row")


def _of(rows: Iterable[Kept], time: datetime, series: str) -> list[Kept]:
    return [row for row in rows if (row.time, row.series) == (time, series)]


def _newest(rows: Iterable[Kept], time: datetime, series: str, as_of: datetime) -> Kept | None:
    found = [row for row in _of(rows, time, series) if row.known_at <= as_of]
    return max(found, key=lambda row: (row.known_at, row.sequence), default=None)


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value
