"""The rule about values that stand still: a meter that repeats its last number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.quality.found import Found, found, sound

if TYPE_CHECKING:
    from penstock.quality.facts import Facts

MOSTLY = 0.5
"""Share of zeros from which a series counts as mostly zero: standing at zero is its habit."""


def frozen_values(facts: Facts) -> Found:
    """Note runs of more equal values than ``max_frozen``, except in series that are constant or mostly zero."""
    longest = facts.context.config.max_frozen
    if longest is None:
        return sound("frozen_values")
    return found(
        "frozen_values",
        facts.context.config.verdict_of("frozen_values"),
        runs(facts.values, longest).with_columns(
            pl.format("{} times {}", pl.col("length"), pl.col("y")).alias("note")
        ),
        finding=f"runs of more than {longest} equal values, beginning at",
        remedy="A meter may have stood still; correct these values, leave them empty, or raise quality.max_frozen.",
    )


def runs(values: pl.DataFrame, longest: int) -> pl.DataFrame:
    """Return the runs of more than ``longest`` equal values: ``series``, ``time`` and ``y`` of its first, ``until``, ``length``.

    Parameters
    ----------
    values
        ``series``, ``time``, ``y`` without missing values, sorted by series and time; a missing step does not end a
        run. Series that never change or are mostly zero have none.
    """
    begins = (pl.col("y") != pl.col("y").shift(1)) | (pl.col("series") != pl.col("series").shift(1))
    starts = values.select("series", "time", "y").with_row_index("at").filter(begins.fill_null(value=True))
    length = pl.col("at").shift(-1, fill_value=values.height).cast(pl.Int64) - pl.col("at").cast(pl.Int64)
    last = values["time"].gather(starts["at"].shift(-1, fill_value=values.height).cast(pl.Int64) - 1)
    long = (
        starts.with_columns(length.alias("length"), last.alias("until"))
        .drop("at")
        .filter(pl.col("length") > longest)
    )
    return long.join(_moving(values, long["series"].unique().sort()), on="series", how="semi")


def _moving(values: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
    """Return those of the series ``names`` that change and are not mostly zero."""
    asked = values.filter(pl.col("series").is_in(names.implode()))
    facts = asked.group_by("series").agg(
        pl.col("y").n_unique().alias("kinds"), (pl.col("y") == 0).mean().alias("zeros")
    )
    return facts.filter((pl.col("kinds") > 1) & (pl.col("zeros") <= MOSTLY))
