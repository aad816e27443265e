"""The time-series rules, one function each; :data:`RULES` is the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import polars as pl

from penstock.quality.clocks import local_days
from penstock.quality.covariates import constant_covariates, covariate_values
from penstock.quality.facts import Facts, lengths, neighbours, repeated
from penstock.quality.found import Found, found, sound
from penstock.quality.frozen import frozen_values
from penstock.quality.jumps import level_jumps
from penstock.quality.known import early_rows, late_rows, overdue_rows, stale_input

_MAX_VALUES = 3  # of one stamp with several: enough to recognise them

Rule: TypeAlias = Callable[[Facts], Found]


def empty(facts: Facts) -> Found:
    """Demand that some row has a value."""
    if facts.values.height:
        return sound("empty")
    finding = "no row has a value" if facts.frame.height else "there are no rows"
    remedy = "Choose a window or a file with data."
    return Found(rule="empty", verdict="broken", count=1, finding=finding, remedy=remedy, reach="table")


def missing_keys(facts: Facts) -> Found:
    """Demand a series and a time in every row."""
    keyless = facts.frame.filter(pl.col("series").is_null() | pl.col("time").is_null())
    return found(
        "missing_keys",
        "broken",
        keyless.select("series", "time"),
        finding="rows without series or time",
        remedy="Every row needs both; fill or remove these rows.",
    )


def unknown_series(facts: Facts) -> Found:
    """Refuse series that nobody declared."""
    if facts.context.known_series is None:
        return sound("unknown_series")
    known = pl.Series(sorted(facts.context.known_series), dtype=pl.String)
    unknown = facts.frame.filter(~pl.col("series").is_in(known.implode()))
    firsts = unknown.group_by("series").agg(pl.col("time").min(), pl.len().alias("rows")).sort("series")
    return found(
        "unknown_series",
        "broken",
        firsts.with_columns(pl.format("{} rows", "rows").alias("note")),
        finding="series that are not known",
        remedy=f"{len(known)} are known, such as {', '.join(known.head(3))}; correct the names or declare these.",
        reach="series",
    )


def absent_series(facts: Facts) -> Found:
    """Note declared series that are not there."""
    present = set(facts.frame["series"].drop_nulls().unique())
    absent = sorted((facts.context.known_series or frozenset()) - present)
    return found(
        "absent_series",
        "noted",
        pl.DataFrame({"series": absent}, schema={"series": pl.String}),
        finding="known series without any row",
        remedy="They are not learnt and not forecast.",
    )


def exact_duplicates(facts: Facts) -> Found:
    """Note rows that stand twice, the same in all columns."""
    return found(
        "exact_duplicates",
        "noted",
        repeated(facts),
        finding="rows repeat another row exactly",
        remedy="The copies are dropped.",
    )


def conflicting_duplicates(facts: Facts) -> Found:
    """Refuse a second value for a stamp of a series."""
    distinct = facts.shared.unique(maintain_order=True).drop_nulls(["series", "time"])
    groups = distinct.group_by("series", "time", maintain_order=True)
    values = pl.col("y").sort(nulls_last=True).cast(pl.String).fill_null("nothing")
    spelled = values.head(_MAX_VALUES).str.join(" and ")
    several = groups.agg(pl.len().alias("n"), spelled.alias("note")).filter(pl.col("n") > 1)
    return found(
        "conflicting_duplicates",
        "broken",
        several,
        finding="stamps with more than one row",
        remedy="One row per series and stamp is allowed; keep the right one, or name all columns that tell series apart.",
    )


def infinite_values(facts: Facts) -> Found:
    """Refuse infinite values."""
    return found(
        "infinite_values",
        "broken",
        facts.frame.filter(pl.col("y").is_infinite()).with_columns(_value_note()),
        finding="infinite values",
        remedy="Values must be finite; correct them, or leave them empty to have them repaired as gaps.",
    )


def missing_values(facts: Facts) -> Found:
    """Note rows without a value."""
    return found(
        "missing_values",
        "noted",
        facts.frame.filter(pl.col("y").is_null() | pl.col("y").is_nan()),
        finding="rows without a value (empty or NaN)",
        remedy="They count as missing steps, see gaps.",
    )


def negative_values(facts: Facts) -> Found:
    """Refuse values below zero, unless they are allowed."""
    if facts.context.config.allow_negative:
        return sound("negative_values")
    return found(
        "negative_values",
        "broken",
        facts.values.filter((pl.col("y") < 0) & pl.col("y").is_finite()).with_columns(_value_note()),
        finding="values below zero",
        remedy="Values from 0 on are allowed (a logarithm needs that); correct them or set quality.allow_negative=true.",
    )


def off_grid(facts: Facts) -> Found:
    """Demand that the stamps of a series stand on one regular grid."""
    off = neighbours(facts).filter(pl.col("missing").is_null())
    return found(
        "off_grid",
        "broken",
        off.select("series", time="next"),
        finding="stamps that are not whole steps after the one before",
        remedy="Stamps must be evenly spaced, as most of these are; correct or resample them.",
    )


def gaps(facts: Facts) -> Found:
    """Note runs of missing steps; refuse those too long to repair."""
    allowed = facts.context.config.max_gap
    begun = _beginnings(facts)
    long = begun.filter(pl.col("missing") > allowed)
    if long.height:
        return found(
            "gaps",
            "broken",
            long,
            finding=f"gaps of more than {allowed} steps, beginning at",
            remedy=f"Up to {allowed} missing steps are repaired; fetch the rows or raise quality.max_gap.",
            reach="series",
        )
    finding = f"gaps of {int(begun['missing'].sum())} steps in all, beginning at"
    return found("gaps", "noted", begun, finding=finding, remedy="They are left for repair.")


def _beginnings(facts: Facts) -> pl.DataFrame:
    """Return the first missing stamp of each gap as ``time``, with ``missing`` steps."""
    step = facts.context.step
    one = f"{step.span_us}us" if step.span_us else f"{step.months}mo"
    apart = neighbours(facts).filter(pl.col("missing") > 0)
    return apart.with_columns(
        pl.col("time").dt.offset_by(one), pl.format("{} steps", "missing").alias("note")
    )


def constant_series(facts: Facts) -> Found:
    """Note series that never change."""
    spread = facts.values.group_by("series").agg(
        pl.col("y").n_unique().alias("kinds"), pl.len().alias("rows"), pl.col("y").first()
    )
    still = spread.filter((pl.col("kinds") == 1) & (pl.col("rows") > 1)).sort("series")
    all_still = still.height == spread.height
    return found(
        "constant_series",
        "broken" if all_still else "noted",
        still.with_columns(_value_note("always {}")),
        finding="series that never change" + (", and no other" if all_still else ""),
        remedy="There is nothing to learn; check the target column."
        if all_still
        else "They are forecast by their value and say nothing about a model.",
        reach="table" if all_still else "series",
    )


def ended_series(facts: Facts) -> Found:
    """Note series that end before the panel does."""
    ends = facts.values.group_by("series").agg(pl.col("time").max())
    early = ends.filter(pl.col("time") < pl.col("time").max()).sort("series")
    return found(
        "ended_series",
        "noted",
        early,
        finding="series that end before the others, their last stamps being",
        remedy="They are learnt from. One that ends a whole horizon early is forecast only where more than a tenth of the series do.",
    )


def short_series(facts: Facts) -> Found:
    """Refuse series too short to learn from, or note them if they may be left out."""
    least = facts.context.config.min_rows
    counts = lengths(facts)
    short = counts.filter(pl.col("rows") < least)
    drop = facts.context.config.drop_short and short.height < counts.height
    return found(
        "short_series",
        "noted" if drop else "broken",
        short.with_columns(pl.format("{} values", "rows").alias("note")),
        finding=f"series with fewer than {least} values",
        remedy="They are left out."
        if drop
        else f"At least {least} are needed for horizon, lags and final window; give more history, ask for less of "
        "these, or set quality.drop_short=true to leave these series out.",
        reach="series",
    )


def _value_note(wording: str = "{}") -> pl.Expr:
    return pl.format(wording, pl.col("y")).alias("note")


RULES: tuple[Rule, ...] = (
    empty,
    missing_keys,
    unknown_series,
    absent_series,
    exact_duplicates,
    conflicting_duplicates,
    infinite_values,
    missing_values,
    negative_values,
    off_grid,
    gaps,
    local_days,
    late_rows,
    early_rows,
    overdue_rows,
    stale_input,
    frozen_values,
    level_jumps,
    constant_series,
    ended_series,
    short_series,
    covariate_values,
    constant_covariates,
)
