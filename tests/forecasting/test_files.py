from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.domain.errors import DataError
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.training import fit

if TYPE_CHECKING:
    from pathlib import Path

FEATURES = FeatureConfig(lags=(1, 24), means=(24,), deviations=(24,), calendar=("hour",), holidays="DK")


@pytest.fixture(scope="module", params=["lightgbm", "linear"])
def model(request: pytest.FixtureRequest, panel: pl.DataFrame) -> ForecastModel:
    body = {"kind": request.param, "n_estimators": 10, "targets": "auto/lag24+standardise/difference24"}
    return fit(panel, FEATURES, ModelConfig.model_validate(body), seed=1, threads=1)


def test_a_saved_model_predicts_the_same_digits(
    panel: pl.DataFrame, model: ForecastModel, tmp_path: Path
) -> None:
    model.save(tmp_path / "model")
    again = ForecastModel.load(tmp_path / "model")
    assert again.predict(panel, 30).equals(model.predict(panel, 30))
    assert again.scaling.equals(model.scaling)
    plain = (
        "features",
        "model",
        "frequency",
        "series",
        "known",
        "columns",
        "rows",
        "seed",
        "threads",
    )
    assert [getattr(again, name) for name in plain] == [getattr(model, name) for name in plain]


def test_files_are_neutral_and_written_the_same_twice(model: ForecastModel, tmp_path: Path) -> None:
    for name in ("one", "two"):
        model.save(tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert {name.rsplit(".")[-1] for name in files} <= {"json", "txt"}
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_damaged_folders(model: ForecastModel, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"model\.json is missing; the model folder is incomplete"):
        ForecastModel.load(tmp_path / "nothing")
    model.save(tmp_path)
    body = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(body | {"format": 99}))
    with pytest.raises(DataError, match="has format 99; this Penstock reads format 1"):
        ForecastModel.load(tmp_path)
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(DataError, match="is not valid JSON"):
        ForecastModel.load(tmp_path)
