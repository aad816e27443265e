"""The rule about days of a local clock: 23, 24 or 25 hours, as the clock says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.quality.found import Found, found, sound

if TYPE_CHECKING:
    from penstock.quality.facts import Facts

_DAY_US = 86_400_000_000
_HOURS = 24


def local_days(facts: Facts) -> Found:
    """Note days of ``local_zone`` that hold other than the steps their clock gives them.

    Stamps of a day or longer are labels, not moments, and are left alone. So are ordinary days that lack steps, and days
    without any row: these are gaps, which have a rule of their own.
    """
    zone, step = facts.context.config.local_zone, facts.context.step
    if zone is None or not step.span_us or step.span_us >= _DAY_US:
        return sound("local_days")
    odd = odd_days(facts.values, zone, step.span_us)
    odd = odd.filter(pl.col("changes") | (pl.col("rows") > pl.col("wanted")))
    hours = pl.col("hours").cast(pl.String).str.strip_suffix(".0")
    days = odd.with_columns(pl.format("{} of {} steps in {} hours", "rows", "wanted", hours).alias("note"))
    marks = wall_clock_marks(facts.values, zone, step.span_us)
    suspicious = marks["series"].n_unique() > facts.values["series"].n_unique() / 2
    return found(
        "local_days",
        facts.context.config.verdict_of("local_days"),
        marks if suspicious else days,
        finding=f"stamps that show the clock changes of {zone}: local time seems to have been taken for UTC"
        if suspicious
        else f"days on the clock of {zone} with too few or too many steps, beginning at",
        remedy="Read the stamps with their own time zone (timezone=…)."
        if suspicious
        else "Check the time zone of the stamps; fetch these days again.",
    )


def wall_clock_marks(values: pl.DataFrame, zone: str, span_us: int) -> pl.DataFrame:
    """Return what wall-clock times read as UTC leave behind at clock changes: ``series``, ``time``, ``until``, ``note``.

    The hour that the clock skips in spring is missing, the hour that it shows twice in autumn stands twice. True UTC
    stamps have every one of these labels once; arguments as :func:`odd_days`.
    """
    labels = _odd_labels(values, zone, span_us)
    ends = values.group_by("series").agg(
        pl.col("time").min().alias("first"), pl.col("time").max().alias("last")
    )
    asked = ends.join(labels, how="cross").filter(pl.col("time").is_between("first", "last"))
    near = values.filter(pl.col("time").is_in(labels["time"].implode()))
    counts = near.group_by("series", "time").agg(pl.len().alias("rows"))
    seen = asked.join(counts, on=["series", "time"], how="left").with_columns(pl.col("rows").fill_null(0))
    marks = seen.filter(pl.when(pl.col("skipped")).then(pl.col("rows") == 0).otherwise(pl.col("rows") > 1))
    note = (
        pl.when(pl.col("skipped"))
        .then(pl.lit("missing, as the clock skips it"))
        .otherwise(pl.lit("stands twice, as the clock shows it"))
    )
    return marks.with_columns(pl.col("time").alias("until"), note.alias("note")).sort("series", "time")


def _odd_labels(values: pl.DataFrame, zone: str, span_us: int) -> pl.DataFrame:
    """Return the stamps of the grid that, read on the clock of ``zone``, are skipped or shown twice."""
    if values.is_empty():
        return values.select("time").with_columns(pl.lit(value=True).alias("skipped"))
    first, last = values["time"].min(), values["time"].max()
    grid = pl.select(pl.datetime_range(pl.lit(first), pl.lit(last), f"{span_us}us").alias("time"))
    label = pl.col("time").dt.replace_time_zone(None)
    early = label.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    late = label.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
    return (
        grid.with_columns(
            early.is_null().alias("skipped"), (early != late).fill_null(value=False).alias("twice")
        )
        .filter(pl.col("skipped") | pl.col("twice"))
        .select("time", "skipped")
    )


def odd_days(values: pl.DataFrame, zone: str, span_us: int) -> pl.DataFrame:
    """Return the local days that do not hold their steps, sorted by series and day.

    Parameters
    ----------
    values
        ``series``, ``time`` (UTC), ``y`` without missing values, sorted by series and time; a stamp with two values
        counts twice.
    zone
        The clock.
    span_us
        Distance of two stamps in microseconds, less than a day. The grid begins at the first stamp of a series.

    Returns
    -------
    pl.DataFrame
        ``series``, ``time`` (the local midnight, in UTC), ``until`` (the last microsecond), ``rows``, ``wanted``, ``hours`` of the day, ``changes``
        (whether the clock changes on it). Days that begin before the first or end after the last step are left out.
    """
    midnight = pl.col("time").dt.convert_time_zone(zone).dt.truncate("1d")
    ends = values.group_by("series", maintain_order=True).agg(
        _us(pl.col("time").min()).alias("first"), _us(pl.col("time").max()).alias("last")
    )
    days = (
        values.group_by("series", midnight.alias("day"), maintain_order=True)
        .agg(pl.len().cast(pl.Int64).alias("rows"))
        .join(ends, on="series")
        .with_columns(_us(pl.col("day")).alias("begin"), _us(pl.col("day").dt.offset_by("1d")).alias("end"))
    )
    length = pl.col("end") - pl.col("begin")
    before = [
        -((pl.col("first") - pl.col(edge)) // span_us) for edge in ("begin", "end")
    ]  # ceil((edge - first) / span)
    counted = days.select(
        "series",
        pl.col("day").dt.convert_time_zone("UTC").alias("time"),
        pl.from_epoch(pl.col("end") - 1, "us").dt.replace_time_zone("UTC").alias("until"),
        "rows",
        (before[1] - before[0]).alias("wanted"),
        (length / (_DAY_US // _HOURS)).alias("hours"),
        (length != _DAY_US).alias("changes"),
        ((pl.col("begin") >= pl.col("first")) & (pl.col("end") <= pl.col("last") + span_us)).alias("whole"),
    )
    return (
        counted.filter(pl.col("whole") & (pl.col("rows") != pl.col("wanted")))
        .drop("whole")
        .sort("series", "time")
    )


def _us(moment: pl.Expr) -> pl.Expr:
    return moment.dt.timestamp("us")
