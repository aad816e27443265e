from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from penstock.domain.errors import StorageError
from penstock.storage.codecs.estimators import EstimatorCodec
from penstock.storage.codecs.plain_estimators import is_plain, read_plain, write_plain

CODEC = EstimatorCodec()
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 3))
Y = X[:, 0] + RANDOM.normal(size=60)


class Own(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An estimator of the user's own."""


def target(model: Any) -> Any:
    return Y > 0 if isinstance(model, LogisticRegression) else Y


PLAIN: list[Any] = [
    Ridge(alpha=0.5),
    ElasticNet(alpha=0.1),
    LogisticRegression(C=2.0, class_weight={True: 2.0, False: 1.0}),
    StandardScaler(),
    PCA(2),
    make_pipeline(StandardScaler(), PCA(2), Ridge()),
]
NOT_PLAIN: list[Any] = [
    RandomForestRegressor(2, random_state=1),
    KNeighborsRegressor(),
    FunctionTransformer(np.log1p),
    Ridge(random_state=np.random.RandomState(3)),
    make_pipeline(FunctionTransformer(np.abs), Ridge()),
]


@pytest.mark.parametrize("model", PLAIN, ids=str)
def test_plain_estimators_come_back_as_they_were(tmp_path: Path, model: Any) -> None:
    before = model.fit(X, target(model))
    assert write_plain(before, tmp_path)
    again: Any = read_plain(tmp_path, "")
    assert type(again) is type(before)
    assert CODEC.logical(again) == CODEC.logical(before)
    assert {name: type(item) for name, item in vars(again).items()} == {
        name: type(item) for name, item in vars(before).items()
    }
    act = "predict" if hasattr(before, "predict") else "transform"
    np.testing.assert_array_equal(getattr(again, act)(X), getattr(before, act)(X))


@pytest.mark.parametrize("model", PLAIN, ids=str)
def test_estimators_that_were_not_fitted_come_back(tmp_path: Path, model: Any) -> None:
    assert write_plain(model, tmp_path)
    assert CODEC.logical(read_plain(tmp_path, "")) == CODEC.logical(model)


@pytest.mark.parametrize("model", NOT_PLAIN, ids=lambda model: type(model).__name__)
def test_everything_else_is_left_to_skops(tmp_path: Path, model: Any) -> None:
    fitted = model.fit(np.abs(X), Y)
    assert not write_plain(fitted, tmp_path)
    assert list(tmp_path.iterdir()) == []
    CODEC.write(fitted, tmp_path)
    assert not is_plain(tmp_path)
    assert CODEC.logical(CODEC.read(tmp_path, "")) == CODEC.logical(fitted)


def test_estimators_of_the_users_own_are_left_to_skops(tmp_path: Path) -> None:
    assert not write_plain(Own(), tmp_path)


def test_arrays_of_objects_are_left_to_skops(tmp_path: Path) -> None:
    assert not write_plain(OneHotEncoder().fit(np.array([["a"], ["b"]], dtype=object)), tmp_path)


def test_an_estimator_that_contains_itself_is_left_to_skops(tmp_path: Path) -> None:
    model = StandardScaler()
    model.itself = model
    assert not write_plain(model, tmp_path)


def test_arrays_keep_their_order_and_numbers_their_type(tmp_path: Path) -> None:
    model = Ridge()
    model.coef_ = np.asfortranarray(X)
    model.intercept_ = np.float32(0.1)
    model.n_iter_ = np.int64(7)
    write_plain(model, tmp_path)
    again: Any = read_plain(tmp_path, "")
    assert again.coef_.flags.f_contiguous
    assert again.coef_.flags.writeable
    assert (type(again.intercept_), type(again.n_iter_)) == (np.float32, np.int64)
    assert (again.intercept_, again.n_iter_) == (model.intercept_, model.n_iter_)


@pytest.mark.parametrize(
    "tree",
    [
        {"$": "estimator", "type": "subprocess:Popen", "state": {}},
        {"$": "object", "type": "subprocess:Popen", "fields": {}},
        {"$": "enum", "type": "subprocess:Popen", "value": 1},
        {"$": "estimator", "type": "sklearn.linear_model._ridge:Ridge", "state": {"a": [{"$": "object"}]}},
        {"$": "estimator", "type": "sklearnevil:Ridge", "state": {}},
    ],
    ids=json.dumps,
)
def test_a_file_that_names_other_code_is_refused_before_it_is_imported(tmp_path: Path, tree: Any) -> None:
    (tmp_path / "estimator.json").write_text(json.dumps(tree))
    with pytest.raises(StorageError, match="refused to build an estimator from a file that names"):
        CODEC.read(tmp_path, "sklearn.linear_model._ridge:Ridge")


@pytest.mark.parametrize(
    "tree",
    [
        {"$": "estimator", "type": "sklearn.utils.validation:check_array", "state": {}},
        {"$": "estimator", "type": "sklearn.utils:Bunch", "state": {}},
        {"$": "estimator", "type": "sklearn.linear_model._ridge:Ridge"},
        {"$": "estimator", "type": "sklearn.linear_model._ridge:Ridge", "state": 3},
        {"$": "array", "part": "../../etc"},
        {"$": "scalar", "dtype": "O", "value": "00"},
    ],
    ids=json.dumps,
)
def test_a_file_that_makes_no_sense_is_an_error(tmp_path: Path, tree: Any) -> None:
    (tmp_path / "estimator.json").write_text(json.dumps(tree))
    with pytest.raises(StorageError, match="cannot read"):
        CODEC.read(tmp_path, "sklearn.linear_model._ridge:Ridge")


def test_skops_is_not_imported_for_them(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom sklearn.linear_model import Ridge\n"
        "from penstock.storage.codecs.estimators import EstimatorCodec as C\n"
        f"folder = Path({str(tmp_path)!r})\nC().write(Ridge().fit([[1], [2]], [1, 2]), folder)\nC().read(folder, '')\n"
        "assert 'skops' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
