"""Covariates of a panel as arrays: for the rows of a training table, and for the steps to forecast.

Shapes: ``S`` series, ``T`` stamps of the grid, ``A`` stamps after it, ``R`` rows of the panel, ``W`` stamps wanted,
``K`` columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.covariates import covariates_in, known_in, plain
from penstock.domain.errors import DataError, bounded
from penstock.forecasting.grid import row_positions
from penstock.forecasting.panel import detect_frequency, useful_covariates
from penstock.forecasting.stamps import on_month_ends, times_of

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from penstock.forecasting.covariates import CovariateColumns
    from penstock.forecasting.grid import Grid

MOST_SHOWN = 6
ENDED_SHARE = 0.1
"""Largest share of the series that may have ended; where it is more, they rather were recorded at different times."""


@dataclass(frozen=True, kw_only=True)
class Covariates:
    """Values of covariates on a grid that goes on after its last stamp.

    ``values`` holds for each column of the panel (S, T + A) float64, NaN where nothing is known; ``stamps`` are those of
    the grid and after it.
    """

    values: dict[str, NDArray[np.float64]]
    first: NDArray[np.int64]
    series: tuple[str, ...]
    stamps: pl.Series

    def matrix(self, columns: Sequence[CovariateColumns], wanted: NDArray[np.int64]) -> NDArray[np.float32]:
        """Make the columns of a model at the ``wanted`` places, which rise: (S, W, K) float32."""
        import numpy as np

        low = max(int(wanted[0]) - max(each.reach for each in columns), 0)
        steps = int(wanted[-1]) + 1 - low
        # A series that begins after these steps has no window here: any place of its own row will do.
        starts = np.arange(len(self.series)) * steps + np.clip(self.first - low, 0, steps - 1)
        first = np.repeat(starts, steps)
        shown = [
            column.reshape(-1, steps)[:, wanted - low]
            for each in columns
            for column in each.columns(self.values[each.name][:, low : low + steps].ravel(), first)
        ]
        return np.stack(shown, axis=-1).astype(np.float32)

    def missing(
        self, columns: Sequence[CovariateColumns], rows: NDArray[np.int64], ahead: NDArray[np.int64]
    ) -> list[str]:
        """Name what the forecasts (N, H) of the places ``ahead`` would need and is not there, covariate by covariate."""
        import numpy as np

        told = []
        for each in columns:
            places = np.maximum(ahead - each.base, 0)
            lost = np.isnan(self.values[each.name][rows[:, None], places])
            pairs = sorted({(int(row), int(at)) for row, at in _pairs(rows, places, lost)})
            if pairs:
                named = [f"{self.series[row]} {self.stamps[at]:%Y-%m-%dT%H:%MZ}" for row, at in pairs]
                told.append(
                    f"{plain(each.name)} at {len(pairs)} pairs of series and time: {bounded(named, MOST_SHOWN)}"
                )
        return told


def _pairs(
    rows: NDArray[np.int64], places: NDArray[np.int64], lost: NDArray[np.bool_]
) -> zip[tuple[int, int]]:
    import numpy as np

    at, step = np.nonzero(lost)
    return zip(rows[at].tolist(), places[at, step].tolist(), strict=True)


def covariates_on(
    grid: Grid, frame: pl.DataFrame, names: Sequence[str], extra: int, *, carried: bool
) -> Covariates:
    """Lay covariates out on ``grid`` and ``extra`` stamps after it.

    Parameters
    ----------
    grid
        Grid of the values.
    frame
        Rows with ``series``, ``time`` and the covariates; those of other series or stamps are passed over.
    names
        Columns of the covariates.
    extra
        Steps after the grid's last stamp.
    carried
        Whether a series' last value stands for those after it. Backtests do so: they never score such steps.

    Raises
    ------
    DataError
        A covariate is not among the columns.
    """
    import numpy as np
    import polars as pl

    lost = [plain(name) for name in names if name not in frame.columns]
    if lost:
        raise DataError(
            f"the covariates {bounded(lost)} are missing; the model was trained with them. The frame has "
            f"{bounded(frame.columns)}"
        )
    stamps = grid.stamps(extra)
    inside = frame.filter(
        pl.col("series").is_in(list(grid.series)), pl.col("time").is_between(stamps[0], stamps[-1])
    )
    codes = inside["series"].replace_strict(list(grid.series), range(len(grid.series)), return_dtype=pl.Int64)
    rows, places = codes.to_numpy(), row_positions(inside["time"], stamps)
    values = {}
    for name in names:
        table = np.full((len(grid.series), len(stamps)), np.nan)
        table[rows, places] = inside[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        values[name] = _carried(table) if carried else table
    return Covariates(values=values, first=grid.first, series=grid.series, stamps=stamps)


def _carried(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Let each row's last value stand for those missing after it."""
    import numpy as np

    known = np.where(np.isnan(table), -1, np.arange(table.shape[1]))
    newest = np.maximum.accumulate(known, axis=1)
    return np.where(newest < 0, np.nan, np.take_along_axis(table, np.maximum(newest, 0), axis=1))


def covariate_rows(columns: Sequence[CovariateColumns], ordered: pl.DataFrame) -> NDArray[np.float32]:
    """Make the columns of a model for every row of a panel, sorted by series and time: (R, K) float32.

    Raises
    ------
    DataError
        A covariate is not among the columns, or has no value in some row; names the rows.
    """
    import numpy as np
    import polars as pl

    _require_full(columns, ordered)
    lengths = ordered.group_by("series", maintain_order=True).len()["len"].to_numpy()
    first = np.repeat(np.cumsum(lengths) - lengths, lengths).astype(np.int64)
    out = np.empty((ordered.height, sum(len(each.names) for each in columns)), dtype=np.float32, order="F")
    place = 0
    for each in columns:
        for column in each.columns(ordered[each.name].cast(pl.Float64).to_numpy(), first):
            out[:, place] = column
            place += 1
    return out


def _require_full(columns: Sequence[CovariateColumns], ordered: pl.DataFrame) -> None:
    import polars as pl

    faults = [
        f"{plain(each.name)} is no column of the panel"
        for each in columns
        if each.name not in ordered.columns
    ]
    for name in (each.name for each in columns if each.name in ordered.columns):
        lost = ordered.filter(~pl.col(name).is_finite().fill_null(value=False))
        if lost.height:
            faults.append(
                f"{plain(name)} has no value at {lost.height} pairs of series and time: {_named(lost)}"
            )
    if faults:
        raise DataError(
            "covariates: " + "; ".join(faults) + "; give these values, or leave the covariate out"
        )


def divided(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Divide a frame into its panel and the rows after it that hold what is known ahead.

    A row ahead has no ``y`` and stands after the last value of its series. Without a known covariate there are none,
    and a missing value stays where it is, to be refused.

    Raises
    ------
    DataError
        Series have rows and no value; names them.
    """
    import polars as pl

    if not known_in(frame.columns):
        return frame, frame.clear()
    usable = pl.col("y").is_not_null() & pl.col("y").is_not_nan()
    last = pl.col("time").filter(usable).max().over("series")
    is_ahead = (pl.col("time") > last).fill_null(value=True)
    panel, ahead = frame.filter(~is_ahead), frame.filter(is_ahead)
    bare = ahead.join(panel, on="series", how="anti")["series"].unique().sort().to_list()
    if bare:
        raise DataError(
            f"{len(bare)} series have no value at all: {bounded(bare)}; give their past, or leave them out"
        )
    return panel, ahead


def without_covariates(panel: pl.DataFrame) -> pl.DataFrame:
    """Return the panel of the series alone."""
    return panel.drop(covariates_in(panel.columns))


def with_covariates(panel: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Take the covariates of ``panel`` from ``rows``, which hold them also where no value was; fill from the past.

    A regular panel comes of the rows that have a value. Where one was filled in, the covariate of that stamp may well be
    known; only where it is not, the last one known stands.
    """
    import polars as pl

    names = covariates_in(panel.columns)
    if not names:
        return panel
    there = rows.select("series", "time", *names).unique(
        ["series", "time"], keep="first", maintain_order=True
    )
    joined = panel.drop(names).join(there, on=["series", "time"], how="left", maintain_order="left")
    filled = [pl.col(name).fill_nan(None).forward_fill().over("series") for name in names]
    return joined.with_columns(filled).select(panel.columns)


def with_ahead(panel: pl.DataFrame, ahead: pl.DataFrame | None) -> pl.DataFrame:
    """Set what is known ahead behind the panel."""
    import polars as pl

    if ahead is None or ahead.is_empty():
        return panel
    return pl.concat([panel, ahead.select(panel.columns)])


def rows_ahead(
    rows: pl.DataFrame, panel: pl.DataFrame, horizon: int, wanted: Sequence[str] | None = None
) -> pl.DataFrame:
    """Take what rows say of the ``horizon`` steps after the last value of each series that goes on.

    Parameters
    ----------
    rows
        Columns of the panel; what is known ahead stands in rows without a value.
    panel
        The regular panel made of them.
    horizon
        Number of steps.
    wanted
        Own names of the covariates that a model uses; ``None``: all.

    Returns
    -------
    pl.DataFrame
        The columns of the panel, ``y``, past covariates and static columns null; no row where nothing is known of any
        series after its end.

    Raises
    ------
    DataError
        Something is known, but a covariate is missing for a step, or given twice; lists the pairs of series and time.
    """
    import polars as pl

    names = needed_ahead(panel, wanted)
    nothing = panel.clear()
    if not names:
        return nothing
    steps = steps_ahead(panel, horizon)
    there = rows.join(steps, on=["series", "time"], how="semi").filter(
        pl.any_horizontal(pl.col(names).is_not_null())
    )
    if there.is_empty():
        return nothing
    known = there.select("series", "time", *known_in(panel.columns)).unique(maintain_order=True)
    _require_one_each(known)
    full = steps.join(known, on=["series", "time"], how="left", maintain_order="left")
    _require_known(full, names)
    kinds = {name: kind for name, kind in panel.schema.items() if name not in full.columns}
    return full.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in kinds.items()).select(
        panel.columns
    )


def needed_ahead(panel: pl.DataFrame, wanted: Sequence[str] | None = None) -> tuple[str, ...]:
    """Return the columns that a forecast needs the future of; ``wanted`` are own names, ``None`` all."""
    known = known_in(useful_covariates(panel))
    return tuple(name for name in known if wanted is None or plain(name) in wanted)


def steps_ahead(panel: pl.DataFrame, horizon: int) -> pl.DataFrame:
    """List series and times of the steps to forecast; those of :func:`ended_series` have none."""
    import polars as pl

    ended = ended_series(panel, horizon)
    gone = ended if is_few(ended, panel) else ()
    ends = panel.filter(~pl.col("series").is_in(gone)).group_by("series").agg(pl.col("time").max())
    moved = _moves(panel, horizon)
    steps = pl.concat([ends.with_columns(step) for step in moved]).cast({"time": panel.schema["time"]})
    return steps.sort("series", "time")


def ended_series(panel: pl.DataFrame, horizon: int) -> tuple[str, ...]:
    """Return the series, sorted, whose whole forecast of ``horizon`` steps would lie in the panel's past."""
    import polars as pl

    ends = panel.group_by("series").agg(pl.col("time").max())
    newest = ends["time"].max()
    behind = ends.filter(pl.col("time") < pl.lit(newest, dtype=panel.schema["time"]))
    if behind.is_empty():
        return ()
    last = behind.with_columns(_moves(panel, horizon)[-1])
    return tuple(last.filter(pl.col("time") <= newest)["series"].sort())


def is_few(ended: Sequence[str], panel: pl.DataFrame) -> bool:
    """Say whether so few series ended that they need no forecast: at most ``ENDED_SHARE`` of all."""
    return len(ended) <= ENDED_SHARE * panel["series"].n_unique()


def _moves(panel: pl.DataFrame, horizon: int) -> list[pl.Expr]:
    """Return for each step of the horizon what moves a stamp of the panel so far."""
    import polars as pl

    frequency = detect_frequency(panel)
    month_ends = on_month_ends(panel["time"], frequency)
    moved = [pl.col("time").dt.offset_by(times_of(frequency, step)) for step in range(1, horizon + 1)]
    return [each.dt.month_end() for each in moved] if month_ends else moved


def _require_one_each(known: pl.DataFrame) -> None:
    twice = known.filter(known.select("series", "time").is_duplicated()).unique(["series", "time"])
    if twice.height:
        raise DataError(
            f"covariates of the steps to forecast are given more than once with different values: {_named(twice)}; keep "
            "the right ones"
        )


def _require_known(full: pl.DataFrame, names: Sequence[str]) -> None:
    import polars as pl

    faults = []
    for name in names:
        lost = full.filter(~pl.col(name).is_finite().fill_null(value=False))
        if lost.height:
            faults.append(f"{plain(name)} at {lost.height} pairs of series and time: {_named(lost)}")
    if faults:
        raise DataError(
            "covariates are missing for the steps to forecast: "
            + "; ".join(faults)
            + "; give these values (rows with an "
            "empty target, or future=FILE), or leave the covariate out"
        )


def _named(rows: pl.DataFrame) -> str:
    """Name the first rows by series and stamp."""
    keys = rows.sort("series", "time").select("series", "time").rows()
    return bounded([f"{series} {time:%Y-%m-%dT%H:%MZ}" for series, time in keys], MOST_SHOWN)
