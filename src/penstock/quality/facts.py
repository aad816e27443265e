"""What the time-series rules look at, worked out once for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from penstock.domain.covariates import known_in
from penstock.quality.config import QualityConfig
from penstock.quality.grid import Step, missing_steps

COLUMNS = {"series": pl.String, "time": pl.Datetime("us", "UTC"), "y": pl.Float64}
"""Columns that every panel has; more may stand beside them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What the rules are asked with; ``leads`` as :class:`penstock.quality.rules.Asked` has them."""

    config: QualityConfig
    step: Step
    known_series: frozenset[str] | None
    now: datetime | None
    leads: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """A panel as the rules see it.

    ``frame`` is sorted by series and time; rows that only say what is known after a series' last value are not in it.
    ``shared`` holds its rows whose series and time another row has as
    well. ``values`` is ``frame`` without exact duplicates and without rows that have no value.
    """

    frame: pl.DataFrame
    shared: pl.DataFrame
    values: pl.DataFrame
    context: Context


def facts_of(frame: pl.DataFrame, context: Context) -> Facts:
    """Return what the rules look at; ``frame`` has at least :data:`COLUMNS`, in any order."""
    ordered = _up_to_values(frame.sort("series", "time", maintain_order=True))
    shared = ordered.filter(_shares_key(ordered))
    single = ordered.filter(~_shares_key(ordered))
    values = pl.concat([single, shared.unique(maintain_order=True)]) if shared.height else ordered
    return Facts(
        frame=ordered,
        shared=shared,
        values=values.filter(pl.col("y").is_not_null() & pl.col("y").is_not_nan()).sort("series", "time"),
        context=context,
    )


def _up_to_values(ordered: pl.DataFrame) -> pl.DataFrame:
    """Leave out the rows after each series' last value where covariates are known ahead: they are no gaps."""
    if not known_in(ordered.columns):
        return ordered
    valued = pl.col("y").is_not_null() & pl.col("y").is_not_nan()
    last = pl.col("time").filter(valued).max().over("series")
    return ordered.filter((pl.col("time") <= last).fill_null(value=True))


def _shares_key(ordered: pl.DataFrame) -> pl.Series:
    """Return which rows of a sorted frame have the series and time of a neighbour."""
    key = pl.struct("series", "time")
    like_before = key.eq_missing(key.shift(1)).fill_null(value=False) & (pl.int_range(pl.len()) > 0)
    return ordered.select(like_before | like_before.shift(-1).fill_null(value=False)).to_series()


def repeated(facts: Facts) -> pl.DataFrame:
    """Return the rows that an earlier row equals in all columns."""
    nth = pl.int_range(pl.len()).over(facts.shared.columns)
    return facts.shared.filter(nth > 0) if facts.shared.height else facts.shared


def neighbours(facts: Facts) -> pl.DataFrame:
    """Return consecutive stamps of each series: ``series``, ``time``, ``next``, ``missing`` steps between them.

    ``missing`` is null where ``next`` is not on the grid that ``time`` stands on.
    """
    stamps = facts.values.select("series", "time").drop_nulls()
    after = pl.when(pl.col("series") == pl.col("series").shift(-1)).then(pl.col("time").shift(-1))
    pairs = (
        stamps.with_columns(after.alias("next")).drop_nulls("next").filter(pl.col("time") != pl.col("next"))
    )
    return pairs.with_columns(missing_steps(facts.context.step).alias("missing"))


def lengths(facts: Facts) -> pl.DataFrame:
    """Return how many values each series has: ``series`` and ``rows``, 0 included, sorted by name."""
    named = facts.frame.select("series").drop_nulls().unique()
    counts = facts.values.group_by("series").len("rows")
    return (
        named.join(counts, on="series", how="left").with_columns(pl.col("rows").fill_null(0)).sort("series")
    )


def too_short(facts: Facts) -> tuple[str, ...]:
    """Return the names of the series that have too few values."""
    return tuple(lengths(facts).filter(pl.col("rows") < facts.context.config.min_rows)["series"])
