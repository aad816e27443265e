"""What was known when: the history of a panel with both clocks, and the panel as it was known at a cutoff.

A history has one row for each thing learned: ``series``, ``time`` (when the value holds, UTC), ``y``, static columns,
``known_at`` (when it was learned, UTC), ``deleted`` (the row takes the value away) and ``sequence`` (which of two rows
with equal ``known_at`` was stored later). ``known_how`` may say how ``known_at`` is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.domain.covariates import covariates_in, plain
from penstock.domain.errors import DataError, bounded

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    import polars as pl

KEY = ("series", "time")
ORDER = ("known_at", "sequence")
CLOCK = (*ORDER, "deleted")
HOW = "known_how"
REQUIRED = (*KEY, "y", *CLOCK)


def require_history(history: pl.DataFrame) -> pl.DataFrame:
    """Return ``history`` in the order of learning within each series and stamp, or refuse it.

    Raises
    ------
    DataError
        A column is missing, has no stamps in UTC, or some ``known_at``, ``sequence`` or ``deleted`` is null.
    """
    import polars as pl

    lost = [name for name in REQUIRED if name not in history.columns]
    if lost:
        raise DataError(
            f"not a history: columns {bounded(lost)} are missing; it has {bounded(history.columns)}. "
            "Give one row for each thing learned, with known_at, sequence and deleted"
        )
    utc = pl.Datetime("us", "UTC")
    varying = [plain(name) for name in covariates_in(history.columns)]
    if varying:
        raise DataError(
            f"a replay cannot use covariates yet, and this history has {bounded(varying)}: what was known ahead at each "
            "cutoff is not kept. Replay without them: leave out known= and past="
        )
    wrong = [
        f"{name} is {history.schema[name]}" for name in ("time", "known_at") if history.schema[name] != utc
    ]
    if wrong:
        raise DataError(f"not a history: {'; '.join(wrong)}; both clocks must be Datetime(us, UTC)")
    empty = [name for name in (*KEY, *CLOCK) if history[name].null_count()]
    if empty:
        raise DataError(
            f"not a history: {bounded(empty)} hold nulls; every row must say what it is and when known"
        )
    return history.sort(*KEY, *ORDER, maintain_order=True)


def static_columns(history: pl.DataFrame) -> tuple[str, ...]:
    """Return the names of the columns that are constant in a series, in the order of the frame."""
    return tuple(name for name in history.columns if name not in (*REQUIRED, HOW))


def known_as_of(history: pl.DataFrame, cutoff: datetime) -> pl.DataFrame:
    """Return the panel as it was known at ``cutoff``.

    Parameters
    ----------
    history
        What :func:`require_history` returned: sorting is done once, however many cutoffs are asked for.
    cutoff
        Moment with a time zone; what was learned at that very moment belongs to it.

    Returns
    -------
    pl.DataFrame
        ``series``, ``time``, ``y`` and the static columns, sorted by series and time: for each series and stamp the
        newest row known, left out where that row takes the value away. A value learned as missing stays null.
    """
    import polars as pl

    seen = history.filter(pl.col("known_at") <= cutoff)
    newest = seen.filter(_last_of_key(), ~pl.col("deleted"))
    return newest.select(*KEY, "y", *static_columns(history))


def first_known(history: pl.DataFrame) -> pl.DataFrame:
    """Return the first value that each series and stamp was learned with: ``series``, ``time``, ``y``, ``known_at``.

    Rows that take a value away, or bring none, do not count. ``history`` is what :func:`require_history` returned.
    """
    import polars as pl

    valued = history.filter(~pl.col("deleted"), pl.col("y").is_not_null() & pl.col("y").is_not_nan())
    return valued.filter(pl.struct(KEY).ne_missing(pl.struct(KEY).shift(1))).select(*KEY, "y", "known_at")


def learned_between(history: pl.DataFrame, after: datetime, until: datetime) -> pl.DataFrame:
    """Return the rows learned after ``after`` (excluded) and up to ``until`` (included), in the order of learning.

    Columns ``series``, ``time``, ``y``, static columns, ``known_at``, ``deleted``. The sequence is left out: the order
    of the rows tells it, and numbers given to rows of other spans must not change what this one means.
    """
    import polars as pl

    span = history.filter(pl.col("known_at") > after, pl.col("known_at") <= until)
    ordered = span.sort(*ORDER, *KEY, maintain_order=True)
    return ordered.select(*KEY, "y", *static_columns(history), "known_at", "deleted")


def _last_of_key() -> pl.Expr:
    """Tell the last of each run of rows with equal series and stamp."""
    import polars as pl

    following = [pl.col(name).shift(-1) for name in KEY]
    return pl.any_horizontal(
        pl.col(name).ne_missing(after) for name, after in zip(KEY, following, strict=True)
    )


def history_of(rows: pl.DataFrame, how: str) -> pl.DataFrame:
    """Make a history of panel rows that bring ``known_at``; ``how`` says how that is known.

    Rows may stand several times with other values and later ``known_at``; nothing is taken away. Copies go.
    """
    import polars as pl

    once = rows.unique(maintain_order=True).sort("known_at", *KEY, maintain_order=True)
    return once.with_columns(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("sequence"),
        pl.lit(value=False).alias("deleted"),
        pl.lit(how).alias(HOW),
    )


def assumed_known(rows: pl.DataFrame, lag: timedelta) -> pl.DataFrame:
    """Make a history of panel rows of which nobody knows when they were known: ``lag`` after their time."""
    import polars as pl

    return history_of(rows.with_columns((pl.col("time") + lag).alias("known_at")), "assumed")
