"""The stamps of a regular grid: a fixed distance apart, on the same day of each month, or on the last day of each.

Months, quarters and years differ in length, so their stamps cannot be counted from one another: the 31st of January
plus a month is the 29th of February, and that plus a month the 29th of March. Stamps are therefore always counted
from the first of a grid; and where all of them are the last of their months, the next one is so too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_CALENDAR_UNITS = frozenset({"mo", "q", "y"})


def on_month_ends(stamps: pl.Series, frequency: str) -> bool:
    """Tell whether ``frequency`` counts months and every stamp (UTC) lies on the last day of its month."""
    if frequency.lstrip("0123456789") not in _CALENDAR_UNITS:
        return False
    return bool((stamps == stamps.dt.month_end()).all())


def ranges(first: pl.Expr, last: pl.Expr, frequency: str, *, month_ends: bool) -> pl.Expr:
    """List all stamps from ``first`` to ``last`` of each row, both included.

    ``month_ends`` is what :func:`on_month_ends` says of the grid.
    """
    import polars as pl

    start = first.dt.month_start() if month_ends else first
    found = pl.datetime_ranges(start, last, interval=frequency)
    return found.list.eval(pl.element().dt.month_end()) if month_ends else found


def extended(times: pl.Series, frequency: str, extra: int) -> pl.Series:
    """Return the stamps of a grid without gaps and ``extra`` steps after it.

    Parameters
    ----------
    times
        All stamps of the grid (UTC), sorted; at least one.
    frequency
        Distance of two stamps as a polars duration.
    extra
        Steps after the last stamp, from 0 up.
    """
    import polars as pl

    month_ends = on_month_ends(times, frequency)
    start = times.head(1).dt.month_start() if month_ends else times.head(1)
    end = start.dt.offset_by(times_of(frequency, len(times) - 1 + extra))
    ends = pl.DataFrame({"first": times.head(1), "last": end.dt.month_end() if month_ends else end})
    made = ends.select(ranges(pl.col("first"), pl.col("last"), frequency, month_ends=month_ends))
    return made.to_series().explode().cast(times.dtype)


def times_of(frequency: str, steps: int) -> str:
    """Multiply a polars duration by a number of steps."""
    unit = frequency.lstrip("0123456789")
    count = int(frequency[: len(frequency) - len(unit)])
    return f"{count * steps}{unit}"
