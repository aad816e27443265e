"""The toy training pipeline of eight steps as a Penstock system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from penstock.domain.results import Summary
from penstock.engine import pipeline, step
from penstock.systems.shared.system import System
from toy.helpers import enriched

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from sklearn.linear_model import Ridge

NAMES = ["x1", "x2", "x3", "x4", "x5"]


class Train(BaseModel):
    """What training can be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alpha: float = Field(default=1.0, gt=0, description="Strength of the penalty.")


class Config(BaseModel):
    """What the toy can be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(default=200_000, gt=0, description="Rows to make.")
    seed: int = Field(default=7, description="Seed of the rows.")
    test_share: float = Field(default=0.2, gt=0, lt=1, description="Share of the rows to test on.")
    train: Train = Field(default_factory=Train, description="The model.")


@step(stage="acquire")
def make(rows: int, seed: int) -> pl.DataFrame:
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 5))
    y = x @ [3.0, -2.0, 1.0, 0.5, 0.0] + 0.3 * x[:, 0] ** 2 + rng.normal(size=rows)
    x[rng.random((rows, 5)) < 0.001] = np.nan
    return pl.DataFrame(dict(zip(NAMES, x.T, strict=True))).with_columns(y=y)


@step(stage="prepare")
def clean(table: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return table.filter(pl.all_horizontal(pl.col(NAMES).is_not_nan()))


@step(stage="prepare")
def features(table: pl.DataFrame) -> pl.DataFrame:
    return enriched(table, NAMES)


@step(stage="prepare")
def split(table: pl.DataFrame, test_share: float) -> dict[str, pl.DataFrame]:
    edge = round(table.height * (1 - test_share))
    return {"train": table[:edge], "test": table[edge:]}


@step(stage="train")
def train(parts: dict[str, pl.DataFrame], alpha: float) -> Ridge:
    from sklearn.linear_model import Ridge

    part = parts["train"]
    return Ridge(alpha=alpha).fit(part.select(NAMES).to_numpy(), part["y"].to_numpy())


@step(stage="evaluate")
def predict(model: Ridge, parts: dict[str, pl.DataFrame]) -> np.ndarray:
    return model.predict(parts["test"].select(NAMES).to_numpy())


@step(stage="evaluate")
def evaluate(predictions: np.ndarray, parts: dict[str, pl.DataFrame]) -> dict[str, float]:
    errors = parts["test"]["y"].to_numpy() - predictions
    return {"mae": float(abs(errors).mean()), "rmse": float((errors**2).mean() ** 0.5)}


@step(stage="report")
def report(metrics: dict[str, float], model: Ridge) -> Summary:
    weights = ", ".join(f"{name} {weight:.6f}" for name, weight in zip(NAMES, model.coef_, strict=True))
    return Summary(headline=f"Ridge: {weights}", metrics={"ridge": metrics})


@pipeline(name="toy")
def toy(cfg: Config) -> dict[str, object]:
    parts = split(features(clean(make(cfg.rows, cfg.seed))), cfg.test_share)
    model = train(parts, cfg.train.alpha)
    metrics = evaluate(predict(model, parts), parts)
    return {"summary": report(metrics, model)}


SYSTEM = System(
    name="toy", title="Eight steps to a Ridge", folder=Path(__file__).parent, config=Config, train=toy
)
