"""Reading a cut: only the files, row groups and columns that it needs, slice by slice of time.

Nearly every observation has one row. The few that were revised are found from the files of revisions, which are
small; the others pass by an anti-join against them. No full sort and no full grouping: a slice is worked out, sorted
and put away before the next one is read, so that memory holds little beside the result.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.domain.windows import Window
from penstock.storage.tables.parts import Part
from penstock.storage.tables.schema import DELETED, KNOWN_AT, REVISION, SEQUENCE, TableSchema, polars_type

if TYPE_CHECKING:
    import polars as pl

ROWS_PER_SLICE = 1 << 16
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Lens:
    """Which rows are seen.

    Those known at ``as_of`` (included), whose time lies in ``window`` (end excluded; ``None``: all), and that were
    ingested in the version ``sequence`` or earlier.
    """

    as_of: datetime
    window: Window | None
    sequence: int

    def shows(self, part: Part) -> bool:
        """Tell whether a file may hold a row that is seen."""
        return (
            part.first_known <= self.as_of
            and part.first_sequence <= self.sequence
            and (self.window is None or _meets(part, self.window))
        )

    def predicate(self, schema: TableSchema) -> pl.Expr:
        """Return the same for a row."""
        import polars as pl

        seen = (pl.col(KNOWN_AT) <= pl.lit(self.as_of, dtype=polars_type("instant"))) & (
            pl.col(SEQUENCE) <= self.sequence
        )
        return seen if self.window is None else seen & inside(schema, self.window)


def inside(schema: TableSchema, window: Window) -> pl.Expr:
    """Return the rows whose time lies in ``window``, its end excluded."""
    import polars as pl

    instant = polars_type("instant")
    time = pl.col(schema.time)
    return (time >= pl.lit(window.start, dtype=instant)) & (time < pl.lit(window.end, dtype=instant))


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads the files of one version."""

    folder: Path
    schema: TableSchema
    parts: Sequence[Part]
    lens: Lens

    def newest(self, columns: Sequence[str]) -> pl.DataFrame:
        """Return the newest row of each observation, removed ones left out, sorted by time and keys."""
        import polars as pl

        revised = self._revisions([*columns, SEQUENCE, DELETED])
        slices = [self._slice(window, columns, revised) for window in self._windows()]
        types = self.schema.stored_types()
        return pl.concat([pl.DataFrame(schema={name: types[name] for name in columns}), *slices])

    def every(self) -> pl.DataFrame:
        """Return every row, tombstones included, with ``revision``; sorted by time, keys, stamp and sequence."""
        return self.unordered().sort(*self.schema.identity, KNOWN_AT, SEQUENCE)

    def unordered(self) -> pl.DataFrame:
        """Return the same rows in no fixed order."""
        import polars as pl

        columns = list(self.schema.stored_types())
        frames = [
            self._scan(columns, revision=revision).with_columns(pl.lit(revision).alias(REVISION))
            for revision in (False, True)
        ]
        return pl.concat(frames).collect()

    def _revisions(self, columns: Sequence[str]) -> pl.LazyFrame:
        # Few revisions are read once; many are read slice by slice like the rest.
        lazy = self._scan(columns, revision=True)
        rows = sum(part.rows for part in self._chosen(revision=True))
        return lazy.collect().lazy() if rows <= 2 * ROWS_PER_SLICE else lazy

    def _slice(self, window: Window, columns: Sequence[str], revised: pl.LazyFrame) -> pl.DataFrame:
        import polars as pl

        identity, here = self.schema.identity, inside(self.schema, window)
        first = self._scan(columns, revision=False, window=window).filter(here).collect()
        later = revised.filter(here).collect()
        if later.is_empty():
            return first.sort(identity)
        contested = later.select(identity).unique()
        calm = first.join(contested, on=identity, how="anti")
        rivals = first.join(contested, on=identity, how="semi").with_columns(
            pl.lit(-1, dtype=polars_type("whole")).alias(
                SEQUENCE
            ),  # the first sight came before every revision
            pl.lit(value=False).alias(DELETED),
        )
        winners = (
            pl.concat([rivals, later.select(rivals.columns)])
            .sort(KNOWN_AT, SEQUENCE)
            .unique(identity, keep="last")
            .filter(pl.col(DELETED).not_())
        )
        return pl.concat([calm, winners.select(calm.columns)]).sort(identity)

    def _scan(self, columns: Sequence[str], *, revision: bool, window: Window | None = None) -> pl.LazyFrame:
        import polars as pl

        chosen = [part for part in self._chosen(revision=revision) if window is None or _meets(part, window)]
        types = self.schema.stored_types()
        if not chosen:
            return pl.LazyFrame(schema={name: types[name] for name in columns})
        files = [self.folder / part.path for part in chosen]
        lazy = pl.scan_parquet(files, schema=types, hive_partitioning=False, glob=False)
        return lazy.filter(self.lens.predicate(self.schema)).select(columns)

    def _chosen(self, *, revision: bool) -> list[Part]:
        return [part for part in self.parts if part.revision == revision and self.lens.shows(part)]

    def _windows(self) -> Iterator[Window]:
        """Cut the times of the chosen files into slices of roughly ``ROWS_PER_SLICE`` rows."""
        whole = self._span()
        if whole is None:
            return
        chosen = [part for part in self.parts if self.lens.shows(part)]
        rows = sum(part.rows * _share(part, whole) for part in chosen)
        count = max(1, math.ceil(rows / ROWS_PER_SLICE))
        step = max(_MOMENT, whole.length / count)
        start = whole.start
        while start < whole.end:
            end = min(start + step, whole.end)
            yield Window(start, end)
            start = end

    def _span(self) -> Window | None:
        chosen = [part for part in self.parts if self.lens.shows(part)]
        if not chosen:
            return None
        whole = Window(
            min(part.first_time for part in chosen), max(part.last_time for part in chosen) + _MOMENT
        )
        return whole if self.lens.window is None else whole.intersect(self.lens.window)


def _share(part: Part, window: Window) -> float:
    """Return roughly which share of the rows of a file lies in ``window``."""
    covered = Window(part.first_time, part.last_time + _MOMENT)
    return covered.intersect(window).length / covered.length


def _meets(part: Part, window: Window) -> bool:
    return part.first_time < window.end and part.last_time >= window.start and window.start < window.end
