"""Moving summaries of whole series: the numbers of a slow loop, of mlforecast, and of the recursion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.forecasting.moving import moving
from penstock.forecasting.rolling import Rolling

if TYPE_CHECKING:
    from numpy.typing import NDArray

Values = st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=40)


def made(parts: list[NDArray[np.float32]], window: int) -> dict[str, NDArray[np.float32]]:
    lengths = np.array([len(part) for part in parts], dtype=np.int64)
    return moving(np.concatenate(parts), lengths, [window], [window])


@given(series=st.lists(Values, min_size=1, max_size=3), window=st.integers(2, 9))
def test_windows_equal_a_slow_loop(series: list[list[float]], window: int) -> None:
    parts = [np.array(values, dtype=np.float32) for values in series]
    found = made(parts, window)
    start = 0
    for part in parts:
        for place in range(window, len(part)):
            past = part[place - window : place].astype(np.float64)
            near = 1e-6 * float(np.abs(part).max())
            assert found[f"mean{window}"][start + place] == pytest.approx(past.mean(), rel=1e-6, abs=near)
            assert found[f"deviation{window}"][start + place] == pytest.approx(
                past.std(ddof=1), rel=1e-5, abs=near
            )
        start += len(part)


def test_calm_after_a_storm_is_calm() -> None:
    """What has left a window leaves no rounding behind, and a constant window has no deviation at all."""
    storm = [0.1, 0.2, 1e6, -3e5, 7.7e5]
    values = np.array([*storm, *[0.1] * 20, *np.tile([0.1, 0.3], 10)], dtype=np.float32)
    found = made([values], 4)
    assert found["deviation4"][9:25].max() == 0.0
    np.testing.assert_allclose(found["deviation4"][29:], 0.1154700538, rtol=1e-5)


def test_windows_equal_those_of_a_recursion() -> None:
    values = np.random.default_rng(5).normal(50.0, 3.0, 60).astype(np.float32)
    rolling = Rolling(values[None, :-1], [24])
    found = made([values], 24)
    assert found["mean24"][-1] == pytest.approx(rolling.mean(24)[0], rel=1e-7)
    assert found["deviation24"][-1] == pytest.approx(rolling.deviation(24)[0], rel=1e-6)


def test_windows_equal_those_of_mlforecast() -> None:
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean, RollingStd

    values = np.random.default_rng(3).normal(5.0, 2.0, 200).astype(np.float32)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "unique_id": ["a"] * 200,
            "ds": [start + timedelta(hours=step) for step in range(200)],
            "y": pl.Series(values),
        }
    )
    plain = MLForecast(models=[], freq="1h", lag_transforms={1: [RollingMean(24), RollingStd(24)]})
    theirs: Any = plain.preprocess(frame, static_features=[])
    found = made([values], 24)
    np.testing.assert_allclose(found["mean24"][24:], theirs["rolling_mean_lag1_window_size24"], rtol=1e-6)
    np.testing.assert_allclose(found["deviation24"][24:], theirs["rolling_std_lag1_window_size24"], rtol=1e-5)
