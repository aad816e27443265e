"""Values that are first shown wrong and put right later, and every row with the moment at which it was shown.

The truth of the world does not change: what was shown first is off by a factor, for 6 to 24 hours on end, and is
replaced 2 to 29 days after it appeared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from penstock.sources.simulators import chance
from penstock.sources.simulators.clock import hour_index
from penstock.sources.simulators.world import BLOCK_HOURS, rare_events

if TYPE_CHECKING:
    import polars as pl

    from penstock.sources.simulators.chance import Floats, Whole
    from penstock.sources.simulators.tables import Series
    from penstock.sources.simulators.world import Readings

_SHORTEST_H, _LENGTHS = 6, 19
_SOONEST_D, _DELAYS = 2, 28
_SPREAD = 0.15
HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Revisions:
    """How often and how long values are wrong; all of shape (n, hours).

    ``factor`` is what the first value is multiplied by, ``delay_hours`` how long it stands; 1 and 0 without revision.
    """

    factor: Floats
    delay_hours: Whole

    def first(self, seen: Readings) -> Readings:
        """Return the readings with the values that are shown first."""
        return replace(seen, observed_kwh=np.round(seen.observed_kwh * self.factor, 3))


def revisions(seed: int, names: Sequence[str], index: Whole, per_year: float) -> Revisions:
    """Return the revisions of the hours ``index``, the same in every window; at most one a series in four weeks."""
    factor = np.ones((len(names), index.size))
    delay = np.zeros((len(names), index.size), np.int64)
    for block in np.unique(index // BLOCK_HOURS) if per_year else ():
        sizes = chance.normals(chance.keys(seed, "revision-size", names), np.array([block]))
        delays = chance.uniforms(chance.keys(seed, "revision-delay", names), np.array([block]))
        for row, hour in rare_events(seed, "revision", names, np.array([block]), per_year):
            start = block * BLOCK_HOURS + hour
            end = min(start + _SHORTEST_H + hour % _LENGTHS, (block + 1) * BLOCK_HOURS)
            inside = slice(*np.searchsorted(index, (start, end)))
            factor[row, inside] = np.exp(_SPREAD * sizes[row])
            delay[row, inside] = 24 * (_SOONEST_D + int(delays[row] * _DELAYS))
    return Revisions(factor=factor, delay_hours=delay)


def as_shown(seen: Readings, revised: Revisions, lag: timedelta, asked_at: datetime) -> Readings:
    """Return the readings with the values shown at ``asked_at``."""
    late = shown_after(seen, lag) + revised.delay_hours > hour_index(asked_at)
    first = revised.first(seen)
    return replace(seen, observed_kwh=np.where(late, first.observed_kwh, seen.observed_kwh))


def shown_after(seen: Readings, lag: timedelta) -> Whole:
    """Return the hour (since the epoch) at which each hour's row appears: ``lag`` after the hour is over."""
    return np.broadcast_to(seen.index + 1 + lag // HOUR, seen.observed_kwh.shape)


def history(
    series: Series, seen: Readings, revised: Revisions, lag: timedelta, asked_at: datetime
) -> pl.DataFrame:
    """Return every row shown up to ``asked_at`` with ``known_at``; a revised one stands twice."""
    import polars as pl

    from penstock.sources.simulators.tables import raw_rows

    at_first = shown_after(seen, lag)
    changed = replace(seen, copies=seen.copies * (revised.delay_hours > 0))
    parts = [
        raw_rows(series, rows).with_columns(known_at=_moments(rows, moments))
        for rows, moments in (
            (revised.first(seen), at_first),
            (changed, at_first + revised.delay_hours),
        )
    ]
    shown = pl.concat(parts).filter(pl.col("known_at") <= asked_at)
    return shown.sort("known_at", "HourUTC", "PriceArea", "ConsumerType_DE35", maintain_order=True)


def _moments(rows: Readings, hours: Whole) -> pl.Series:
    import polars as pl

    from penstock.sources.simulators.clock import EPOCH

    listed = np.repeat(hours.T.ravel(), rows.copies.T.ravel())
    microseconds = pl.Series(int(EPOCH.timestamp()) * 1_000_000 + listed * 3_600_000_000, dtype=pl.Int64)
    return microseconds.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
