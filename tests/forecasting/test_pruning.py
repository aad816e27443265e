from __future__ import annotations

import pytest

from penstock.forecasting.pruning import FoldWeights, MedianPruner, fold_weights

EQUAL = FoldWeights(weights=(1.0, 1.0, 1.0))


def test_weights_by_power_of_the_fold() -> None:
    assert fold_weights(3, 2.0) == (9.0, 4.0, 1.0)
    assert fold_weights(3, 0.0) == (1.0, 1.0, 1.0)


def test_weighted_mean_of_what_was_scored() -> None:
    weights = FoldWeights(weights=(9.0, 4.0, 1.0))
    assert weights.mean([2.0]) == 2.0
    assert weights.mean([1.0, 2.0]) == pytest.approx(17 / 13)
    assert weights.mean([1.0, 1.0, 15.0]) == pytest.approx(2.0)


def test_worse_than_the_median_is_hopeless() -> None:
    pruner = MedianPruner.of([[1.0, 5.0, 1.0], [2.0], [3.0, 3.0]], EQUAL, warm_up=2)
    assert pruner.medians == (2.0, 3.0, None)
    assert not pruner.hopeless([2.0])
    assert pruner.hopeless([2.1])
    assert pruner.hopeless([1.0, 6.0])
    assert not pruner.hopeless([1.0, 4.9])


def test_the_last_fold_and_the_first_trials_stop_nothing() -> None:
    pruner = MedianPruner.of([[1.0, 1.0, 1.0]] * 4, EQUAL, warm_up=4)
    assert not pruner.hopeless([9.0, 9.0, 9.0])
    assert not pruner.hopeless([])
    few = MedianPruner.of([[1.0, 1.0, 1.0]] * 3, EQUAL, warm_up=4)
    assert not few.hopeless([9.0])
