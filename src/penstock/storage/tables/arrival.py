"""What one ingest brings, and what the table made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from penstock.domain.errors import DataError, UsageError, bounded
from penstock.domain.windows import Window
from penstock.storage.tables.schema import KNOWN_AT, KNOWN_HOW, RECEIVED_AT, TableSchema, polars_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

KnownHow: TypeAlias = Literal["published", "received", "assumed"]
"""``published``: the source says when; ``received``: when the rows arrived; ``assumed``: time + lag."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """How the moments at which rows became known are themselves known. Use the three makers."""

    how: KnownHow
    lag: timedelta | None = None

    def __post_init__(self) -> None:
        if (self.how == "assumed") != (self.lag is not None):
            raise UsageError(
                f"Known(how={self.how!r}, lag={self.lag}): a lag belongs to 'assumed', and to it alone."
            )

    @classmethod
    def published(cls) -> Known:
        """Take ``known_at`` from the rows; where it is null or later than the arrival, the arrival counts."""
        return cls(how="published")

    @classmethod
    def received(cls) -> Known:
        """Let the clock of the ingest tell."""
        return cls(how="received")

    @classmethod
    def assumed(cls, lag: timedelta) -> Known:
        """Assume ``time + lag`` at the first sight of a row where nothing speaks against it; else the arrival counts."""
        return cls(how="assumed", lag=lag)


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """What one ingest brings.

    Attributes
    ----------
    rows
        The columns of the table's schema, in any order, with its types; if published, also ``known_at`` (UTC,
        microseconds). NaN counts as null.
    window
        The stretch of ``time`` that was asked for, end excluded. No row may lie outside.
    received_at
        Clock of the ingest when the rows were asked for, with time zone.
    known
        How ``known_at`` is known.
    mark
        Transaction mark: an arrival with a mark that the table has seen changes nothing, ever.
    complete
        Whether ``rows`` are all that the source shows in ``window``: what was known before and is missing now is
        then taken as removed.
    may_empty
        Whether a complete arrival without a row may remove all that is known in its window. A source that fails
        often answers with nothing, so this must be said.
    """

    rows: pl.DataFrame
    window: Window
    received_at: datetime
    known: Known
    mark: str
    complete: bool = True
    may_empty: bool = False

    def __post_init__(self) -> None:
        if self.received_at.tzinfo is None:
            raise UsageError(
                f"received_at {self.received_at} has no time zone; give an aware time, for example in UTC."
            )
        if not self.mark.strip():
            raise UsageError("An arrival needs a mark, such as a digest of its window and rows; it is empty.")
        object.__setattr__(self, "received_at", self.received_at.astimezone(UTC))


@dataclass(frozen=True, kw_only=True)
class Appended:
    """What a table made of an arrival.

    ``added`` rows were not there (never, or removed), ``revised`` ones have other values, ``removed`` ones are
    missing now, ``unchanged`` ones brought nothing new. ``repeated``: the mark had been seen, all counts are 0.
    ``version`` is that of the table afterwards; without new rows it stays.
    """

    version: int
    added: int = 0
    revised: int = 0
    removed: int = 0
    unchanged: int = 0
    repeated: bool = False


def prepared(schema: TableSchema, arrival: Arrival) -> pl.DataFrame:
    """Return the rows of an arrival, each once, with NaN as null, and for published ones with their stamps.

    The columns are those of the schema, and for published rows ``known_at``, ``known_how``, ``received_at``.

    Raises
    ------
    DataError
        Columns are missing, unknown or of another type; a time or key is null; a row lies outside the window; two
        rows give different values for one observation. The message names keys and stamps.
    """
    _check_columns(schema, arrival)
    rows = _without_nan(arrival.rows.select(_wanted(schema, arrival)))
    _check_cells(schema, arrival, rows)
    if arrival.known.how == "published":
        rows = _with_published_stamps(rows, arrival)
    rows = rows.unique(maintain_order=True)
    _check_conflicts(schema, arrival, rows)
    return rows


def _wanted(schema: TableSchema, arrival: Arrival) -> list[str]:
    return [*schema.columns, KNOWN_AT] if arrival.known.how == "published" else list(schema.columns)


def _check_columns(schema: TableSchema, arrival: Arrival) -> None:
    wanted = schema.types()
    if arrival.known.how == "published":
        wanted[KNOWN_AT] = polars_type("instant")
    found = dict(arrival.rows.schema)
    faults = [f"{name} is missing" for name in wanted if name not in found]
    faults += [f"{name} is unknown" for name in found if name not in wanted]
    faults += [
        f"{name} is {found[name]}, needed {kind}"
        for name, kind in wanted.items()
        if name in found and found[name] != kind
    ]
    if faults:
        raise DataError(
            f"The rows do not fit table {schema.name!r}: {bounded(faults)}. The source may have changed its schema; "
            f"the table holds {', '.join(wanted)}."
        )


def _without_nan(rows: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return rows.with_columns(pl.selectors.float().fill_nan(None))


def _check_cells(schema: TableSchema, arrival: Arrival, rows: pl.DataFrame) -> None:
    import polars as pl

    empty = {name: int(rows[name].null_count()) for name in schema.identity}
    faults = [f"{count:,} rows have no {name}" for name, count in empty.items() if count]
    time = pl.col(schema.time)
    outside = rows.filter((time < arrival.window.start) | (time >= arrival.window.end))
    if not outside.is_empty():
        faults.append(
            f"{outside.height:,} rows lie outside the window {arrival.window} (end excluded): "
            f"{named(schema, outside)}"
        )
    if faults:
        raise DataError(
            f"The rows for table {schema.name!r} cannot be stored: {'; '.join(faults)}. Mend the source or cut its "
            "answer to the window, then ingest again."
        )


def _with_published_stamps(rows: pl.DataFrame, arrival: Arrival) -> pl.DataFrame:
    import polars as pl

    received = pl.lit(arrival.received_at, dtype=polars_type("instant"))
    told = (pl.col(KNOWN_AT) <= received).fill_null(value=False)
    return rows.with_columns(
        pl.when(told).then(KNOWN_AT).otherwise(received).alias(KNOWN_AT),
        pl.when(told).then(pl.lit("published")).otherwise(pl.lit("received")).alias(KNOWN_HOW),
        received.alias(RECEIVED_AT),
    )


def _check_conflicts(schema: TableSchema, arrival: Arrival, rows: pl.DataFrame) -> None:
    names = [*schema.identity, KNOWN_AT] if arrival.known.how == "published" else list(schema.identity)
    twice = rows.filter(rows.select(names).is_duplicated())
    if twice.is_empty():
        return
    once = twice.select(names).unique().sort(names)
    raise DataError(
        f"Two rows or more of one arrival give different values for {once.height:,} observations of table "
        f"{schema.name!r}: {named(schema, once)}. Keep one row for each, then ingest again."
    )


def named(schema: TableSchema, rows: pl.DataFrame, limit: int = 5) -> str:
    """Name observations by key and stamp, at most ``limit`` of them, oldest first."""
    head = rows.select(schema.identity).sort(schema.identity).head(limit)
    return bounded([_name(row) for row in head.iter_rows()] + [""] * (rows.height - head.height), limit)


def _name(row: Sequence[object]) -> str:
    time, *keys = row
    stamp = f"{time:%Y-%m-%dT%H:%M:%SZ}" if isinstance(time, datetime) else "no time"
    return f"{'/'.join(map(str, keys))} at {stamp}" if keys else stamp
