"""What a model may not know: rows on both sides of a split, covariates of the future, features that look ahead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from penstock.domain.errors import UsageError, bounded
from penstock.domain.results import Result

if TYPE_CHECKING:
    import polars as pl

MAX_SHOWN = 3
DIGITS = 6
"""Significant digits to which two numbers must agree for their rows to be near duplicates."""


class Leak(Result):
    """What one look found: ``count`` leaks among ``looked_at`` rows, and a few of them in words."""

    count: int
    looked_at: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        rest = self.count - len(self.examples)
        more = f" and {rest} more" if rest > 0 and self.examples else ""
        shown = f": {'; '.join(self.examples)}{more}" if self.examples else ""
        return f"{self.count:,} of {self.looked_at:,} rows{shown}"


def shared_keys(train: pl.DataFrame, test: pl.DataFrame, keys: Sequence[str] = ("series", "time")) -> Leak:
    """Find rows of ``test`` that ``train`` holds as well; ``keys`` name a row.

    Raises
    ------
    UsageError
        If a key column is missing.
    """
    _require(train, keys)
    _require(test, keys)
    hit = test.join(train.select(keys).unique(), on=list(keys), how="semi", nulls_equal=True)
    return Leak(count=hit.height, looked_at=test.height, examples=_rows(hit.select(keys)))


def near_copies(train: pl.DataFrame, test: pl.DataFrame, features: Sequence[str]) -> Leak:
    """Find rows of ``test`` whose ``features`` equal those of a row of ``train``, numbers to ``DIGITS`` digits.

    Such rows stand in both parts of a random split whenever windows overlap or a row was copied; a few may be chance
    where features take few values.

    Raises
    ------
    UsageError
        If a column is missing, or none is named.
    """
    import polars as pl
    import polars.selectors as cs

    _require(train, features)
    _require(test, features)
    if not features:
        raise UsageError("near copies are found by their features; name at least one column")
    rounded = [
        frame.select(features).with_columns(cs.float().cast(pl.Float64).round_sig_figs(DIGITS))
        for frame in (train, test)
    ]
    number = rounded[1].with_row_index("row")
    hit = number.join(rounded[0].unique(), on=list(features), how="semi", nulls_equal=True)
    return Leak(count=hit.height, looked_at=test.height, examples=_rows(test[hit["row"]].select(features)))


def overlapping_windows(train: pl.DataFrame, test: pl.DataFrame) -> Leak:
    """Find rows of ``test`` that are scored on what a row of ``train`` was made from.

    Parameters
    ----------
    train
        ``series``, ``begin``, ``end`` (half-open, UTC): the stretch of time that features and target of a row span.
    test
        ``series``, ``begin``, ``end``: the stretch that a row is scored on. That its features reach back into the
        training part is in order.
    """
    import numpy as np
    import polars as pl

    for frame in (train, test):
        _require(frame, ("series", "begin", "end"))
    parts = {key[0]: part for key, part in train.partition_by("series", as_dict=True).items()}
    hits = []
    for part in test.partition_by("series", maintain_order=True):
        known = parts.get(part["series"][0])
        if known is not None:
            begun = np.searchsorted(known["begin"].sort().to_numpy(), part["end"].to_numpy(), side="left")
            ended = np.searchsorted(known["end"].sort().to_numpy(), part["begin"].to_numpy(), side="right")
            hits.append(part.filter(pl.Series(begun > ended)))
    found = pl.concat([test.clear(), *hits])
    return Leak(count=found.height, looked_at=test.height, examples=_rows(found.select("series", "begin")))


def known_too_late(used: pl.DataFrame, covariates: pl.DataFrame) -> Leak:
    """Find covariates that were used before they were known.

    Parameters
    ----------
    used
        ``series``, ``time``, ``cutoff`` (UTC): a forecast that may know what was known at ``cutoff`` used the value of
        ``time``.
    covariates
        ``series``, ``time``, ``known_at`` (UTC). A value without ``known_at``, or that is not there, counts as a leak:
        nobody can say that it was known.
    """
    import polars as pl

    _require(used, ("series", "time", "cutoff"))
    _require(covariates, ("series", "time", "known_at"))
    moments = covariates.group_by("series", "time").agg(pl.col("known_at").min())
    joined = used.join(moments, on=["series", "time"], how="left", maintain_order="left")
    late = joined.filter(pl.col("known_at").is_null() | (pl.col("known_at") > pl.col("cutoff")))
    told = [
        f"{row['series']} {_stamp(row['time'])} was used at {_stamp(row['cutoff'])} and known "
        + (f"at {_stamp(row['known_at'])}" if row["known_at"] else "nobody can say when")
        for row in late.head(MAX_SHOWN).iter_rows(named=True)
    ]
    return Leak(count=late.height, looked_at=used.height, examples=tuple(told))


def _require(frame: pl.DataFrame, columns: Sequence[str]) -> None:
    lost = [name for name in columns if name not in frame.columns]
    if lost:
        raise UsageError(f"columns {bounded(lost)} are missing; there are {bounded(frame.columns)}")


def _rows(frame: pl.DataFrame) -> tuple[str, ...]:
    return tuple(
        " ".join(_stamp(value) if isinstance(value, datetime) else str(value) for value in row)
        for row in frame.head(MAX_SHOWN).rows()
    )


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
