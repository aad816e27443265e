from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penstock.domain.errors import DataError
from penstock.forecasting.feature_rows import feature_rows
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.targets import Target
from penstock.forecasting.training import fit
from penstock.testing.panels import random_panel

PANEL = random_panel({"a": (0, 120), "b": (10, 120)})
FEATURES = FeatureConfig(lags=(1, 24), means=(4,), deviations=(), calendar=("hour",), ids=("series",))


def _fitted(*targets: Target) -> ForecastModel:
    return fit(PANEL, FEATURES, ModelConfig(kind="linear", targets=targets), seed=1, threads=1)


def test_every_stamp_with_its_past_has_a_row() -> None:
    model = _fitted(Target(scale="none"))
    rows = feature_rows(model, PANEL)
    assert rows.columns == ["series", "time", "hour", "none:0:lag1", "none:0:lag24", "none:0:mean4"]
    assert rows.height == model.rows == (120 - 24) + (110 - 24)
    part = rows.filter(pl.col("series") == "b")
    values = PANEL.filter(pl.col("series") == "b")
    assert part["time"].to_list() == values["time"].to_list()[24:]
    np.testing.assert_allclose(part["none:0:lag24"], values["y"][:-24], rtol=1e-6)
    np.testing.assert_allclose(part["none:0:lag1"], values["y"][23:-1], rtol=1e-6)


def test_each_scale_and_difference_has_its_columns() -> None:
    model = _fitted(Target(scale="none"), Target(scale="mean", against="difference", steps=24))
    rows = feature_rows(model, PANEL)
    assert [name for name in rows.columns if name.endswith("lag1")] == ["none:0:lag1", "mean:24:lag1"]
    assert rows.filter(pl.col("series") == "a")["mean:24:lag1"].null_count() == 24


def test_scaling_stays_as_it_was_fitted() -> None:
    model = _fitted(Target(scale="mean"))
    louder = PANEL.with_columns(y=pl.when(pl.col("time") == PANEL["time"].max()).then(1e6).otherwise("y"))
    assert feature_rows(model, louder).equals(feature_rows(model, PANEL))


def test_too_little_history_is_refused() -> None:
    with pytest.raises(DataError, match="too short"):
        feature_rows(_fitted(Target(scale="none")), PANEL.group_by("series", maintain_order=True).head(10))
