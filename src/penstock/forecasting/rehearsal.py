"""Forecasts of origins whose truth is known, and the intervals that follow from their errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from penstock.forecasting.adaptive import Followed, Trail, follow
from penstock.forecasting.conformal import Errors, calibrated, no_unit, untold
from penstock.forecasting.intervals import Calibration, bound_names

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What a model of the same configuration said at rolling origins of the training part, beside what happened.

    ``forecasts`` has ``series``, ``cutoff``, ``step``, ``y`` and ``prediction``. ``units`` are the in-sample
    errors of the seasonal naive of every series, ``None`` where it never errs. ``notes`` say why there are no forecasts.
    """

    forecasts: pl.DataFrame
    units: dict[str, float | None]
    notes: tuple[str, ...] = ()

    @property
    def cutoffs(self) -> list[datetime]:
        """Return the origins, ascending."""
        return list(self.forecasts["cutoff"].unique().sort().to_list())


@dataclass(frozen=True, kw_only=True)
class Promise:
    """The levels of intervals, and after how many windows an error counts half; ``None``: all count alike."""

    levels: tuple[float, ...]
    memory: float | None


def static(rehearsal: Rehearsal, levels: Sequence[float]) -> Calibration:
    """Return the calibration in which every error of the rehearsal counts alike."""
    if rehearsal.notes:
        return Calibration(notes=rehearsal.notes)
    cutoffs = rehearsal.cutoffs
    found = calibrated(_errors(rehearsal.forecasts, rehearsal.units, cutoffs), levels)
    return found.model_copy(update={"first": cutoffs[0], "last": cutoffs[-1]})


def settled(rehearsal: Rehearsal, judged: pl.DataFrame, times: pl.Series, promise: Promise) -> Calibration:
    """Return the calibration for forecasts to come: it knows the errors of the final window too.

    Parameters
    ----------
    rehearsal
        Errors of the training part.
    judged
        Forecasts of the final window, with the columns of the rehearsal's.
    times
        Sorted, unique stamps of the panel.
    promise
        Levels and memory; without memory only the rehearsal counts.
    """
    before = static(rehearsal, promise.levels)
    if promise.memory is None or not before.spread:
        return before
    both = _both(rehearsal, judged)
    cutoffs = both["cutoff"].unique().sort().to_list()
    found = _followed(rehearsal, both, times, promise)
    return _last(found, _errors(both, rehearsal.units, cutoffs), promise.levels).model_copy(
        update={"origins": len(cutoffs), "first": cutoffs[0], "last": cutoffs[-1]}
    )


def with_followed_bounds(
    rehearsal: Rehearsal, judged: pl.DataFrame, times: pl.Series, promise: Promise
) -> pl.DataFrame:
    """Put bounds around the forecasts of the final window, at each cutoff by the errors that were known then.

    Returns
    -------
    pl.DataFrame
        ``judged`` in its order, with ``lower_90`` and ``upper_90`` (for each level) next to the prediction; null for
        series without a unit and where a level could not be told yet, and absent where it never could.
    """
    import polars as pl

    before = static(rehearsal, promise.levels)
    if promise.memory is None or not before.spread:
        return before.with_bounds(judged)
    found = _followed(rehearsal, _both(rehearsal, judged), times, promise)
    cutoffs = judged["cutoff"].unique().sort().to_list()
    half = found.half_widths[_places(judged, _names(judged, rehearsal.units), cutoffs)]
    columns = [
        (pl.col("prediction") + sign * pl.Series(half[:, place])).fill_nan(None).alias(name)
        for place, level in enumerate(promise.levels)
        if _finite(half[:, place])
        for sign, name in zip((-1, 1), bound_names(level), strict=True)
    ]
    at = judged.columns.index("prediction") + 1
    return judged.select(*judged.columns[:at], *columns, *judged.columns[at:])


def _followed(rehearsal: Rehearsal, both: pl.DataFrame, times: pl.Series, promise: Promise) -> Followed:
    import numpy as np

    cutoffs = both["cutoff"].unique().sort()
    places = np.asarray(times.search_sorted(cutoffs).to_numpy(), dtype=np.int64)
    errors = _errors(both, rehearsal.units, cutoffs.to_list())
    trail = Trail(errors=errors, places=places, before=len(rehearsal.cutoffs))
    return follow(trail, promise.levels, promise.memory or 1.0)


def _last(found: Followed, errors: Errors, levels: Sequence[float]) -> Calibration:
    """Return what a forecast after everything known is bounded with."""
    import numpy as np

    widths = dict(zip(levels, found.widths[-1].tolist(), strict=True))
    told = {level: width for level, width in widths.items() if np.isfinite(width)}
    scales = dict(zip(errors.series, found.scales[:, -1].tolist(), strict=True))
    dropped = [name for name, scale in scales.items() if not np.isfinite(scale)]
    notes = [no_unit(dropped)] if dropped else []
    notes += [untold(level, found.windows) for level in widths if level not in told]
    return Calibration(
        levels=tuple(told),
        widths=tuple(told.values()),
        spread=tuple(found.spread[-1].tolist()),
        scales={name: scale for name, scale in scales.items() if np.isfinite(scale)},
        residuals=found.residuals,
        windows=found.windows,
        notes=tuple(notes),
    )


def _both(rehearsal: Rehearsal, judged: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    columns = rehearsal.forecasts.columns
    return pl.concat([rehearsal.forecasts, judged.select(columns)])


def _names(forecasts: pl.DataFrame, units: dict[str, float | None]) -> tuple[str, ...]:
    return tuple(sorted({*units, *forecasts["series"].unique().to_list()}))


def _errors(forecasts: pl.DataFrame, units: dict[str, float | None], cutoffs: Sequence[datetime]) -> Errors:
    """Lay absolute errors out as (S, O, H), NaN where unknown."""
    import numpy as np
    import polars as pl

    names = _names(forecasts, units)
    horizon = int(forecasts["step"].max())  # type: ignore[arg-type] # an integer column
    absolute = np.full((len(names), len(cutoffs), horizon), np.nan)
    errors = forecasts.select((pl.col("y") - pl.col("prediction")).abs().fill_null(float("nan"))).to_series()
    absolute[_places(forecasts, names, cutoffs)] = errors.to_numpy()
    found = np.array([units.get(name) for name in names], dtype=np.float64)
    return Errors(series=names, units=found, absolute=absolute)


def _places(
    forecasts: pl.DataFrame, names: Sequence[str], cutoffs: Sequence[datetime]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return where each row stands: number of series, of cutoff, and of step."""
    import polars as pl

    of_series = dict(zip(names, range(len(names)), strict=True))
    places = forecasts.select(
        pl.col("series").replace_strict(of_series, return_dtype=pl.Int64),
        pl.col("cutoff").replace_strict(list(cutoffs), list(range(len(cutoffs))), return_dtype=pl.Int64),
        pl.col("step").cast(pl.Int64) - 1,
    )
    return places["series"].to_numpy(), places["cutoff"].to_numpy(), places["step"].to_numpy()


def _finite(half: NDArray[np.float64]) -> bool:
    import numpy as np

    return bool(np.isfinite(half).any())
