"""The Danish calendar of a run of hours.

Hours are counted from ``EPOCH``; the simulated world begins there and ends at ``LAST_DAY``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from penstock.sources.denmark_rows import LOCAL_ZONE
from penstock.sources.simulators.chance import Whole

EPOCH = datetime(2018, 1, 1, tzinfo=UTC)
LAST_DAY = 30 * 365
"""Days that the world lasts."""

WORKDAY, SATURDAY, SUNDAY = 0, 1, 2
"""Kinds of day; a public holiday is a Sunday."""

_SATURDAY_INDEX = 5
_EPOCH_ORDINAL = EPOCH.toordinal()
_US_PER_HOUR = 3_600_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """A run of consecutive hours, every array of shape (hours,)."""

    index: Whole
    """Hours since the epoch."""
    local_hour: Whole
    """Hour on a Danish clock, 0…23."""
    day_kind: Whole
    holiday: Whole
    """1 on a public holiday."""
    day_of_year: Whole
    """1…366, on a Danish calendar."""


def hour_index(time: datetime) -> int:
    """Return the number of whole hours from the epoch to ``time``."""
    return (time - EPOCH) // timedelta(hours=1)


def hour_time(index: int) -> datetime:
    """Return the moment at which hour ``index`` begins, in UTC."""
    return EPOCH + timedelta(hours=index)


def hours_between(first: int, end: int) -> Hours:
    """Return the calendar of the hours ``first`` (included) to ``end`` (excluded)."""
    import polars as pl

    index = np.arange(first, end, dtype=np.int64)
    start_us = int(EPOCH.timestamp()) * 1_000_000
    instants = pl.Series(start_us + index * _US_PER_HOUR).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    local = instants.dt.convert_time_zone(LOCAL_ZONE)
    ordinal = local.dt.date().cast(pl.Int32).to_numpy().astype(np.int64) + date(1970, 1, 1).toordinal()
    holiday = np.isin(ordinal, _holiday_ordinals(int(ordinal[0]), int(ordinal[-1])))
    return Hours(
        index=index,
        local_hour=local.dt.hour().to_numpy().astype(np.int64),
        day_kind=_day_kind(local.dt.weekday().to_numpy().astype(np.int64) - 1, holiday),
        holiday=holiday.astype(np.int64),
        day_of_year=local.dt.ordinal_day().to_numpy().astype(np.int64),
    )


def _day_kind(weekday: Whole, holiday: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Whole:
    weekend = np.where(weekday < _SATURDAY_INDEX, WORKDAY, weekday - _SATURDAY_INDEX + SATURDAY)
    return np.where(holiday, SUNDAY, weekend)


def _holiday_ordinals(first: int, last: int) -> list[int]:
    import holidays

    years = range(date.fromordinal(first).year, date.fromordinal(last).year + 1)
    return sorted(day.toordinal() for day in holidays.country_holidays("DK", years=years))
