"""The toy training pipeline of eight steps as Apache Hamilton's functions: a node each, wired by parameter names."""

from __future__ import annotations

import numpy as np
import polars as pl
from helpers import enriched
from sklearn.linear_model import Ridge

NAMES = ["x1", "x2", "x3", "x4", "x5"]


def made(rows: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 5))
    y = x @ [3.0, -2.0, 1.0, 0.5, 0.0] + 0.3 * x[:, 0] ** 2 + rng.normal(size=rows)
    x[rng.random((rows, 5)) < 0.001] = np.nan
    return pl.DataFrame(dict(zip(NAMES, x.T, strict=True))).with_columns(y=y)


def cleaned(made: pl.DataFrame) -> pl.DataFrame:
    return made.filter(pl.all_horizontal(pl.col(NAMES).is_not_nan()))


def features(cleaned: pl.DataFrame) -> pl.DataFrame:
    return enriched(cleaned, NAMES)


def parts(features: pl.DataFrame, test_share: float) -> dict[str, pl.DataFrame]:
    edge = round(features.height * (1 - test_share))
    return {"train": features[:edge], "test": features[edge:]}


def model(parts: dict[str, pl.DataFrame], alpha: float) -> Ridge:
    part = parts["train"]
    return Ridge(alpha=alpha).fit(part.select(NAMES).to_numpy(), part["y"].to_numpy())


def predictions(model: Ridge, parts: dict[str, pl.DataFrame]) -> np.ndarray:
    return model.predict(parts["test"].select(NAMES).to_numpy())


def metrics(predictions: np.ndarray, parts: dict[str, pl.DataFrame]) -> dict[str, float]:
    errors = parts["test"]["y"].to_numpy() - predictions
    return {"mae": float(abs(errors).mean()), "rmse": float((errors**2).mean() ** 0.5)}


def report(metrics: dict[str, float], model: Ridge) -> dict[str, object]:
    weights = ", ".join(f"{name} {weight:.6f}" for name, weight in zip(NAMES, model.coef_, strict=True))
    return {"headline": f"Ridge: {weights}", **metrics}
