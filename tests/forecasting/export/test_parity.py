from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from penstock.domain.errors import ConfigError, DataError
from penstock.forecasting.export.parity import Parity, Trial, differences, measure_parity, spread_cutoffs
from penstock.forecasting.export.regressors import export_members, with_regressors
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.training import fit
from penstock.testing.panels import random_panel

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEATURES = FeatureConfig(
    lags=(1, 24), means=(24,), deviations=(24,), calendar=("hour",), ids=("series", "area")
)
TARGETS = "auto/lag24+auto/mean12+standardise/difference24"
TRIAL = Trial(horizon=12, tolerance=1e-6)
PATHS = hnp.arrays(np.float64, (3, 4), elements=st.floats(-1e6, 1e6).map(lambda value: round(value, 3)))


def fitted(panel: pl.DataFrame, **fields: object) -> ForecastModel:
    config = ModelConfig.model_validate({"n_estimators": 12, "targets": TARGETS, **fields})
    return fit(panel, FEATURES, config, seed=1, threads=1)


@pytest.mark.parametrize("fields", [{}, {"kind": "linear"}, {"kind": "linear", "pooled": True}])
def test_the_whole_recursion_is_that_of_the_native_model(
    panel: pl.DataFrame, fields: dict[str, object]
) -> None:
    native = fitted(panel, **fields)
    found = measure_parity(native, with_regressors(native, export_members(native)), panel, TRIAL)
    assert found.windows >= 1000
    assert found.steps == 12
    assert found.passed
    assert found.relative <= 1e-6


def test_another_model_is_no_parity(panel: pl.DataFrame) -> None:
    native, other = fitted(panel), fitted(panel, n_estimators=11)
    found = measure_parity(native, with_regressors(native, export_members(other)), panel, TRIAL)
    assert not found.passed
    assert found.relative > 1e-4
    assert "against 1e-06, over" in str(found)


def test_too_little_history_is_told(panel: pl.DataFrame) -> None:
    native = fitted(panel)
    short = panel.group_by("series", maintain_order=True).head(5)
    with pytest.raises(DataError, match="no series has the"):
        measure_parity(native, native, short, Trial(horizon=3, tolerance=1e-6))


def test_an_unknown_regressor_is_refused(panel: pl.DataFrame) -> None:
    native = fitted(panel)
    with pytest.raises(ConfigError, match=r"a OnnxRegressor cannot be exported to ONNX: model\.kind"):
        export_members(with_regressors(native, export_members(native)))


@given(ours=PATHS, theirs=PATHS)
def test_differences_are_those_of_a_slow_loop(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> None:
    relative, cosine = 0.0, 0.0
    for one, two in zip(ours.tolist(), theirs.tolist(), strict=True):
        unit = max(map(abs, [*one, *two])) or 1.0
        relative = max(relative, *(abs(a - b) / unit for a, b in zip(one, two, strict=True)))
        lengths = math.hypot(*one) * math.hypot(*two)
        if lengths / unit**2 > 1e-6:
            cosine = max(cosine, 1 - sum(a * b for a, b in zip(one, two, strict=True)) / lengths)
    found = differences(ours, theirs)
    assert found[0] == pytest.approx(relative, rel=1e-9)
    assert found[1] >= cosine - 1e-6


def test_what_is_finite_on_one_side_only_is_infinitely_far() -> None:
    assert differences(np.array([[1.0, np.nan]]), np.array([[1.0, 2.0]])) == (math.inf, math.inf)
    assert differences(np.array([[1.0, np.nan]]), np.array([[1.0, np.nan]])) == (0.0, 0.0)
    assert differences(np.zeros((1, 2)), np.zeros((1, 2))) == (0.0, 0.0)


@given(
    spans=st.lists(st.tuples(st.integers(0, 20), st.integers(30, 60)), min_size=1, max_size=4),
    windows=st.integers(1, 200),
)
def test_cutoffs_hold_the_windows_wanted_or_all(spans: list[tuple[int, int]], windows: int) -> None:
    panel = random_panel({f"s{place}": span for place, span in enumerate(spans)})
    cutoffs = spread_cutoffs(panel, 10, 3, windows)
    rows = {name: part["time"].to_list() for (name,), part in panel.group_by("series")}
    inside = {stamp: sum(stamp in times[9:-3] for times in rows.values()) for stamp in panel["time"].unique()}
    assert cutoffs == sorted(set(cutoffs))
    assert all(inside[stamp] for stamp in cutoffs) or not any(inside.values())
    assert sum(inside[stamp] for stamp in cutoffs) >= min(windows, sum(inside.values()))


def test_nothing_compared_is_no_parity() -> None:
    assert not Parity(windows=0, steps=1, relative=0.0, cosine=0.0, tolerance=1.0).passed
