"""Stamps without a table library: counted on a grid, read on a wall clock, compared with holidays.

Stamps are whole microseconds since 1970 in UTC (int64).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from penstock.domain.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
UNITS_US = {
    "us": 1,
    "s": SECOND_US,
    "m": 60 * SECOND_US,
    "h": 3_600 * SECOND_US,
    "d": DAY_US,
    "w": 7 * DAY_US,
}
UNITS_MONTHS = {"mo": 1, "q": 3, "y": 12}


@dataclass(frozen=True, kw_only=True)
class WallClock:
    """Offsets of a time zone from UTC in seconds: ``offsets`` (C,) count from the ``starts`` (C,) on, in seconds.

    ``first`` and ``until`` are the ends of what is known, the second excluded; an offset of the zone may change by law.
    """

    zone: str
    starts: NDArray[np.int64]
    offsets: NDArray[np.int64]
    first: int
    until: int

    def local(self, stamps: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return what the clock on the wall shows, as microseconds.

        Raises
        ------
        DataError
            A stamp lies before or after what is known.
        """
        import numpy as np

        if len(stamps) and (stamps.min() < self.first or stamps.max() >= self.until):
            raise DataError(
                f"the calendar of the bundle ({self.zone}) reaches from {moment(self.first)} to {moment(self.until)}; "
                "package the model again for stamps outside"
            )
        place = np.searchsorted(self.starts, stamps // SECOND_US, side="right") - 1
        return np.asarray(stamps + self.offsets[place] * SECOND_US)


def clock_of(body: dict[str, Any]) -> WallClock:
    """Read a clock from its parameters."""
    import numpy as np

    return WallClock(
        zone=body["zone"],
        starts=np.array(body["starts"], dtype=np.int64),
        offsets=np.array(body["offsets"], dtype=np.int64),
        first=body["first"],
        until=body["until"],
    )


def calendar_part(name: str, local: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one part of local stamps; ``weekday`` counts from 0 on Monday, ``week`` is that of ISO 8601."""
    import numpy as np

    days = local // DAY_US
    stamps = days.astype("datetime64[D]")
    months = stamps.astype("datetime64[M]")
    years = stamps.astype("datetime64[Y]")
    month = (months - years).astype(np.int64) + 1
    ordinal = (stamps - years.astype("datetime64[D]")).astype(np.int64) + 1
    thursday = stamps - ((days + 3) % 7).astype("timedelta64[D]") + np.timedelta64(3, "D")
    first = thursday.astype("datetime64[Y]").astype("datetime64[D]")
    parts = {
        "minute": local // (60 * SECOND_US) % 60,
        "hour": local // (3_600 * SECOND_US) % 24,
        "weekday": (days + 3) % 7,
        "day": (stamps - months.astype("datetime64[D]")).astype(np.int64) + 1,
        "week": (thursday - first).astype(np.int64) // 7 + 1,
        "month": month,
        "quarter": (month + 2) // 3,
        "year": years.astype(np.int64) + 1970,
        "day_of_year": ordinal,
    }
    return np.asarray(parts[name], dtype=np.int64)


def holiday_columns(local: NDArray[np.int64], days_off: NDArray[np.int64]) -> list[NDArray[np.bool_]]:
    """Tell whether the day, the next and the one before are among ``days_off`` (days since 1970)."""
    import numpy as np

    days = local // DAY_US
    return [np.isin(days + shift, days_off) for shift in (0, 1, -1)]


def grid_stamps(first: int, frequency: str, count: int, *, month_ends: bool) -> NDArray[np.int64]:
    """Return ``count`` stamps from ``first`` on, each counted from it; ``month_ends`` puts them on ends of months."""
    import numpy as np

    size, unit = frequency_parts(frequency)
    steps = np.arange(count, dtype=np.int64) * size
    if unit in UNITS_US:
        return np.asarray(first + steps * UNITS_US[unit])
    days, rest = divmod(first, DAY_US)
    start = np.int64(days).astype("datetime64[D]")
    month = start.astype("datetime64[M]")
    months = month + (steps * UNITS_MONTHS[unit]).astype("timedelta64[M]")
    longest = _month_lengths(months) - 1
    within = (
        longest
        if month_ends
        else np.minimum((start - month.astype("datetime64[D]")).astype(np.int64), longest)
    )
    return np.asarray((months.astype("datetime64[D]").astype(np.int64) + within) * DAY_US + rest)


def all_on_month_ends(stamps: NDArray[np.int64], frequency: str) -> bool:
    """Tell whether ``frequency`` counts months and every stamp lies on the last day of its month."""
    import numpy as np

    if frequency_parts(frequency)[1] in UNITS_US:
        return False
    days = (stamps // DAY_US).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    within = (days - months.astype("datetime64[D]")).astype(np.int64)
    return bool((within == _month_lengths(months) - 1).all())


def frequency_parts(frequency: str) -> tuple[int, str]:
    """Split ``30m`` into 30 and ``m``."""
    unit = frequency.lstrip("0123456789")
    return int(frequency[: len(frequency) - len(unit)]), unit


def moment(stamp: int) -> datetime:
    """Return a stamp as a moment in UTC."""
    seconds, rest = divmod(int(stamp), SECOND_US)
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest)


def _month_lengths(months: NDArray[Any]) -> NDArray[np.int64]:
    import numpy as np

    starts, ends = months.astype("datetime64[D]"), (months + np.timedelta64(1, "M")).astype("datetime64[D]")
    return np.asarray((ends - starts).astype(np.int64))
