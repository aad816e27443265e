"""Moving sums equal what is computed anew from every window, and leave no rest where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from penstock.forecasting.rolling import Rolling

WINDOWS = (2, 5, 8)
PAST, AHEAD = 9, 12
Values = NDArray[np.float32]

walks = st.lists(
    st.lists(st.floats(-1e4, 1e4, allow_nan=False, width=32), min_size=PAST + AHEAD, max_size=PAST + AHEAD),
    min_size=1,
    max_size=4,
).map(lambda rows: np.array(rows, dtype=np.float32))


def rolled(values: Values) -> Rolling:
    rolling = Rolling(values[:, :PAST], WINDOWS)
    for place in range(PAST, values.shape[1]):
        rolling.push(values[:, place])
    return rolling


@given(walks)
@settings(max_examples=60)
def test_sums_equal_those_computed_anew(values: Values) -> None:
    rolling = rolled(values)
    scale = float(np.abs(values).max()) + 1e-30
    for window in WINDOWS:
        last = values[:, -window:].astype(np.float64)
        np.testing.assert_allclose(rolling.mean(window), last.mean(axis=1), rtol=2e-7, atol=1e-9 * scale)
        np.testing.assert_allclose(
            rolling.deviation(window), last.std(axis=1, ddof=1), rtol=1e-5, atol=1e-6 * scale
        )


@given(walks)
@settings(max_examples=30)
def test_a_row_never_depends_on_the_rows_beside_it(values: Values) -> None:
    together, alone = rolled(values), rolled(values[:1])
    for window in WINDOWS:
        assert together.mean(window)[0] == alone.mean(window)[0]
        assert together.deviation(window)[0] == alone.deviation(window)[0]


@pytest.mark.parametrize("level", [0.0, 0.1, 3e7])
def test_what_became_constant_has_no_deviation_left(level: float) -> None:
    noise = np.random.default_rng(1).normal(1e3, 400, size=(5, PAST))
    values = np.concatenate([noise, np.full((5, AHEAD), level)], axis=1).astype(np.float32)
    rolling = rolled(values)
    for window in WINDOWS:
        assert (rolling.deviation(window) == 0).all()
        assert (rolling.mean(window) == np.float32(level)).all()


def test_without_windows_nothing_is_kept() -> None:
    rolling = Rolling(np.ones((2, 3), dtype=np.float32), ())
    rolling.push(np.ones(2, dtype=np.float32))
    with pytest.raises(KeyError):
        rolling.mean(2)
