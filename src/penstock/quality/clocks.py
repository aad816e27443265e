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
    suspicious = _looks_local(odd, facts.values["series"].n_unique())
    hours = pl.col("hours").cast(pl.String).str.strip_suffix(".0")
    told = pl.format("{} of {} steps in {} hours", "rows", "wanted", hours).alias("note")
    return found(
        "local_days",
        facts.context.config.verdict_of("local_days"),
        odd.with_columns(told),
        finding=f"days on the clock of {zone} with too few or too many steps, beginning at"
        + ("; local time seems to have been taken for UTC" if suspicious else ""),
        remedy="Read the stamps with their own time zone (timezone=…)."
        if suspicious
        else "Check the time zone of the stamps; fetch these days again.",
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


def _looks_local(odd: pl.DataFrame, series: int) -> bool:
    """Tell whether more than half of the series show what local stamps read as UTC look like.

    On the day the clock goes forward the hour that it never shows is missing; on the day it goes back the hour that it
    shows twice stands twice.
    """
    forward = (pl.col("hours") < _HOURS) & (pl.col("rows") < pl.col("wanted"))
    back = (pl.col("hours") > _HOURS) & (pl.col("rows") > pl.col("wanted"))
    return odd.filter(forward | back)["series"].n_unique() > series / 2


def _us(moment: pl.Expr) -> pl.Expr:
    return moment.dt.timestamp("us")
