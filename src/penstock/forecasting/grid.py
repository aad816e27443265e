"""A panel as one matrix of values, series by stamps: the shape in which recursion and scaling work.

Shapes: ``S`` series, ``T`` stamps of the whole grid, ``R`` rows of the panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError, bounded
from penstock.forecasting.stamps import extended, on_month_ends, ranges

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Values of a panel on the common grid of its stamps.

    ``values`` is (S, T) float64, NaN before a series' first and after its last stamp. ``series`` is sorted; ``times``
    holds all stamps from the first to the last of any series (UTC). ``last`` is each series' last position (S,).
    """

    series: tuple[str, ...]
    times: pl.Series
    values: NDArray[np.float64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    frequency: str

    def position(self, stamp: datetime) -> int:
        """Return the position of ``stamp`` on the grid.

        Raises
        ------
        DataError
            The stamp does not stand on the grid.
        """
        found = self.times.search_sorted(stamp)
        if found >= len(self.times) or self.times[found] != stamp:
            raise DataError(
                f"no such stamp in the panel: cutoff {stamp}; the grid goes from {self.times[0]} to "
                f"{self.times[-1]} by {self.frequency}"
            )
        return int(found)

    def stamps(self, extra: int) -> pl.Series:
        """Return the stamps of the grid and ``extra`` steps after it."""
        return extended(self.times, self.frequency, extra)


def grid_of(panel: pl.DataFrame, frequency: str) -> Grid:
    """Lay a panel out as a matrix.

    Parameters
    ----------
    panel
        Sorted by series and time, regular within each series.
    frequency
        Distance of two stamps as a polars duration.

    Raises
    ------
    DataError
        A stamp does not stand on the common grid, or a series has a gap.
    """
    import numpy as np
    import polars as pl

    month_ends = on_month_ends(panel["time"], frequency)
    whole = panel.select(
        ranges(pl.col("time").min(), pl.col("time").max(), frequency, month_ends=month_ends).explode()
    )
    times = whole.to_series().cast(panel.schema["time"])
    places = row_positions(panel["time"], times)
    lengths = panel.group_by("series", maintain_order=True).len()
    rows = np.repeat(np.arange(lengths.height), lengths["len"].to_numpy())
    values = np.full((lengths.height, len(times)), np.nan)
    values[rows, places] = panel["y"].cast(pl.Float64).to_numpy()
    ends = np.cumsum(lengths["len"].to_numpy()) - 1
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64)
    grid = Grid(
        series=tuple(lengths["series"].to_list()),
        times=times,
        values=values,
        first=places[starts],
        last=places[ends],
        frequency=frequency,
    )
    _require_no_gaps(grid, lengths["len"].to_numpy())
    return grid


def row_positions(stamps: pl.Series, times: pl.Series) -> NDArray[np.int64]:
    """Find each stamp's position in ``times`` (sorted, unique).

    Raises
    ------
    DataError
        A stamp is not among ``times``.
    """
    import numpy as np

    wanted, held = stamps.to_physical().to_numpy(), times.to_physical().to_numpy()
    places = np.minimum(np.searchsorted(held, wanted), len(held) - 1).astype(np.int64)
    off = held[places] != wanted
    if off.any():
        lost = stamps.filter(_mask(off)).unique().sort().to_list()
        raise DataError(f"stamps off the common grid: {bounded(lost, 6)}; resample the data to one grid")
    return places


def cutoffs_of(grid: Grid, cutoffs: Sequence[datetime]) -> NDArray[np.int64]:
    """Return the positions of ``cutoffs`` (O,), in the order given."""
    import numpy as np

    return np.array([grid.position(stamp) for stamp in cutoffs], dtype=np.int64)


def _mask(flags: NDArray[np.bool_]) -> pl.Series:
    import polars as pl

    return pl.Series(flags)


def _require_no_gaps(grid: Grid, lengths: NDArray[np.int64]) -> None:
    import numpy as np

    holes = np.flatnonzero(grid.last - grid.first + 1 != lengths)
    if len(holes):
        named = [grid.series[place] for place in holes]
        raise DataError(f"{len(named)} series have gaps: {bounded(named)}; fill them first (regularise)")
