"""What a trained model is made of: configuration and the two kinds of regressor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Protocol, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from penstock.domain.errors import ConfigError
from penstock.domain.values import Json
from penstock.forecasting.objectives import Direction, Objective, objective_faults, objective_params
from penstock.forecasting.targets import Target, Targets, resolve_targets

if TYPE_CHECKING:
    import lightgbm as lgb
    import numpy as np
    from numpy.typing import NDArray

Kind: TypeAlias = Literal["lightgbm", "linear"]
Strategy: TypeAlias = Literal["recursive", "direct", "mixed"]
Share: TypeAlias = Annotated[float, Field(gt=0, le=1)]
NotNegative: TypeAlias = Annotated[float, Field(ge=0)]


class ModelConfig(BaseModel):
    """A regressor and what it learns; the search replaces what its space names.

    Attributes
    ----------
    kind
        ``lightgbm``: trees, one model of all series; ``linear``: ridge, one model for each series unless ``pooled``.
    strategy
        ``recursive`` learns the next step and feeds it back; ``direct`` learns every step of the horizon from what is
        known at the cutoff, for long horizons and quantiles; ``mixed`` averages both and costs both.
    steps
        Steps that ``direct`` and ``mixed`` learn, and so forecast at most; null takes the horizon of the split.
    targets
        How the values are scaled before they are learned; the forecasts of several are averaged.
    objective
        Loss of the trees. ``l1`` forgives outliers, ``l2`` follows them, ``huber`` stands between; ``tweedie`` for
        intermittent demand with ``targets: mean``; ``quantile`` and ``asymmetric`` aim beside the middle.
    quantile
        What ``objective: quantile`` aims at: truth stays below the forecast with this probability.
    overstock_price
        Cost of each unit forecast too much, for ``objective: asymmetric``.
    stockout_price
        Cost of each unit forecast too little, for ``objective: asymmetric``; only the ratio of the prices counts.
    tweedie_power
        How fast the spread grows with the level for ``objective: tweedie``: near 1 for counts, near 2 for amounts.
    monotone
        Columns in which the forecast of one step must never fall (1) or never rise (-1), such as
        ``{temperature: -1}``; needs objective ``l2``, ``huber`` or ``tweedie``.
    n_estimators
        Number of trees. More fit longer; lower ``learning_rate`` with it.
    learning_rate
        Share of each tree that counts. Smaller needs more trees and often ends better.
    num_leaves
        Leaves of a tree. More fit finer shapes, and overfit sooner.
    min_child_samples
        Rows that a leaf needs at least. Raise it for noisy or short data.
    colsample
        Share of columns drawn for each tree; less makes the trees unlike each other.
    subsample
        Share of rows drawn for each tree; less is faster and calmer.
    reg_lambda
        Penalty on the values of leaves; more pulls small leaves towards the mean.
    max_bin
        Bins of a column. Fewer train faster, more see finer differences.
    max_rows
        Rows that trees learn from at most, drawn evenly over series and time; null takes all. Fewer train faster.
    alpha
        Penalty of the ridge on standardised columns, for each row of training data.
    pooled
        Whether one ridge learns all series; for many short and similar ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = "lightgbm"
    strategy: Strategy = "recursive"
    steps: Annotated[int, Field(ge=1, le=10_000)] | None = None
    targets: Targets = "auto"
    objective: Objective = "l1"
    quantile: Annotated[float, Field(gt=0, lt=1)] = 0.9
    overstock_price: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    stockout_price: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    tweedie_power: Annotated[float, Field(gt=1, lt=2)] = 1.5
    monotone: dict[str, Direction] = Field(default_factory=dict)
    n_estimators: Annotated[int, Field(ge=1, le=20_000)] = 200
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.08
    num_leaves: Annotated[int, Field(ge=2, le=4096)] = 31
    min_child_samples: Annotated[int, Field(ge=1)] = 20
    colsample: Share = 0.8
    subsample: Share = 0.8
    reg_lambda: NotNegative = 1.0
    max_bin: Annotated[int, Field(ge=2, le=255)] = 63
    max_rows: Annotated[int, Field(ge=100)] | None = None
    alpha: NotNegative = 1e-3
    pooled: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if faults := objective_faults(self):
            raise ValueError("; ".join(faults))
        return self

    def resolved(self, seasons: Sequence[int]) -> ModelConfig:
        """Replace ``targets: auto`` by what the seasons suggest, or by ``mean`` for ``tweedie``."""
        if self.objective == "tweedie" and self.targets == "auto":
            return self.model_copy(update={"targets": (Target(scale="mean"),)})
        return self.model_copy(update={"targets": resolve_targets(self.targets, seasons)})

    def for_horizon(self, horizon: int | None) -> ModelConfig:
        """Replace ``steps: null`` by the horizon, where the strategy needs to know it."""
        known = self.strategy == "recursive" or self.steps is not None
        return self if known else self.model_copy(update={"steps": horizon})

    @property
    def members(self) -> tuple[Target, ...]:
        """What each member of the ensemble learns: the targets, once for each way to get beyond the next step.

        ``targets: auto`` counts as a panel without seasons.

        Raises
        ------
        ConfigError
            ``direct`` or ``mixed`` and nobody has said how many steps.
        """
        targets = self.targets if self.targets != "auto" else self.resolved(()).targets
        named = () if targets == "auto" else targets
        if self.strategy == "recursive" and not any(each.ahead for each in named):
            return named
        if self.strategy != "recursive" and self.steps is None:
            raise ConfigError(
                f"model.strategy {self.strategy} needs to know how many steps to learn: give model.steps, or the "
                "horizon where the model is fitted"
            )
        reaches = {"recursive": (0,), "direct": (self.steps,), "mixed": (0, self.steps)}[self.strategy]
        return tuple(each.model_copy(update={"ahead": reach}) for reach in reaches for each in named)


def lightgbm_params(model: ModelConfig, *, seed: int, threads: int) -> dict[str, Json]:
    """Translate a configuration to LightGBM's names, with everything that makes two trainings equal."""
    return {
        **objective_params(model),
        "learning_rate": model.learning_rate,
        "num_leaves": model.num_leaves,
        "min_data_in_leaf": model.min_child_samples,
        "feature_fraction": model.colsample,
        "bagging_fraction": model.subsample,
        "bagging_freq": int(model.subsample < 1),
        "lambda_l2": model.reg_lambda,
        **dataset_params(model.max_bin, threads=threads),
        "seed": seed,
        "deterministic": True,
        "verbosity": -1,
    }


def dataset_params(max_bin: int, *, threads: int) -> dict[str, Json]:
    """Return the parameters that decide how LightGBM bins; every trial on one binned dataset shares them."""
    return {
        "max_bin": max_bin,
        "feature_pre_filter": False,
        "force_row_wise": True,
        "num_threads": threads,
        "verbosity": -1,
    }


class Regressor(Protocol):
    """One member of a model, ready to predict rows of the feature matrix."""

    def predict(self, matrix: NDArray[np.float32], series: NDArray[np.int64]) -> NDArray[np.float64]:
        """Predict (N,) from ``matrix`` (N, columns) and each row's series code (N,); -1 is an unknown series."""
        ...


@dataclass(frozen=True, kw_only=True)
class Trees:
    """LightGBM as a regressor."""

    booster: lgb.Booster
    threads: int

    def predict(self, matrix: NDArray[np.float32], series: NDArray[np.int64]) -> NDArray[np.float64]:  # noqa: ARG002
        """Predict (N,); the series is one of the columns already."""
        import numpy as np

        return np.asarray(self.booster.predict(matrix, num_threads=self.threads), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Ridge:
    """Linear regression with a squared penalty.

    ``weights`` is (G, D) over standardised columns, ``intercept`` (G,), ``centre`` and ``spread`` (G, D), for G
    groups: one for each series, or one of all. A categorical column enters as one column for each of ``levels``.
    """

    weights: NDArray[np.float64]
    intercept: NDArray[np.float64]
    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    levels: tuple[tuple[int, tuple[float, ...]], ...]

    def predict(self, matrix: NDArray[np.float32], series: NDArray[np.int64]) -> NDArray[np.float64]:
        """Predict (N,)."""
        import numpy as np

        group = np.zeros_like(series) if len(self.weights) == 1 else series
        design = (one_hot(matrix, self.levels) - self.centre[group]) / self.spread[group]
        return np.asarray((design * self.weights[group]).sum(axis=1) + self.intercept[group])


def one_hot(
    matrix: NDArray[np.float32], levels: Sequence[tuple[int, Sequence[float]]]
) -> NDArray[np.float64]:
    """Replace the listed columns by one 0/1 column for each of their levels, set behind the others."""
    import numpy as np

    listed = [column for column, _ in levels]
    plain = np.delete(matrix, listed, axis=1).astype(np.float64)
    flags = [matrix[:, [column]] == np.array(values, dtype=np.float32) for column, values in levels]
    return np.concatenate([plain, *(flag.astype(np.float64) for flag in flags)], axis=1)
