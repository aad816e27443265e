"""Prediction intervals as values: what they are made of, and forecasts with them; see ``conformal``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from penstock.domain.errors import DataError, bounded

if TYPE_CHECKING:
    from typing import Self

    import polars as pl

    from penstock.evaluation.predictor import Forecaster

PARAMETER = "intervals"
"""Under this name a bundle's ``inference.json`` keeps a calibration."""


class Calibration(BaseModel):
    """What intervals are made of: plain numbers, which a bundle holds as JSON.

    ``levels`` rise, and ``widths`` with them, in scores. ``spread`` has one entry for each step of the horizon.
    ``scales`` maps series to the size of their errors in the unit of the target; a series that is absent has no
    intervals. ``residuals`` counts errors, ``windows`` pairs of series and origin; ``first`` and ``last`` are the
    outer cutoffs (UTC). ``notes`` say which levels, series or everything could not be calibrated, and why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    levels: tuple[float, ...] = ()
    widths: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()
    scales: dict[str, float] = {}
    residuals: int = 0
    windows: int = 0
    origins: int = 0
    first: datetime | None = None
    last: datetime | None = None
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        falling = sorted(set(self.levels)) != list(self.levels) or sorted(self.widths) != list(self.widths)
        numbers = (*self.widths, *self.spread, *self.scales.values())
        if falling or len(self.levels) != len(self.widths):
            raise ValueError("levels and widths must go together and rise")
        if not all(0 < level < 1 for level in self.levels):
            raise ValueError("levels must lie between 0 and 1")
        if not all(math.isfinite(number) and number >= 0 for number in numbers):
            raise ValueError("widths, spread and scales must be finite and not below 0")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns that ``with_bounds`` adds."""
        return tuple(name for level in self.levels for name in bound_names(level))

    def with_bounds(self, predictions: pl.DataFrame) -> pl.DataFrame:
        """Put ``lower_90`` and ``upper_90`` (for each level) beside predictions.

        Parameters
        ----------
        predictions
            Frame with ``series``, ``step`` (1 …) and ``prediction``, in any order.

        Returns
        -------
        pl.DataFrame
            The same rows in the same order, bounds next to the prediction. It lies inside, and a lower level inside
            a higher one. Bounds are null beyond the steps that were calibrated and for series without a scale.
        """
        import polars as pl

        if not self.levels:
            return predictions
        unit = pl.col("series").replace_strict(self.scales, default=None, return_dtype=pl.Float64) * pl.col(
            "step"
        ).cast(pl.Int64).replace_strict(
            dict(enumerate(self.spread, start=1)), default=None, return_dtype=pl.Float64
        )
        bounds = [
            (pl.col("prediction") + sign * width * unit).alias(name)
            for level, width in zip(self.levels, self.widths, strict=True)
            for sign, name in zip((-1, 1), bound_names(level), strict=True)
        ]
        place = predictions.columns.index("prediction") + 1
        return predictions.select(*predictions.columns[:place], *bounds, *predictions.columns[place:])


def bound_names(level: float) -> tuple[str, str]:
    """Return the names of the columns of one level: ``lower_90`` and ``upper_90`` for 0.9."""
    percent = f"{100 * level:.10g}"
    return f"lower_{percent}", f"upper_{percent}"


def calibration_of(parameters: Mapping[str, Any]) -> Calibration:
    """Return the calibration among a bundle's parameters; an empty one where there is none.

    Raises
    ------
    DataError
        It cannot be used.
    """
    try:
        return Calibration.model_validate(parameters.get(PARAMETER) or {})
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        raise DataError(
            f"the intervals of the bundle cannot be used ({bounded(faults)}); package the model again"
        ) from error


@dataclass(frozen=True, kw_only=True)
class Bounded:
    """A forecaster whose forecasts have intervals."""

    model: Forecaster
    calibration: Calibration

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        """Forecast as the model does, with the bounds of ``Calibration.with_bounds`` beside."""
        return self.calibration.with_bounds(self.model.predict(history, horizon))


def with_intervals(model: Forecaster, parameters: Mapping[str, Any]) -> Forecaster:
    """Return the model of a bundle with the intervals that its parameters hold, or itself where they hold none.

    Raises
    ------
    DataError
        They cannot be used.
    """
    calibration = calibration_of(parameters)
    return Bounded(model=model, calibration=calibration) if calibration.levels else model
