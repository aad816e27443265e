"""A small history with revisions, deletions, gaps and a late series, and a model fitted early in it."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.knowledge import known_as_of
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.panel import regularise
from penstock.forecasting.training import fit
from penstock.testing.panels import START, random_panel

FITTED = START + timedelta(days=14)
SPANS = {"a1": (0, 24 * 24), "a2": (0, 24 * 24), "b1": (5, 24 * 24), "c1": (20 * 24 - 60, 24 * 24)}


def history_with_faults(seed: int) -> pl.DataFrame:
    """Every hour is known six hours later; some are revised, deleted, late or learned as missing."""
    panel = random_panel(SPANS, seed=seed)
    chance = np.random.default_rng(seed)
    first = panel.with_columns(
        known_at=pl.col("time") + pl.duration(hours=6),
        deleted=pl.lit(value=False),
        known_how=pl.lit("published"),
    )
    parts = [first.filter(pl.Series(chance.uniform(size=panel.height) > 0.01))]
    for change in ("revised", "deleted", "missing", "restored"):
        some = first.filter(pl.Series(chance.uniform(size=panel.height) < 0.02))
        some = some.with_columns(delay=pl.Series(chance.integers(1, 200, some.height)))
        parts.append(
            some.with_columns(
                known_at=pl.col("known_at") + pl.duration(hours="delay"),
                deleted=pl.lit(change == "deleted"),
                y={"missing": pl.lit(None, pl.Float64), "revised": pl.col("y") * 1.5}.get(
                    change, pl.col("y")
                ),
            ).drop("delay")
        )
    return pl.concat(parts).with_row_index("sequence").with_columns(pl.col("sequence").cast(pl.Int64))


def fitted_at(history: pl.DataFrame, cutoff: datetime) -> ForecastModel:
    known, _ = regularise(known_as_of(history, cutoff), "1h", 24)
    features = FeatureConfig(
        lags=(1, 2, 24), means=(24,), deviations=(), calendar=("hour",), ids=("series", "area")
    )
    config = ModelConfig(n_estimators=8, min_child_samples=5)
    return fit(known, features, config, seed=1, threads=1)
