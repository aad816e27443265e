from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from penstock.domain.errors import PipelineError
from penstock.storage.codecs import load, save
from penstock.storage.codecs.boosters import BoosterCodec
from penstock.storage.local import LocalStore

CODEC = BoosterCodec()
PARAMS = {
    "objective": "l2",
    "verbosity": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 1,
}
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(300, 3))
Y = X[:, 0] * 2 + RANDOM.normal(size=300)


def fitted(**changes: Any) -> lightgbm.Booster:
    rounds = changes.pop("rounds", 8)
    return lightgbm.train({**PARAMS, **changes}, lightgbm.Dataset(X, Y), num_boost_round=rounds)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path)


def test_booster_predicts_the_same(store: LocalStore) -> None:
    booster = fitted()
    ref = save(store, booster)
    again = load(store, ref)
    assert isinstance(again, lightgbm.Booster)
    np.testing.assert_array_equal(again.predict(X), booster.predict(X))
    assert CODEC.logical(again) == CODEC.logical(booster) == ref.logical
    assert ref.codec == "booster"


def test_all_trees_and_the_best_iteration_are_kept(store: LocalStore) -> None:
    booster = fitted()
    booster.best_iteration = 3
    again = load(store, save(store, booster))
    assert isinstance(again, lightgbm.Booster)
    assert (again.num_trees(), again.best_iteration) == (8, 3)
    np.testing.assert_array_equal(again.predict(X), booster.predict(X, num_iteration=3))


def test_recorded_parameters_do_not_count() -> None:
    assert CODEC.logical(fitted(verbosity=-1)) == CODEC.logical(fitted(verbosity=-2))
    assert CODEC.logical(fitted()) == CODEC.logical(fitted(data_random_seed=7))


@pytest.mark.parametrize("change", [{"rounds": 7}, {"learning_rate": 0.2}, {"num_leaves": 4}])
def test_trees_count(change: dict[str, Any]) -> None:
    assert CODEC.logical(fitted(**change)) != CODEC.logical(fitted())


def test_best_iteration_counts() -> None:
    other = fitted()
    other.best_iteration = 3
    assert CODEC.logical(other) != CODEC.logical(fitted())


def test_linear_trees_and_categories_come_back(store: LocalStore) -> None:
    data = lightgbm.Dataset(np.column_stack([X, RANDOM.integers(0, 5, 300)]), Y, categorical_feature=[3])
    booster = lightgbm.train({**PARAMS, "linear_tree": True}, data, num_boost_round=4)
    again = load(store, save(store, booster))
    assert isinstance(again, lightgbm.Booster)
    rows = np.column_stack([X, np.arange(300) % 5])
    np.testing.assert_array_equal(again.predict(rows), booster.predict(rows))


def test_wrapper_is_refused_with_advice(store: LocalStore) -> None:
    model = lightgbm.LGBMRegressor(n_estimators=2, verbosity=-1).fit(X, Y)
    with pytest.raises(PipelineError, match=r"LGBMRegressor.*return model\.booster_"):
        save(store, model)
