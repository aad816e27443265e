"""What an arrival brings that was not known: the heart of the tables, free of files.

Every row of an arrival is compared with what was known at its own ``known_at``, so that late news of earlier
knowledge finds its place. What was received later stands: an arrival that was overtaken takes nothing back.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError
from penstock.domain.windows import Window
from penstock.storage.tables.arrival import Arrival, named, prepared
from penstock.storage.tables.schema import (
    DELETED,
    KNOWN_AT,
    KNOWN_HOW,
    RECEIVED_AT,
    REVISION,
    SEQUENCE,
    TableSchema,
    polars_type,
)

if TYPE_CHECKING:
    import polars as pl

_SEEN = "__seen"
_INCOMING = "__incoming"
_SAME = "__same"
_LAST_DELETED = "__last_deleted"
_LOOKED = "__looked"
_LAST = 2**62


@dataclass(frozen=True, slots=True)
class Look:
    """An earlier complete look at the source: what ``window`` did not show then was not there."""

    window: Window
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class Differences:
    """Rows to append: the columns of the files without ``sequence``, and ``revision``."""

    rows: pl.DataFrame
    added: int
    revised: int
    removed: int
    unchanged: int


def differences(
    schema: TableSchema, arrival: Arrival, known: pl.DataFrame, looks: Sequence[Look] = ()
) -> Differences:
    """Compare an arrival with what is known.

    Parameters
    ----------
    known
        Every stored row whose time lies in the window of the arrival, as in the files.
    looks
        Earlier complete looks at the source; they matter only where ``known_at`` is assumed.

    Raises
    ------
    DataError
        The rows do not fit (see :func:`prepared`), or a complete arrival without rows would remove all.
    """
    import polars as pl

    brought = prepared(schema, arrival)
    rows = _not_overtaken(schema, arrival, _stamped(schema, arrival, brought, known, looks), known)
    gone = _tombstones(schema, arrival, known)
    changed = _changed(schema, arrival, rows, known)
    added = changed.filter(pl.col(_SAME).not_() | pl.col(_LAST_DELETED)).height
    columns = [name for name in schema.stored_types() if name != SEQUENCE]
    kept = pl.concat([changed.select(*columns, REVISION), gone.select(*columns, REVISION)])
    return Differences(
        rows=kept.sort(*schema.identity, KNOWN_AT),
        added=added,
        revised=changed.height - added,
        removed=gone.height,
        unchanged=brought.height - changed.height,
    )


def _stamped(
    schema: TableSchema, arrival: Arrival, rows: pl.DataFrame, known: pl.DataFrame, looks: Sequence[Look]
) -> pl.DataFrame:
    import polars as pl

    names = rows.lazy().select(schema.identity)
    seen = known.lazy().select(schema.identity).join(names, on=schema.identity, how="semi")
    seen = seen.unique().with_columns(pl.lit(value=True).alias(_SEEN))
    marked = (
        rows.lazy()
        .join(seen, on=schema.identity, how="left")
        .with_columns(pl.col(_SEEN).fill_null(value=False))
    )
    if arrival.known.how == "published":
        return marked.collect()
    received = pl.lit(arrival.received_at, dtype=polars_type("instant"))
    believed: pl.Expr = pl.lit(value=False)
    assumed: pl.Expr = received
    if arrival.known.lag is not None:
        assumed = pl.col(schema.time) + arrival.known.lag
        believed = pl.col(_SEEN).not_() & (assumed <= received)
        marked = _with_looks(schema, marked, looks, arrival.received_at)
        believed &= (pl.col(_LOOKED) < assumed).fill_null(value=True)
    return marked.with_columns(
        pl.when(believed).then(assumed).otherwise(received).alias(KNOWN_AT),
        pl.when(believed).then(pl.lit("assumed")).otherwise(pl.lit("received")).alias(KNOWN_HOW),
        received.alias(RECEIVED_AT),
    ).collect()


def _with_looks(
    schema: TableSchema, rows: pl.LazyFrame, looks: Sequence[Look], before: datetime
) -> pl.LazyFrame:
    """Add the moment of the latest earlier look at each row's time; null where nobody looked."""
    import polars as pl

    time, looked = pl.col(schema.time), pl.lit(None, dtype=polars_type("instant"))
    relevant = sorted(
        (look for look in looks if look.received_at < before), key=lambda look: look.received_at
    )
    if not relevant:
        return rows.with_columns(looked.alias(_LOOKED))
    bounds = sorted({bound for look in relevant for bound in (look.window.start, look.window.end)})
    latest: list[datetime | None] = [None] * len(bounds)
    for look in relevant:
        first, end = bisect_left(bounds, look.window.start), bisect_left(bounds, look.window.end)
        latest[first:end] = [look.received_at] * (end - first)
    steps = pl.LazyFrame(
        {"__bound": bounds, _LOOKED: latest},
        schema={"__bound": polars_type("instant"), _LOOKED: polars_type("instant")},
    )
    return (
        rows.sort(schema.time)
        .set_sorted(schema.time)
        .join_asof(steps.set_sorted("__bound"), left_on=time, right_on="__bound", strategy="backward")
        .drop("__bound", strict=False)
    )


def _not_overtaken(
    schema: TableSchema, arrival: Arrival, rows: pl.DataFrame, known: pl.DataFrame
) -> pl.DataFrame:
    # Two published rows with one stamp: the one that was received later stands, also if the other comes last.
    import polars as pl

    if arrival.known.how != "published":
        return rows
    later = known.filter(pl.col(RECEIVED_AT) > arrival.received_at)
    return rows.join(later, on=[*schema.identity, KNOWN_AT], how="anti")


def _changed(schema: TableSchema, arrival: Arrival, rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that differ from what was known at their ``known_at``."""
    import polars as pl

    stored = known.lazy().with_columns(pl.lit(value=False).alias(_INCOMING), pl.lit(value=True).alias(_SEEN))
    incoming = rows.lazy().with_columns(
        pl.lit(_LAST, dtype=polars_type("whole")).alias(SEQUENCE),
        pl.lit(value=False).alias(DELETED),
        pl.lit(value=True).alias(_INCOMING),
    )
    # Rows with other keys cannot matter; what is left is sorted so that the row before is what was known.
    stored = stored.join(incoming, on=schema.identity, how="semi")
    columns = [*schema.stored_types(), _INCOMING, _SEEN]
    before = pl.concat([stored.select(columns), incoming.select(columns)]).sort(
        *schema.identity, KNOWN_AT, SEQUENCE
    )
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in schema.identity)
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in schema.value_names)
    overtaken = pl.lit(value=False)
    if arrival.known.how != "published":
        overtaken = pl.col(RECEIVED_AT).shift(1) > arrival.received_at
    return (
        before.with_columns(
            same.fill_null(value=False).alias(_SAME),
            pl.col(DELETED).shift(1).fill_null(value=False).alias(_LAST_DELETED),
            differs.alias("__differs"),
            overtaken.fill_null(value=False).alias("__overtaken"),
        )
        .filter(pl.col(_INCOMING))
        .filter(
            pl.col(_SAME).not_()
            | ((pl.col(_LAST_DELETED) | pl.col("__differs")) & pl.col("__overtaken").not_())
        )
        .with_columns((pl.col(_SEEN) | pl.col(_SAME)).alias(REVISION))
        .with_columns(pl.col(_LAST_DELETED) & pl.col(_SAME))
        .collect()
    )


def _tombstones(schema: TableSchema, arrival: Arrival, known: pl.DataFrame) -> pl.DataFrame:
    """Return a tombstone for every row that was there when the source was asked, and that it did not show."""
    import polars as pl

    there = known if arrival.complete else known.clear()
    missing = there.lazy().join(arrival.rows.lazy(), on=schema.identity, how="anti")
    received = pl.lit(arrival.received_at, dtype=polars_type("instant"))
    gone = (
        missing.filter(pl.col(KNOWN_AT) <= arrival.received_at)
        .sort(KNOWN_AT, SEQUENCE)
        .unique(schema.identity, keep="last", maintain_order=True)
        .filter(pl.col(DELETED).not_(), pl.col(RECEIVED_AT) <= arrival.received_at)
        .with_columns(pl.lit(None, dtype=pl.Null).alias(name) for name in schema.value_names)
        .with_columns(
            received.alias(KNOWN_AT),
            pl.lit("received").alias(KNOWN_HOW),
            received.alias(RECEIVED_AT),
            pl.lit(value=True).alias(DELETED),
            pl.lit(value=True).alias(REVISION),
        )
        .cast({name: kind for name, kind in schema.types().items() if name in schema.value_names})
        .collect()
    )
    if arrival.rows.is_empty() and not gone.is_empty() and not arrival.may_empty:
        raise DataError(
            f"The arrival for {arrival.window} has no rows, but table {schema.name!r} knows {gone.height:,} there: "
            f"{named(schema, gone)}. A source that fails often answers with nothing; nothing was stored. If the rows "
            "are really gone, say may_empty; if not all were asked for, say that the arrival is not complete."
        )
    return gone
