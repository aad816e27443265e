"""The errors that intervals are made of: rolling origins at the end of the training part, by a model that ends before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from penstock.domain.errors import DataError
from penstock.evaluation.bands import Bands, levels_of
from penstock.evaluation.scales import naive_scales
from penstock.evaluation.splits import panel_times, up_to
from penstock.forecasting.conformal import MIN_ORIGINS
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.intervals import Calibration
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.panel import long_enough
from penstock.forecasting.rehearsal import Promise, Rehearsal, static
from penstock.forecasting.training import fit

if TYPE_CHECKING:
    import polars as pl

FORECASTS = ("series", "cutoff", "step", "y", "prediction")

LARGEST_SHARE = 1 / 3
"""Share of the training part that the origins may take; the rest is left to the model that forecasts from them."""


def _rising(levels: tuple[float, ...]) -> tuple[float, ...]:
    if list(levels) != sorted(set(levels)):
        raise ValueError(
            f"levels must rise without repeats, got {', '.join(f'{level:g}' for level in levels)}"
        )
    return levels


class IntervalsConfig(BaseModel):
    """Which prediction intervals a forecast gets, and from which errors they are made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    levels: Annotated[
        tuple[Annotated[float, Field(gt=0, lt=1)], ...],
        AfterValidator(_rising),
    ] = Field(
        default=(0.9,),
        description="Shares of the truths that the intervals shall hold; each gives two columns, such as lower_90 and "
        "upper_90. None: no intervals, and a faster run.",
    )
    quantiles: Annotated[
        tuple[Annotated[float, Field(gt=0, lt=1)], ...],
        AfterValidator(_rising),
    ] = Field(
        default=(),
        description="Quantiles to forecast and score by pinball loss, such as [0.015,0.25,0.5,0.75,0.95,0.99], where a "
        "decision hangs on one. Each is a bound: 0.05 is lower_90, so levels are added as they need.",
    )
    price: str | None = Field(
        default=None,
        description="Static column with the price of a unit of each series; pinball losses are then told in money too.",
    )
    origins: Annotated[int, Field(ge=MIN_ORIGINS)] = Field(
        default=28,
        description="Cutoffs at the end of the training part whose errors are taken; fewer where they would take more "
        "than a third of it. More make the intervals surer and their model older.",
    )
    every: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Steps between two of these origins; none: as in the final window."
    )
    fits: Annotated[int, Field(ge=1)] = Field(
        default=2,
        description="Models that take turns at these origins, each fitted up to the first of its own; more make errors "
        "that are less those of an old model, and a slower run.",
    )
    max_rows: Annotated[int, Field(ge=100)] | None = Field(
        default=20_000,
        description="Rows that the trees behind these errors learn from at most; null: as many as the model. Fewer are "
        "faster and make the intervals a little wide.",
    )

    memory: Annotated[float, Field(gt=0)] | None = Field(
        default=14.0,
        description="Windows after which an error counts half, as intervals follow what becomes known; fewer follow "
        "faster and shake more. Null: all errors of these origins count alike, and no later ones.",
    )

    @property
    def promise(self) -> Promise:
        """Return what the intervals shall hold, and how errors fade."""
        levels = tuple(sorted({*self.levels, *levels_of(self.quantiles)}))
        return Promise(levels=levels, memory=self.memory)

    @property
    def bands(self) -> Bands:
        """Return which quantiles are scored, and by which prices."""
        return Bands(quantiles=self.quantiles, price=self.price)

    def spaced(self, every: int) -> IntervalsConfig:
        """Return the configuration with ``every`` steps between origins, unless it names its own."""
        return self if self.every else self.model_copy(update={"every": every})


@dataclass(frozen=True, kw_only=True)
class CalibrationPlan:
    """Where to calibrate, and how: ``every`` steps apart, windows of ``horizon`` steps that end by ``train_end``.

    ``season`` is that of the naive whose in-sample error is a series' unit.
    """

    config: IntervalsConfig
    train_end: datetime
    horizon: int
    every: int
    season: int


def rehearse(panel: pl.DataFrame, model: ForecastModel, plan: CalibrationPlan) -> Rehearsal:
    """Fit the configuration of ``model`` on the start of the training part and forecast origins after that.

    Parameters
    ----------
    panel
        Panel frame; nothing after ``plan.train_end`` is read.
    model
        The judged model: columns, targets, parameters, seed and threads are taken from it, not what it learned.
    plan
        Levels and origins.

    Returns
    -------
    Rehearsal
        Without forecasts, and with a note, where the training part is too short.
    """
    known = up_to(panel, plan.train_end)
    cutoffs = calibration_cutoffs(panel_times(known), plan, model.history)
    if len(cutoffs) < MIN_ORIGINS:
        return _nothing(known, _no_room(len(cutoffs), plan.every))
    try:
        return _rehearsed(known, model, cutoffs, plan)
    except DataError as error:
        return _nothing(known, f"no intervals: {error}")


def calibrate(panel: pl.DataFrame, model: ForecastModel, plan: CalibrationPlan) -> Calibration:
    """Learn from the errors of a rehearsal, each of which counts alike: intervals as the training part ends.

    Returns
    -------
    Calibration
        Without levels, and with a note, where the training part is too short.
    """
    return static(rehearse(panel, model, plan), plan.config.promise.levels)


def calibration_cutoffs(times: pl.Series, plan: CalibrationPlan, history: int) -> tuple[datetime, ...]:
    """Return the cutoffs, ascending; the last window ends with the training part.

    Parameters
    ----------
    times
        Sorted, unique stamps of the training part.
    plan
        How many origins at most, how far apart.
    history
        Values that the model looks back on: it must have one row more to learn from before the first cutoff.
    """
    last = len(times) - 1 - plan.horizon
    room = min(last - history, math.floor(len(times) * LARGEST_SHARE) - plan.horizon)
    origins = min(plan.config.origins, room // plan.every + 1)
    return tuple(times[last - back * plan.every] for back in reversed(range(origins))) if room >= 0 else ()


def _rehearsed(
    known: pl.DataFrame, model: ForecastModel, cutoffs: Sequence[datetime], plan: CalibrationPlan
) -> Rehearsal:
    import polars as pl

    parts = [_forecast(known, model, group, plan) for group in in_turns(cutoffs, plan.config.fits)]
    names = known.select(pl.col("series").unique().sort())["series"]
    return Rehearsal(
        forecasts=pl.concat(parts).select(FORECASTS),
        units=_naive_errors(known, names, cutoffs[0], plan.season),
    )


def _nothing(known: pl.DataFrame, note: str) -> Rehearsal:
    import polars as pl

    empty = known.clear().select(
        "series", cutoff="time", step=pl.lit(1, dtype=pl.Int32), y="y", prediction=pl.col("y")
    )
    return Rehearsal(forecasts=empty, units={}, notes=(note,))


def in_turns(cutoffs: Sequence[datetime], fits: int) -> list[Sequence[datetime]]:
    """Divide the cutoffs among the fits, in order; their numbers differ by one at most."""
    fits = min(fits, len(cutoffs))
    ends = [len(cutoffs) * turn // fits for turn in range(fits + 1)]
    return [cutoffs[start:end] for start, end in pairwise(ends)]


def _forecast(
    known: pl.DataFrame, model: ForecastModel, cutoffs: Sequence[datetime], plan: CalibrationPlan
) -> pl.DataFrame:
    """Fit on what was known at the first of the cutoffs, and forecast after each."""
    earlier, _ = long_enough(up_to(known, cutoffs[0]), model.history + 1)
    if earlier.is_empty():
        raise DataError(
            f"no series has the {model.history + 1} values up to {cutoffs[0]} that the model needs"
        )
    lighter = _lighter(model, plan.config.max_rows)
    fitted = fit(earlier, model.features, lighter, seed=model.seed, threads=model.threads)
    looked_at = _looked_at(known, fitted.series, cutoffs[0], model.history)
    return fitted.predict_origins(looked_at, cutoffs, plan.horizon)


def _no_room(origins: int, every: int) -> str:
    return (
        f"no intervals: the training part has room for {origins} origins every {every} steps beside the history that "
        f"the model needs, and at least {MIN_ORIGINS} are needed; give more data, or lower intervals.every"
    )


def _lighter(model: ForecastModel, max_rows: int | None) -> ModelConfig:
    """Return the configuration with fewer rows for trees; a ridge of each series has none to spare."""
    config = model.model
    if max_rows is None or config.kind != "lightgbm":
        return config
    return config.model_copy(update={"max_rows": min(config.max_rows or max_rows, max_rows)})


def _looked_at(known: pl.DataFrame, series: Sequence[str], first: datetime, history: int) -> pl.DataFrame:
    """Keep the rows that the windows look back on or are scored against."""
    import polars as pl

    times = panel_times(known)
    start = times[max(int(times.search_sorted(first)) - history + 1, 0)]
    return known.filter(pl.col("time") >= start, pl.col("series").is_in(list(series)))


def _naive_errors(
    known: pl.DataFrame, names: pl.Series, first: datetime, season: int
) -> dict[str, float | None]:
    """Return each series' unit as it was known at the first origin; of the whole training part where it began later."""
    import polars as pl

    early, late = (naive_scales(known, season, end) for end in (first, known["time"].max()))  # type: ignore[arg-type] # a column of moments
    joined = early.join(late, on="series", suffix="_late", maintain_order="left")
    units = joined.select("series", unit=pl.coalesce("mae_scale", "mae_scale_late")).drop_nulls()
    found = names.to_frame().join(units, on="series", maintain_order="left")
    return dict(zip(found["series"].to_list(), found["unit"].to_list(), strict=True))
