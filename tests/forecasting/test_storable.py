"""What crosses between steps is stored by codecs and comes back the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.rungs import RungConfig, fit_rung
from penstock.storage.codecs import load, save
from penstock.storage.local import LocalStore

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from penstock.forecasting.rungs import FittedRung

FEATURES = FeatureConfig(lags=(1, 24), means=(24,), deviations=(), calendar=("hour",), holidays="DK")
ENSEMBLE = {"n_estimators": 5, "targets": "auto/lag24+standardise/difference24"}
RUNGS = {
    "naive": RungConfig(name="naive", kind="seasonal_naive", steps=24),
    "average": RungConfig(name="average", kind="moving_average", steps=24),
    "drift": RungConfig(name="drift", kind="drift", steps=24),
    "trees": RungConfig(
        name="trees", kind="model", features=FEATURES, model=ModelConfig.model_validate(ENSEMBLE)
    ),
    "ridge": RungConfig(
        name="ridge",
        kind="model",
        features=FEATURES,
        model=ModelConfig.model_validate(ENSEMBLE | {"kind": "linear"}),
    ),
}


def fitted(panel: pl.DataFrame, name: str) -> FittedRung:
    return fit_rung(panel, RUNGS[name], seed=1, threads=1)


@pytest.mark.parametrize("name", sorted(RUNGS))
def test_a_rung_round_trips(panel: pl.DataFrame, name: str, tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    rung = fitted(panel, name)
    again = load(store, save(store, rung))
    assert type(again) is type(rung)
    assert again.predict(panel, 30).equals(rung.predict(panel, 30))


def test_equal_trainings_have_equal_digests(panel: pl.DataFrame, tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    first, again = (save(store, fitted(panel, "trees")) for _ in range(2))
    other = save(store, fit_rung(panel, RUNGS["trees"], seed=2, threads=1))
    assert first.logical == again.logical
    assert first.logical != other.logical
