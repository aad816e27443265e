from __future__ import annotations

import numpy as np
import pytest

from penstock.forecasting.linear import fit_ridge
from penstock.forecasting.models import one_hot


def sample(rows: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draws = np.random.default_rng(5)
    series = np.repeat([0, 1, 2], rows // 3)
    matrix = np.column_stack([np.tile([0.0, 1.0, 2.0], rows // 3), draws.normal(size=(rows, 2))])
    level = np.array([1.0, -2.0, 5.0])[matrix[:, 0].astype(int)]
    slope = np.array([1.0, 2.0, 3.0])[series]
    label = level + slope * matrix[:, 1] - matrix[:, 2] + 10 * series
    return matrix.astype(np.float32), label.astype(np.float32), series


def test_each_series_has_its_own_line() -> None:
    matrix, label, series = sample()
    ridge = fit_ridge(matrix, label, series, known=1, alpha=0.0)
    np.testing.assert_allclose(ridge.predict(matrix, series), label, atol=1e-4)
    assert ridge.weights.shape == (3, 2 + 3)
    pooled = fit_ridge(matrix, label, None, known=1, alpha=0.0)
    assert pooled.weights.shape == (1, 5)
    assert np.abs(pooled.predict(matrix, series) - label).max() > 1


def test_against_scikit_learn() -> None:
    from sklearn.linear_model import Ridge

    matrix, label, _ = sample()
    ridge = fit_ridge(matrix, label, None, known=1, alpha=0.1)
    design = one_hot(matrix, ridge.levels)
    standard = (design - design.mean(axis=0)) / design.std(axis=0)
    theirs = Ridge(alpha=0.1 * len(label)).fit(standard, label.astype(float))
    np.testing.assert_allclose(
        ridge.predict(matrix, np.zeros(len(label), dtype=int)), theirs.predict(standard), rtol=1e-6
    )


def test_a_penalty_shrinks_towards_the_mean() -> None:
    matrix, label, _ = sample()
    spreads = [
        float(
            fit_ridge(matrix, label, None, known=1, alpha=alpha)
            .predict(matrix, np.zeros(300, dtype=int))
            .std()
        )
        for alpha in (0.0, 1.0, 1e6)
    ]
    assert spreads[0] > spreads[1] > spreads[2]
    assert spreads[2] == pytest.approx(0.0, abs=1e-3)


def test_an_unseen_level_belongs_to_none() -> None:
    flags = one_hot(np.array([[3.0, 7.0], [9.0, 8.0]], dtype=np.float32), [(0, (3.0, 4.0))])
    assert flags.tolist() == [[7.0, 1.0, 0.0], [8.0, 0.0, 0.0]]
