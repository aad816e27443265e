from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from penstock.domain.errors import BundleError, ConfigError, UsageError
from penstock.forecasting.features import FeatureConfig, ResolvedFeatures, TransformerSpec
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.intervals import Calibration
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.training import fit
from penstock.systems.shared.portable import forecaster as module
from penstock.systems.shared.portable.command import open_bundle
from penstock.systems.shared.portable.describe import portable_parameters
from penstock.systems.shared.portable.forecaster import portable_of
from penstock.testing.bundles import portable_bundle
from penstock.testing.loads import load_panel
from penstock.testing.panels import START, grid

if TYPE_CHECKING:
    from penstock.systems.shared.portable.forecaster import PortableForecaster

PARTS = ("hour", "weekday", "day", "week", "month", "quarter", "year", "day_of_year")
FEATURES = FeatureConfig(
    lags=(1, 2, 24),
    means=(24,),
    deviations=(12,),
    calendar=PARTS,
    holidays="DK",
    time_zone="Europe/Copenhagen",
    ids=("series", "area"),
)
SMALL = {"n_estimators": 15, "min_child_samples": 5}
ENSEMBLE = "auto/mean12+log/lag24+standardise/difference24+mean"


class Later(ResolvedFeatures):
    future: tuple[str, ...]


def fitted(panel: pl.DataFrame, features: FeatureConfig = FEATURES, **fields: Any) -> ForecastModel:
    config = ModelConfig.model_validate({**SMALL, "targets": ENSEMBLE, **fields})
    return fit(panel, features, config, seed=1, threads=1)


@pytest.fixture(scope="module")
def panel() -> pl.DataFrame:
    return load_panel(steps=24 * 12)


@pytest.fixture(scope="module")
def model(panel: pl.DataFrame) -> ForecastModel:
    return fitted(panel)


def agrees(portable: PortableForecaster, model: ForecastModel, rows: pl.DataFrame, horizon: int) -> None:
    found, wanted = portable.predict(rows.to_dicts(), horizon), model.predict(rows, horizon)
    assert list(found["series"]) == wanted["series"].to_list()
    assert found["step"].tolist() == wanted["step"].to_list()
    assert found["time"].tolist() == wanted["time"].dt.replace_time_zone(None).to_list()
    np.testing.assert_allclose(found["prediction"], wanted["prediction"].to_numpy(), rtol=1e-9)


def test_the_path_is_that_of_the_model(tmp_path: Path, panel: pl.DataFrame, model: ForecastModel) -> None:
    portable = open_bundle(portable_bundle(tmp_path, model, panel).folder)
    agrees(portable, model, panel.sample(fraction=1.0, shuffle=True, seed=1), 50)
    uneven = panel.filter(
        (pl.col("series") != "s01") | (pl.col("time") < pl.col("time").max() - pl.duration(hours=7))
    )
    unknown = uneven.with_columns(area=pl.when(pl.col("series") != "s02").then("area"))
    agrees(portable, model, unknown, 3)


@pytest.mark.parametrize("fields", [{"pooled": True}, {"pooled": False}])
def test_so_is_that_of_a_ridge(tmp_path: Path, panel: pl.DataFrame, fields: dict[str, Any]) -> None:
    linear = fitted(panel, kind="linear", targets="auto/lag24", **fields)
    agrees(open_bundle(portable_bundle(tmp_path, linear, panel).folder), linear, panel, 30)


@pytest.mark.parametrize("strategy", ["direct", "mixed"])
def test_so_is_that_of_direct_models(tmp_path: Path, panel: pl.DataFrame, strategy: str) -> None:
    direct = fitted(panel, strategy=strategy, steps=30, targets="auto/lag24+auto/mean12")
    portable = open_bundle(portable_bundle(tmp_path, direct, panel).folder)
    agrees(portable, direct, panel, 30)
    with pytest.raises(UsageError, match="horizon is 31; the model learned 30 steps directly"):
        portable.predict(panel.to_dicts(), 31)


def test_series_that_rest_are_forecast_as_zero_there_too(tmp_path: Path, panel: pl.DataFrame) -> None:
    night = pl.when(pl.col("time").dt.hour() < 14).then(0.0).otherwise("y")
    resting = panel.with_columns(y=night)
    model = fitted(resting, targets="mean+mean/mean12")
    portable = open_bundle(portable_bundle(tmp_path, model, resting).folder)
    agrees(portable, model, resting, 30)
    assert (portable.predict(resting.to_dicts(), 30)["prediction"] == 0).any()


@pytest.mark.parametrize("objective", ["tweedie", "quantile"])
def test_so_is_that_of_other_losses(tmp_path: Path, panel: pl.DataFrame, objective: str) -> None:
    other = fitted(panel, objective=objective, targets="mean")
    agrees(open_bundle(portable_bundle(tmp_path, other, panel).folder), other, panel, 30)


@pytest.mark.parametrize("frequency", ["15m", "1d", "1w", "1mo"])
def test_other_grids(tmp_path: Path, frequency: str) -> None:
    stamps = grid(120, frequency, START.replace(day=31) if frequency == "1mo" else START)
    stamps = stamps.dt.month_end() if frequency == "1mo" else stamps
    values = 50.0 + 10.0 * np.sin(np.arange(120) / 3.0) + np.arange(120) % 7
    panel = pl.DataFrame({"series": "a", "time": stamps, "y": values})
    plain = FeatureConfig(lags=(1, 2, 3), means=(4,), deviations=(), time_zone="America/New_York", ids=())
    model = fitted(panel, plain, targets="auto/lag1")
    agrees(open_bundle(portable_bundle(tmp_path, model, panel).folder), model, panel, 14)


def test_bounds_are_those_of_the_calibration(
    tmp_path: Path, panel: pl.DataFrame, model: ForecastModel
) -> None:
    calibration = Calibration(
        levels=(0.5, 0.9), widths=(1.25, 2.5), spread=(0.9, 1.0, 1.1), scales={"s00": 3.0, "s02": 7.0}
    )
    intervals = calibration.model_dump(mode="json")
    portable = open_bundle(portable_bundle(tmp_path, model, panel, intervals=intervals).folder)
    found = portable.predict(panel.to_dicts(), 4)
    wanted = calibration.with_bounds(model.predict(panel, 4))
    for name in calibration.columns:
        np.testing.assert_allclose(found[name], wanted[name].to_numpy(), rtol=1e-9)


def test_a_horizon_below_one_is_refused(tmp_path: Path, panel: pl.DataFrame, model: ForecastModel) -> None:
    portable = open_bundle(portable_bundle(tmp_path, model, panel).folder)
    assert len(portable.predict(panel.to_dicts())["step"]) == 4 * 12
    with pytest.raises(UsageError, match="horizon is 0; allowed: whole numbers from 1 up"):
        portable.predict(panel.to_dicts(), 0)


def test_a_bundle_without_a_portable_model_and_an_unknown_format_are_refused() -> None:
    with pytest.raises(BundleError, match="holds no portable model"):
        portable_of({"horizon": 1}, lambda _: b"")
    with pytest.raises(BundleError, match="portable format 99; this loader reads format 1"):
        portable_of({"horizon": 1, module.PORTABLE: {"format": 99}}, lambda _: b"")


def test_code_of_the_users_own_cannot_be_exported(model: ForecastModel) -> None:
    from dataclasses import replace

    from penstock.forecasting.transformers import FittedTransformer

    known = replace(model.known, transformers=(FittedTransformer(name="tides"),))
    features = model.features.model_copy(update={"transformers": (TransformerSpec(name="tides"),)})
    with pytest.raises(
        ConfigError, match=r"cannot be exported: features\.transformers: tides is code; leave"
    ):
        portable_parameters(replace(model, known=known, features=features), START, START)


def test_what_later_versions_add_is_refused_rather_than_forgotten(model: ForecastModel) -> None:
    from dataclasses import replace

    more = Later.model_validate({**model.features.model_dump(), "future": ("price",)})
    with pytest.raises(ConfigError, match=r"features\.future"):
        portable_parameters(replace(model, features=more), START, START)
