"""The rungs of the ladder: baselines and models behind one protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel, history_needed
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.naive import Drift, MovingAverage, SeasonalNaive
from penstock.forecasting.panel import detect_frequency, require_length
from penstock.forecasting.targets import Target
from penstock.forecasting.training import fit, resolve

if TYPE_CHECKING:
    import polars as pl

RungKind: TypeAlias = Literal["seasonal_naive", "moving_average", "drift", "model"]
FittedRung: TypeAlias = SeasonalNaive | MovingAverage | Drift | ForecastModel


class RungConfig(BaseModel):
    """One rung: a naive forecaster that looks ``steps`` back (season or window), or a model with its features."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: RungKind
    steps: Annotated[int, Field(ge=1)] | None = None
    features: FeatureConfig | None = None
    model: ModelConfig | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "model" and (self.features is None or self.model is None):
            raise ValueError(f"rung {self.name}: kind model needs features and model")
        if self.kind != "model" and self.steps is None:
            raise ValueError(f"rung {self.name}: kind {self.kind} needs steps")
        if self.kind == "drift" and self.steps == 1:
            raise ValueError(f"rung {self.name}: drift needs steps of 2 or more")
        return self

    def rows_needed(self, panel: pl.DataFrame) -> int:
        """Count the rows that a series of ``panel`` needs for the rung to be fitted on it."""
        if self.features is None or self.model is None:
            return self.steps or 1
        return history_needed(*resolve(panel, self.features, self.model)) + 1


def seasonal_linear(season: int) -> ModelConfig:
    """Return ridge for each series on the difference to the value one season ago, in standard deviations."""
    target = Target(scale="standardise", against="lag", steps=season)
    return ModelConfig(kind="linear", targets=(target,))


def fit_rung(panel: pl.DataFrame, rung: RungConfig, *, seed: int, threads: int) -> FittedRung:
    """Fit a rung on the training part.

    Raises
    ------
    DataError
        A series is too short for it, or the data cannot be learned from; names the series.
    """
    if rung.features is not None and rung.model is not None:
        return fit(panel, rung.features, rung.model, seed=seed, threads=threads)
    steps = rung.steps or 1
    require_length(panel, steps, f"the rung {rung.name}")
    frequency = detect_frequency(panel)
    if rung.kind == "seasonal_naive":
        return SeasonalNaive(season=steps, frequency=frequency)
    if rung.kind == "drift":
        return Drift(window=steps, frequency=frequency)
    return MovingAverage(window=steps, frequency=frequency)
