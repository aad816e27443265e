"""The configuration that all forecasting systems share."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from penstock.domain.timezones import TimeZone
from penstock.evaluation.bands import MEDIAN
from penstock.evaluation.costs import CostConfig
from penstock.evaluation.metrics import PointMetric
from penstock.evaluation.splits import SplitConfig
from penstock.forecasting.calibration import IntervalsConfig
from penstock.forecasting.export.config import ExportConfig
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.objectives import quantile_of
from penstock.forecasting.replay.config import ReplayConfig
from penstock.forecasting.tuning import TuneConfig
from penstock.proving.promotion import PromotionConfig
from penstock.proving.runner import ChecksConfig
from penstock.quality.config import QualityConfig
from penstock.release.registry import model_name
from penstock.systems.shared.ladders import DEFAULT_LADDER, Rungs


def _a_name_or_none(name: str) -> str:
    return model_name(name) if name else name


class ForecastingConfig(BaseModel):
    """What every forecasting system can be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, AfterValidator(_a_name_or_none)] = Field(
        default="",
        description="Name of dataset and model; empty: the system's own. Changes with the data set.",
    )
    dataset: str = Field(
        default="",
        description="Dataset version to learn from or to forecast after, such as denmark@v3; empty: what the source "
        "shows now. Name one to train on data of the past again.",
    )
    seed: Annotated[int, Field(ge=0)] = Field(
        default=7,
        description="Seed of everything that draws numbers; another seed tests how stable a result is.",
    )
    threads: Annotated[int, Field(ge=1, le=256)] = Field(
        default=2, description="Threads of a training; part of the fingerprint, because sums depend on it."
    )
    horizon: Annotated[int, Field(ge=1)] = Field(
        default=24, description="Steps to forecast; changes with what the forecast is used for."
    )
    metric: PointMetric = Field(
        default="mape", description="Metric that judges the ladder and is shown first; MASE stands beside it."
    )
    features: FeatureConfig = Field(
        default_factory=FeatureConfig, description="Columns of the model: the axis people experiment on most."
    )
    model: ModelConfig = Field(
        default_factory=ModelConfig, description="The regressor before tuning; the best trial replaces it."
    )
    ladder: Rungs = Field(
        default=DEFAULT_LADDER,
        description="Baselines the model must beat; fewer make a faster run. `full` adds the automatic classical models "
        "and the untuned presets.",
    )
    rung_limit_s: Annotated[float, Field(gt=0)] = Field(
        default=60.0,
        description="Seconds that AutoETS, AutoTheta and AutoARIMA may take each; one that is not done by then is "
        "skipped. Raise it to see them on many or long series.",
    )
    split: SplitConfig = Field(
        default_factory=SplitConfig, description="Final window and folds: more origins, surer numbers."
    )
    tune: TuneConfig = Field(
        default_factory=TuneConfig, description="Search of the model's parameters: budget, method, space."
    )
    search: bool = Field(
        default=True, description="Whether to tune; false trains `model` as given, such as a best_config."
    )
    intervals: IntervalsConfig = Field(
        default_factory=IntervalsConfig,
        description="Prediction intervals: levels, and whose errors make them.",
    )
    cost: CostConfig | None = Field(
        default=None,
        description="What errors cost: with two prices every rung has a cost, and the run says what the model saves. "
        "Give it where too much and too little do not cost the same.",
    )
    export: ExportConfig = Field(
        default_factory=ExportConfig,
        description="ONNX beside the native model: whether, which of both predicts, how far they may be apart.",
    )
    quality: QualityConfig = Field(
        default_factory=QualityConfig, description="What the data may look like before they are refused."
    )
    checks: ChecksConfig = Field(
        default_factory=ChecksConfig,
        description="Properties the trained model must have; a failed assertion stops the registration.",
    )
    promotion: PromotionConfig = Field(
        default_factory=PromotionConfig,
        description="What a release must show before `champion` or another alias that serves may stand for it.",
    )
    replay: ReplayConfig = Field(
        default_factory=ReplayConfig,
        description="How a replay groups its slots, and when it would have raised an alarm.",
    )
    unit: str = Field(default="", description="Unit of the target, for labels.")
    timezone: TimeZone = Field(
        default="UTC", description="Zone of stamps without one, and clock that reports show; storage is UTC."
    )
    price_per_cpu_hour: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Price of one processor hour; with it, every step shows its cost."
    )
    currency: str = Field(default="EUR", description="Currency of the price.")

    @property
    def looks_ahead(self) -> bool:
        """Whether rows may say what is known ahead: covariates of the steps to forecast."""
        return False

    @model_validator(mode="after")
    def _lag_from_a_moment(self) -> Self:
        if self.quality.lag_days is not None and self.quality.as_of is None:
            raise ValueError(
                f"quality.lag_days={self.quality.lag_days:g} needs quality.as_of: the moment it counts back from, "
                "such as 2026-11-21T06:00:00Z"
            )
        return self

    @model_validator(mode="after")
    def _money_by_a_price(self) -> Self:
        if self.tune.money is not None and not self.price_per_cpu_hour:
            raise ValueError(
                f"tune.money={self.tune.money:g} needs price_per_cpu_hour above 0: what one processor hour costs, such as "
                "0.04"
            )
        return self

    @model_validator(mode="after")
    def _quantiles_around_the_middle(self) -> Self:
        aim = quantile_of(self.model)
        if self.intervals.quantiles and aim != MEDIAN:
            raise ValueError(
                f"intervals.quantiles are bounds around a forecast of the median, and with objective {self.model.objective} "
                f"the forecast aims at the {aim:g}-quantile; drop intervals.quantiles, or use objective l1 or l2"
            )
        return self
