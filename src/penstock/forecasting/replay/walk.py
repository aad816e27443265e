"""The values known, as one matrix that every later arrival changes in place.

Shapes: ``S`` series, ``T`` stamps from the first to the last that matters, ``A`` arrivals, ``M`` steps of history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError
from penstock.forecasting.grid import Grid, row_positions
from penstock.forecasting.panel import season_lengths
from penstock.forecasting.stamps import on_month_ends, ranges

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What a forecast needs of the past: so many values up to the last one known, gaps filled up to ``max_gap``."""

    history: int
    max_gap: int


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What was known at one cutoff, ready to forecast from.

    ``rows`` (N,) index the series that can be forecast, ``places`` (N,) their last stamps known, ``histories`` (N, M)
    the values up to there with gaps filled. ``refused`` maps the other series to the reason.
    """

    rows: NDArray[np.int64]
    places: NDArray[np.int64]
    histories: NDArray[np.float64]
    refused: dict[str, str]


class Walk:
    """Goes from cutoff to cutoff; each costs what arrived since, not what is known.

    Parameters
    ----------
    known
        Panel as known at the first moment, in any order.
    arrivals
        What was learned after it, in the order of learning: see ``knowledge.learned_between``.
    series
        Names to follow, sorted; rows of others are passed over.
    frequency
        Distance of two stamps as a polars duration.

    Raises
    ------
    DataError
        Nothing is known of any series, or a stamp does not stand on the common grid.
    """

    def __init__(
        self, known: pl.DataFrame, arrivals: pl.DataFrame, series: Sequence[str], frequency: str
    ) -> None:
        import numpy as np

        known, arrivals = _of(known, series), _of(arrivals, series)
        times = _times(known, arrivals, frequency)
        self.grid = Grid(
            series=tuple(series),
            times=times,
            values=np.full((len(series), len(times)), np.nan),
            first=np.zeros(len(series), np.int64),
            last=np.zeros(len(series), np.int64),
            frequency=frequency,
        )
        seasons = season_lengths(frequency)
        self._season = seasons[0] if seasons else 1
        self._write(known)
        self._arrivals = arrivals
        self._moments = arrivals["known_at"].to_physical().to_numpy()
        self._seen = 0

    def to(self, cutoff: datetime) -> None:
        """Learn everything up to ``cutoff``, which belongs to it; cutoffs must not go back."""
        import numpy as np

        moment = _microseconds(cutoff)
        end = int(np.searchsorted(self._moments, moment, side="right"))
        self._write(self._arrivals.slice(self._seen, max(0, end - self._seen)))
        self._seen = max(self._seen, end)

    def snapshot(self, reach: Reach) -> Snapshot:
        """Return what is known now: gaps between a series' first and last value filled from its own past.

        The result is that of ``known_as_of`` and ``regularise`` at this cutoff; a series that ``regularise`` or the
        model would refuse is refused here by itself.
        """
        import numpy as np

        values = self.grid.values
        missing = np.isnan(values)
        first = np.argmin(missing, axis=1)
        last = values.shape[1] - 1 - np.argmin(missing[:, ::-1], axis=1)
        known = np.asarray(~missing.all(axis=1))
        inside = missing & _between(first, last, values.shape[1]) & known[:, None]
        filled, longest = self._filled(inside, first)
        refused = self._refusals(reach, known, last - first + 1, longest)
        rows = np.array([row for row, name in enumerate(self.grid.series) if name not in refused], np.int64)
        offsets = np.arange(-reach.history + 1, 1)
        places = last[rows]
        return Snapshot(
            rows=rows,
            places=places,
            histories=filled[rows[:, None], places[:, None] + offsets],
            refused=refused,
        )

    def _write(self, rows: pl.DataFrame) -> None:
        import polars as pl

        if rows.is_empty():
            return
        gone = pl.col("deleted") if "deleted" in rows.columns else pl.lit(value=False)
        values = rows.select(pl.when(~gone).then(pl.col("y").cast(pl.Float64))).to_series()
        codes = rows["series"].replace_strict(
            pl.Series(self.grid.series, dtype=pl.String),
            pl.Series(range(len(self.grid.series)), dtype=pl.Int64),
            return_dtype=pl.Int64,
        )
        places = row_positions(rows["time"], self.grid.times)
        # Of two values for one place the later one stays: numpy assigns them in their order.
        self.grid.values[codes.to_numpy(), places] = values.fill_null(float("nan")).to_numpy()

    def _filled(
        self, inside: NDArray[np.bool_], first: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Fill going forward in time; also return the longest run filled in each series (S,)."""
        import numpy as np

        filled = self.grid.values.copy()
        longest = np.zeros(len(filled), np.int64)
        before, run = (-1, -1), 0
        for row, place in zip(*map(np.ndarray.tolist, np.nonzero(inside)), strict=True):
            ago = self._season if place - first[row] >= self._season else 1
            filled[row, place] = filled[row, place - ago]
            run = run + 1 if before == (row, place - 1) else 1
            before = (row, place)
            longest[row] = max(longest[row], run)
        return filled, longest

    def _refusals(
        self,
        reach: Reach,
        known: NDArray[np.bool_],
        lengths: NDArray[np.int64],
        longest: NDArray[np.int64],
    ) -> dict[str, str]:
        found = {}
        for row, name in enumerate(self.grid.series):
            if not known[row]:
                found[name] = "nothing known"
            elif longest[row] > reach.max_gap:
                found[name] = f"a gap of {longest[row]} steps, more than max_gap={reach.max_gap}"
            elif lengths[row] < reach.history:
                found[name] = f"{lengths[row]} values known, {reach.history} needed"
        return found


def _of(rows: pl.DataFrame, series: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    return rows.filter(pl.col("series").is_in(list(series)))


def _times(known: pl.DataFrame, arrivals: pl.DataFrame, frequency: str) -> pl.Series:
    """List the stamps from the first to the last of any row."""
    import polars as pl

    stamps = pl.concat([known["time"], arrivals["time"]])
    if stamps.is_empty():
        raise DataError("nothing is known of the series of the model; start later, or refit more often")
    month_ends = on_month_ends(stamps, frequency)
    whole = stamps.to_frame("time").select(
        ranges(pl.col("time").min(), pl.col("time").max(), frequency, month_ends=month_ends).explode()
    )
    return whole.to_series().cast(stamps.dtype)


def _between(first: NDArray[np.int64], last: NDArray[np.int64], stamps: int) -> NDArray[np.bool_]:
    import numpy as np

    places = np.arange(stamps)
    return np.asarray((places >= first[:, None]) & (places <= last[:, None]))


def _microseconds(moment: datetime) -> int:
    import polars as pl

    return int(pl.Series([moment], dtype=pl.Datetime("us", "UTC")).to_physical()[0])
