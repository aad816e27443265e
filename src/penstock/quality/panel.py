"""The time-series rules, one function each; :data:`RULES` is the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

import polars as pl

from penstock.quality.facts import Facts, lengths, neighbours, repeated
from penstock.quality.report import MAX_EXAMPLES, Example, RuleResult, Verdict, passed

_MAX_VALUES = 3  # of one stamp with several: enough to recognise them

Rule: TypeAlias = Callable[[Facts], RuleResult]


def _result(rule: str, verdict: Verdict, rows: pl.DataFrame, *, finding: str, remedy: str) -> RuleResult:
    """Return the verdict over ``rows`` (``series`` and, where known, ``time`` and ``note``), one finding each."""
    if rows.is_empty():
        return passed(rule)
    return RuleResult(
        rule=rule,
        verdict=verdict,
        count=rows.height,
        finding=finding,
        remedy=remedy,
        examples=tuple(_example(row) for row in rows.head(MAX_EXAMPLES).iter_rows(named=True)),
    )


def _example(row: dict[str, object]) -> Example:
    stamp = row.get("time")
    return Example(
        series=str(row["series"]),
        stamp=stamp.replace(tzinfo=UTC) if isinstance(stamp, datetime) else None,
        note=str(row.get("note") or ""),
    )


def empty(facts: Facts) -> RuleResult:
    """Demand that some row has a value."""
    if facts.values.height:
        return passed("empty")
    finding = "no row has a value" if facts.frame.height else "there are no rows"
    remedy = "Choose a window or a file with data."
    return RuleResult(rule="empty", verdict="broken", count=1, finding=finding, remedy=remedy)


def missing_keys(facts: Facts) -> RuleResult:
    """Demand a series and a time in every row."""
    keyless = facts.frame.filter(pl.col("series").is_null() | pl.col("time").is_null())
    return _result(
        "missing_keys",
        "broken",
        keyless.select(pl.col("series").fill_null("(no series)"), "time"),
        finding="rows without series or time",
        remedy="Every row needs both; fill or remove these rows.",
    )


def unknown_series(facts: Facts) -> RuleResult:
    """Refuse series that nobody declared."""
    if facts.context.known_series is None:
        return passed("unknown_series")
    known = pl.Series(sorted(facts.context.known_series), dtype=pl.String)
    unknown = facts.frame.filter(~pl.col("series").is_in(known.implode()))
    firsts = unknown.group_by("series").agg(pl.col("time").min(), pl.len().alias("rows")).sort("series")
    return _result(
        "unknown_series",
        "broken",
        firsts.with_columns(pl.format("{} rows", "rows").alias("note")),
        finding="series that are not known",
        remedy=f"{len(known)} are known, such as {', '.join(known.head(3))}; correct the names or declare these.",
    )


def absent_series(facts: Facts) -> RuleResult:
    """Note declared series that are not there."""
    present = set(facts.frame["series"].drop_nulls().unique())
    absent = sorted((facts.context.known_series or frozenset()) - present)
    return _result(
        "absent_series",
        "noted",
        pl.DataFrame({"series": absent}, schema={"series": pl.String}),
        finding="known series without any row",
        remedy="They are not learnt and not forecast.",
    )


def exact_duplicates(facts: Facts) -> RuleResult:
    """Note rows that stand twice, the same in all columns."""
    return _result(
        "exact_duplicates",
        "noted",
        repeated(facts),
        finding="rows repeat another row exactly",
        remedy="The copies are dropped.",
    )


def conflicting_duplicates(facts: Facts) -> RuleResult:
    """Refuse a second value for a stamp of a series."""
    distinct = facts.shared.unique(maintain_order=True).drop_nulls(["series", "time"])
    groups = distinct.group_by("series", "time", maintain_order=True)
    values = pl.col("y").sort(nulls_last=True).cast(pl.String).fill_null("nothing")
    spelled = values.head(_MAX_VALUES).str.join(" and ")
    several = groups.agg(pl.len().alias("n"), spelled.alias("note")).filter(pl.col("n") > 1)
    return _result(
        "conflicting_duplicates",
        "broken",
        several,
        finding="stamps with more than one row",
        remedy="One row per series and stamp is allowed; keep the right one, or name all columns that tell series apart.",
    )


def infinite_values(facts: Facts) -> RuleResult:
    """Refuse infinite values."""
    return _result(
        "infinite_values",
        "broken",
        facts.frame.filter(pl.col("y").is_infinite()).with_columns(_value_note()),
        finding="infinite values",
        remedy="Values must be finite; correct them, or leave them empty to have them repaired as gaps.",
    )


def missing_values(facts: Facts) -> RuleResult:
    """Note rows without a value."""
    return _result(
        "missing_values",
        "noted",
        facts.frame.filter(pl.col("y").is_null() | pl.col("y").is_nan()),
        finding="rows without a value (empty or NaN)",
        remedy="They count as missing steps, see gaps.",
    )


def negative_values(facts: Facts) -> RuleResult:
    """Refuse values below zero, unless they are allowed."""
    if facts.context.config.allow_negative:
        return passed("negative_values")
    return _result(
        "negative_values",
        "broken",
        facts.values.filter((pl.col("y") < 0) & pl.col("y").is_finite()).with_columns(_value_note()),
        finding="values below zero",
        remedy="Values from 0 on are allowed (a logarithm needs that); correct them or set quality.allow_negative=true.",
    )


def off_grid(facts: Facts) -> RuleResult:
    """Demand that the stamps of a series stand on one regular grid."""
    off = neighbours(facts).filter(pl.col("missing").is_null())
    return _result(
        "off_grid",
        "broken",
        off.select("series", time="next"),
        finding="stamps that are not whole steps after the one before",
        remedy="Stamps must be evenly spaced, as most of these are; correct or resample them.",
    )


def gaps(facts: Facts) -> RuleResult:
    """Note runs of missing steps; refuse those too long to repair."""
    allowed = facts.context.config.max_gap
    found = _beginnings(facts)
    long = found.filter(pl.col("missing") > allowed)
    if long.height:
        return _result(
            "gaps",
            "broken",
            long,
            finding=f"gaps of more than {allowed} steps, beginning at",
            remedy=f"Up to {allowed} missing steps are repaired; fetch the rows or raise quality.max_gap.",
        )
    finding = f"gaps of {int(found['missing'].sum())} steps in all, beginning at"
    return _result("gaps", "noted", found, finding=finding, remedy="They are left for repair.")


def _beginnings(facts: Facts) -> pl.DataFrame:
    """Return the first missing stamp of each gap as ``time``, with ``missing`` steps."""
    step = facts.context.step
    one = f"{step.span_us}us" if step.span_us else f"{step.months}mo"
    apart = neighbours(facts).filter(pl.col("missing") > 0)
    return apart.with_columns(
        pl.col("time").dt.offset_by(one), pl.format("{} steps", "missing").alias("note")
    )


def late_rows(facts: Facts) -> RuleResult:
    """Refuse rows that are there before their source can have published them."""
    lag, now = facts.context.config.lag, facts.context.now
    if lag is None or now is None:
        return passed("late_rows")
    last = now.astimezone(UTC) - lag
    limit = pl.lit(last.replace(tzinfo=None)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return _result(
        "late_rows",
        "broken",
        facts.frame.filter(pl.col("time") > limit),
        finding=f"rows later than a lag of {facts.context.config.lag_days:g} days allows",
        remedy=f"At {now:%Y-%m-%dT%H:%MZ} nothing after {last:%Y-%m-%dT%H:%MZ} can be known; "
        "check the clock, the time zone of the stamps or quality.lag_days.",
    )


def constant_series(facts: Facts) -> RuleResult:
    """Note series that never change."""
    spread = facts.values.group_by("series").agg(
        pl.col("y").n_unique().alias("kinds"), pl.len().alias("rows"), pl.col("y").first()
    )
    still = spread.filter((pl.col("kinds") == 1) & (pl.col("rows") > 1)).sort("series")
    all_still = still.height == spread.height
    return _result(
        "constant_series",
        "broken" if all_still else "noted",
        still.with_columns(_value_note("always {}")),
        finding="series that never change" + (", and no other" if all_still else ""),
        remedy="There is nothing to learn; check the target column."
        if all_still
        else "They are forecast by their value and say nothing about a model.",
    )


def ended_series(facts: Facts) -> RuleResult:
    """Note series that end before the panel does."""
    ends = facts.values.group_by("series").agg(pl.col("time").max())
    early = ends.filter(pl.col("time") < pl.col("time").max()).sort("series")
    return _result(
        "ended_series",
        "noted",
        early,
        finding="series that end before the others, their last stamps being",
        remedy="Their forecast begins after their own last stamp.",
    )


def short_series(facts: Facts) -> RuleResult:
    """Refuse series too short to learn from, or note them if they may be left out."""
    least = facts.context.config.min_rows
    counts = lengths(facts)
    short = counts.filter(pl.col("rows") < least)
    drop = facts.context.config.drop_short and short.height < counts.height
    return _result(
        "short_series",
        "noted" if drop else "broken",
        short.with_columns(pl.format("{} values", "rows").alias("note")),
        finding=f"series with fewer than {least} values",
        remedy="They are left out."
        if drop
        else f"At least {least} are needed for horizon, lags and final window; give more history, ask for less of "
        "these, or set quality.drop_short=true to leave these series out.",
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
    late_rows,
    constant_series,
    ended_series,
    short_series,
)
