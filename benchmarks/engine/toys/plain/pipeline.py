"""The toy training pipeline of eight steps as plain Python: nothing is stored, everything runs each time."""

from __future__ import annotations

import argparse
import json

import numpy as np
import polars as pl
from helpers import enriched
from sklearn.linear_model import Ridge

NAMES = ["x1", "x2", "x3", "x4", "x5"]


def make(rows: int, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 5))
    y = x @ [3.0, -2.0, 1.0, 0.5, 0.0] + 0.3 * x[:, 0] ** 2 + rng.normal(size=rows)
    x[rng.random((rows, 5)) < 0.001] = np.nan
    return pl.DataFrame(dict(zip(NAMES, x.T, strict=True))).with_columns(y=y)


def clean(table: pl.DataFrame) -> pl.DataFrame:
    return table.filter(pl.all_horizontal(pl.col(NAMES).is_not_nan()))


def features(table: pl.DataFrame) -> pl.DataFrame:
    return enriched(table, NAMES)


def split(table: pl.DataFrame, test_share: float) -> dict[str, pl.DataFrame]:
    edge = round(table.height * (1 - test_share))
    return {"train": table[:edge], "test": table[edge:]}


def train(parts: dict[str, pl.DataFrame], alpha: float) -> Ridge:
    part = parts["train"]
    return Ridge(alpha=alpha).fit(part.select(NAMES).to_numpy(), part["y"].to_numpy())


def predict(model: Ridge, parts: dict[str, pl.DataFrame]) -> np.ndarray:
    return model.predict(parts["test"].select(NAMES).to_numpy())


def evaluate(predictions: np.ndarray, parts: dict[str, pl.DataFrame]) -> dict[str, float]:
    errors = parts["test"]["y"].to_numpy() - predictions
    return {"mae": float(abs(errors).mean()), "rmse": float((errors**2).mean() ** 0.5)}


def report(metrics: dict[str, float], model: Ridge) -> dict[str, object]:
    weights = ", ".join(f"{name} {weight:.6f}" for name, weight in zip(NAMES, model.coef_, strict=True))
    return {"headline": f"Ridge: {weights}", **metrics}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--alpha", type=float, default=1.0)
    alpha = parser.parse_args().alpha
    parts = split(features(clean(make(rows=200_000, seed=7))), test_share=0.2)
    model = train(parts, alpha)
    metrics = evaluate(predict(model, parts), parts)
    print(json.dumps({"report": report(metrics, model), "ran": 8}))


if __name__ == "__main__":
    main()
