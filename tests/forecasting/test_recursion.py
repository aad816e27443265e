"""The array path gives the numbers of plain mlforecast."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.models import ModelConfig, lightgbm_params
from penstock.forecasting.targets import Target
from penstock.forecasting.training import fit

HORIZON = 30
LAGS = (1, 2, 3, 24, 25, 48)
FEATURES = FeatureConfig(lags=LAGS, means=(24, 48), deviations=(24,), calendar=("hour", "weekday"), ids=())
MODEL = ModelConfig(n_estimators=40, min_child_samples=5, learning_rate=0.1, colsample=1, subsample=1)


def by_mlforecast(panel: pl.DataFrame, transforms: list[Any], model: ModelConfig) -> pl.DataFrame:
    import lightgbm as lgb
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean, RollingStd

    params: dict[str, Any] = lightgbm_params(model, seed=1, threads=1) | {"n_estimators": model.n_estimators}
    forecast = MLForecast(
        models=[lgb.LGBMRegressor(**params)],
        freq="1h",
        lags=list(LAGS),
        lag_transforms={1: [RollingMean(24), RollingMean(48), RollingStd(24)]},
        target_transforms=transforms,
    )

    def calendar(frame: pl.DataFrame) -> pl.DataFrame:
        hour, weekday = pl.col("time").dt.hour(), pl.col("time").dt.weekday() - 1
        return frame.with_columns(hour=hour.cast(pl.Float32), weekday=weekday.cast(pl.Float32))

    plain = panel.select("series", "time", pl.col("y").cast(pl.Float32))
    names: dict[str, Any] = {"id_col": "series", "time_col": "time", "target_col": "y"}
    forecast.fit(calendar(plain), static_features=[], **names)
    future: Any = forecast.make_future_dataframe(HORIZON)
    result: Any = forecast.predict(HORIZON, X_df=calendar(future))
    ordered: pl.DataFrame = result.sort("series", "time")
    return ordered


def relative_difference(ours: pl.DataFrame, theirs: pl.DataFrame) -> float:
    expected = theirs["LGBMRegressor"].to_numpy().astype(float)
    return float(np.max(np.abs(ours["prediction"].to_numpy() - expected) / np.abs(expected)))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("target", ["none", "standardise", "none/difference24"])
def test_array_path_equals_mlforecast(panel: pl.DataFrame, target: str) -> None:
    chosen, transforms = case(panel, target)
    model = MODEL.model_copy(update={"targets": (Target.model_validate(target),)})
    ours = fit(chosen, FEATURES, model, seed=1, threads=1).predict(chosen, HORIZON)
    theirs = by_mlforecast(chosen, transforms, model)
    assert relative_difference(ours, theirs) < 1e-5


def case(panel: pl.DataFrame, target: str) -> tuple[pl.DataFrame, list[Any]]:
    from mlforecast.target_transforms import Differences, LocalStandardScaler

    if target == "standardise":
        return panel, [LocalStandardScaler()]
    one_level = panel.filter(pl.col("series") == "s02")
    if target == "none":
        return one_level, []
    # Whole numbers have exact differences in float32, so that both sides learn from the same digits.
    return one_level.with_columns(pl.col("y").round()), [Differences([24])]
