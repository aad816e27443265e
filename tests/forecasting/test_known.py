from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from penstock.domain.errors import DataError, PipelineError
from penstock.forecasting import transformers
from penstock.forecasting.features import FeatureConfig, ResolvedFeatures, resolve_features
from penstock.forecasting.known import fit_known
from penstock.testing.plugins import point

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    def installed(group: str) -> tuple[EntryPoint, ...]:
        return tuple(point(name) for name in ("Age", "Broken", "Empty"))

    monkeypatch.setattr(transformers, "entry_points", installed)


def resolved(**fields: object) -> ResolvedFeatures:
    asked = FeatureConfig.model_validate({"lags": [1], "means": [], "deviations": [], **fields})
    return resolve_features(asked, frequency="1h", seasons=(), statics=("area",))


@pytest.mark.usefixtures("plugins")
def test_columns_stand_in_a_fixed_order(panel: pl.DataFrame) -> None:
    features = resolved(calendar=["hour"], holidays="DK", transformers=["age"])
    known = fit_known(panel, features)
    assert known.names == ("area", "hour", "holiday", "holiday_tomorrow", "holiday_yesterday", "age")
    matrix = known.matrix(panel)
    assert matrix.dtype == np.float32
    assert matrix.shape == (panel.height, 6)
    np.testing.assert_array_equal(matrix[:, 1], panel["time"].dt.hour().to_numpy())
    np.testing.assert_array_equal(matrix[:, 0], (panel["area"] == "DK2").cast(pl.Float32).to_numpy())


def test_an_unseen_category_is_missing(panel: pl.DataFrame) -> None:
    known = fit_known(panel, resolved(calendar=[]))
    other = panel.with_columns(area=pl.lit("DK9"))
    assert set(known.matrix(other)[:, 0]) == {-1.0}


def test_a_missing_static_column_is_named(panel: pl.DataFrame) -> None:
    known = fit_known(panel, resolved(calendar=[]))
    with pytest.raises(DataError, match="the column area is missing; the model was trained with it"):
        known.matrix(panel.drop("area"))


def test_values_reach_no_transformer(panel: pl.DataFrame) -> None:
    features = resolved(calendar=["hour"])
    other = panel.with_columns(y=pl.col("y") * 3 + 1)
    assert fit_known(other, features) == fit_known(panel, features)


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize(
    ("name", "match"),
    [("broken", "its columns are years but it promised age"), ("empty", "columns age hold nulls")],
)
def test_a_transformer_that_breaks_its_contract(panel: pl.DataFrame, name: str, match: str) -> None:
    known = fit_known(panel, resolved(transformers=[name]))
    with pytest.raises(PipelineError, match=f"transformer {name} breaks its contract: {match}"):
        known.matrix(panel)


@pytest.mark.usefixtures("plugins")
def test_two_columns_of_one_name(panel: pl.DataFrame) -> None:
    with pytest.raises(PipelineError, match="two transformers make the columns age"):
        fit_known(panel, resolved(transformers=["age", "age"]))
