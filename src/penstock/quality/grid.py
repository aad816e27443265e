"""The regular grid of a panel: how many steps lie between two stamps."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from penstock.domain.errors import UsageError

_UNIT_US = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}
_UNIT_MONTHS = {"mo": 1, "q": 3, "y": 12}
_PART = re.compile(r"(\d+)(us|ms|mo|s|m|h|d|w|q|y)")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the grid: either a fixed span or whole months of the calendar; days are those of UTC."""

    span_us: int = 0
    months: int = 0


def parse_step(frequency: str) -> Step:
    """Read a polars duration such as ``1h``, ``30m``, ``1d``, ``1w``, ``1mo``.

    Raises
    ------
    UsageError
        If it is no duration, zero, or mixes months with fixed spans.
    """
    parts = _PART.findall(frequency)
    step = Step(
        sum(int(count) * _UNIT_US.get(unit, 0) for count, unit in parts),
        sum(int(count) * _UNIT_MONTHS.get(unit, 0) for count, unit in parts),
    )
    spelled = "".join(count + unit for count, unit in parts)
    if spelled != frequency or (step.span_us > 0) == (step.months > 0):
        raise UsageError(
            f"frequency={frequency!r} is not a step; allowed: a number and one of us, ms, s, m, h, d, w, mo, q, y, "
            "for example '1h' or '1mo'."
        )
    return step


def missing_steps(step: Step) -> pl.Expr:
    """Return the number of steps missing between ``time`` and ``next``, both on the grid; null if they are not.

    Neighbours have none missing. On a monthly grid two stamps meet if they stand on the same day of the month
    or both on its last day.
    """
    time, after = pl.col("time"), pl.col("next")
    if step.span_us:
        apart = after.dt.timestamp("us") - time.dt.timestamp("us")
        return pl.when(apart % step.span_us == 0).then(apart // step.span_us - 1)
    months = _month_number(after) - _month_number(time)
    meets = (months % step.months == 0) & (months > 0) & (_same_day(time, after) & _same_clock(time, after))
    return pl.when(meets).then(months // step.months - 1)


def _month_number(stamp: pl.Expr) -> pl.Expr:
    return stamp.dt.year().cast(pl.Int64) * 12 + stamp.dt.month()


def _same_day(time: pl.Expr, after: pl.Expr) -> pl.Expr:
    both_last = (time.dt.month_end().dt.date() == time.dt.date()) & (
        after.dt.month_end().dt.date() == after.dt.date()
    )
    return (time.dt.day() == after.dt.day()) | both_last


def _same_clock(time: pl.Expr, after: pl.Expr) -> pl.Expr:
    return time.dt.time() == after.dt.time()
