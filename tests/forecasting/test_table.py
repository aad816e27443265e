from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penstock.domain.errors import DataError
from penstock.forecasting.features import FeatureConfig, ResolvedFeatures, resolve_features
from penstock.forecasting.known import fit_known
from penstock.forecasting.table import FeatureTable, build_table, member_matrix, plan_lags
from penstock.forecasting.targets import Target


def asked() -> ResolvedFeatures:
    config = FeatureConfig(lags=(1, 3), means=(4,), deviations=(5,), calendar=("hour",), ids=())
    return resolve_features(config, frequency="1h", seasons=())


def made(panel: pl.DataFrame, targets: tuple[Target, ...], difference: int = 0) -> FeatureTable:
    features = asked()
    plan = plan_lags(features, targets)
    known = fit_known(panel, features)
    return build_table(panel, plan, known, difference=difference)


def by_loop(panel: pl.DataFrame, difference: int) -> tuple[list[list[float]], list[float]]:
    rows, labels = [], []
    for part in panel.partition_by("series", maintain_order=True):
        values = part["y"].to_list()
        hours = part["time"].dt.hour().to_list()
        if difference:
            values = [now - before for now, before in zip(values[difference:], values, strict=False)]
            hours = hours[difference:]
        for place in range(5, len(values)):
            past = values[:place]
            spread = np.std(past[-5:], ddof=1)
            rows.append([hours[place], past[-1], past[-3], sum(past[-4:]) / 4, spread])
            labels.append(values[place])
    return rows, labels


@pytest.mark.parametrize("difference", [0, 24])
def test_columns_equal_a_slow_loop(panel: pl.DataFrame, difference: int) -> None:
    small = panel.group_by("series", maintain_order=True).head(60)
    table = made(small, (Target(),), difference)
    rows, labels = by_loop(small, difference)
    matrix, label = member_matrix(table, plan_lags(asked(), (Target(),)), Target())
    np.testing.assert_allclose(matrix, np.array(rows), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(label, np.array(labels), rtol=1e-5, atol=1e-4)
    assert matrix.dtype == label.dtype == np.float32
    assert np.bincount(table.series).tolist() == [60 - 5 - difference] * 4


@pytest.mark.parametrize("target", ["none/lag3", "none/lag24", "none/mean4", "none/mean12"])
def test_a_reference_is_taken_from_lags_means_and_target(panel: pl.DataFrame, target: str) -> None:
    chosen = Target.model_validate(target)
    plan = plan_lags(asked(), (chosen,))
    table = made(panel, (chosen,))
    plain, level = member_matrix(table, plan, Target())
    relative, label = member_matrix(table, plan, chosen)
    offset = level - label
    np.testing.assert_array_equal(relative[:, 0], plain[:, 0])
    np.testing.assert_array_equal(relative[:, 4], plain[:, 4])
    np.testing.assert_allclose(relative[:, 1:4] + offset[:, None], plain[:, 1:4], rtol=1e-4, atol=1e-2)
    assert relative.shape[1] == 5  # a reference that is no feature is not shown


def test_features_never_see_the_value_to_forecast(panel: pl.DataFrame) -> None:
    """Change the last value of every series: its label moves, no feature does."""
    last = pl.col("time") == panel["time"].max()
    changed = panel.with_columns(y=pl.when(last).then(1e6).otherwise("y"))
    before, after = made(panel, (Target(),)), made(changed, (Target(),))
    np.testing.assert_array_equal(before.past, after.past)
    np.testing.assert_array_equal(before.known, after.known)
    assert (before.label != after.label).sum() == 4


def test_no_past_no_rows(panel: pl.DataFrame) -> None:
    with pytest.raises(DataError, match=r"4 series are too short: s00 \(5\)"):
        made(panel.group_by("series", maintain_order=True).head(5), (Target(),))
