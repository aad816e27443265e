"""What a system takes in: from which source, into which table, and how it is known when its rows became known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from penstock.domain.windows import Window
from penstock.engine.declare import Pipeline
from penstock.quality.config import QualityConfig
from penstock.sources.http.access import Access
from penstock.sources.protocol import Source
from penstock.storage.tables.arrival import Known
from penstock.storage.tables.schema import TableSchema


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Everything between a source and its table.

    Attributes
    ----------
    source
        Gives raw rows for a window; if ``known`` is published, with a column ``known_at`` behind those of its schema.
    table
        The table they are kept in.
    known
        How the moments are known at which rows became known.
    quality
        Whether, and up to which share, rows that break a rule are set aside instead of stopping the ingest.
    label
        Name of the source, for people.
    complete
        Whether an answer holds all that the source has in its window, so that a row which is missing was removed.
    simulated
        Whether the rows are made up.
    window
        What is asked for where nobody says; ``None``: nothing sensible is known.
    longest
        Longest window of one request; a longer one is asked for in parts, each of which lands whole or not at all.
    """

    source: Source
    table: TableSchema
    known: Known
    quality: QualityConfig
    label: str
    complete: bool = True
    simulated: bool = False
    window: Window | None = None
    longest: timedelta = timedelta(days=92)

    def parts(self, window: Window) -> Iterator[Window]:
        """Cut ``window`` into requests, oldest first; they meet and never overlap."""
        start = window.start
        while start < window.end:
            end = min(start + self.longest, window.end)
            yield Window(start, end)
            start = end


TakesIn: TypeAlias = Callable[[Any, Access], Intake]
"""Returns what a configuration takes in, with the clock, patience and credentials of the caller."""


@dataclass(frozen=True, kw_only=True)
class Feed:
    """What ``penstock data ingest`` needs of a system.

    Attributes
    ----------
    intake
        From a configuration to what it takes in.
    ingest
        Pipeline ``(configuration, windows, as_of)`` that lands every window, cuts the table as known at ``as_of``
        (``None``: now) and publishes the cut as a dataset version; it returns ``dataset``.
    """

    intake: TakesIn
    ingest: Pipeline[Any, Any]
