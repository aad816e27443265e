from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from penstock.domain.errors import PipelineError, StorageError
from penstock.storage.codecs import load, save
from penstock.storage.codecs.estimators import EstimatorCodec
from penstock.storage.local import LocalStore

CODEC = EstimatorCodec()
RANDOM = np.random.default_rng(0)
X = np.abs(RANDOM.normal(size=(80, 3)))
Y = X[:, 0] + RANDOM.normal(size=80)


class Halving(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """An estimator of the user's own."""

    def fit(self, table: Any, target: Any = None) -> Halving:
        self.mean_ = np.mean(table, axis=0)
        return self

    def transform(self, table: Any) -> Any:
        return table / 2 - self.mean_


MODELS: list[Any] = [
    Ridge(),
    LogisticRegression(),
    RandomForestRegressor(5, random_state=1),
    HistGradientBoostingRegressor(max_iter=3, random_state=1),
    GradientBoostingClassifier(n_estimators=3, random_state=1),
    KNeighborsClassifier(),
    make_pipeline(FunctionTransformer(np.log1p, np.expm1, check_inverse=False), StandardScaler(), Ridge()),
    make_pipeline(Halving(), Ridge(random_state=np.random.RandomState(3))),
]


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path)


def fitted(model: Any) -> Any:
    target = Y > 0 if hasattr(model, "predict_proba") else Y
    return clone(model).fit(X, target)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_estimators_come_back(store: LocalStore, model: Any) -> None:
    before = fitted(model)
    ref = save(store, before)
    again: Any = load(store, ref)
    assert type(again) is type(before)
    np.testing.assert_array_equal(again.predict(X), before.predict(X))
    assert CODEC.logical(again) == ref.logical
    assert CODEC.logical(fitted(model)) == ref.logical


def test_parameters_and_what_was_learnt_count() -> None:
    models = [
        Ridge(),
        Ridge(alpha=2),
        Ridge().fit(X, Y),
        Ridge().fit(X, Y + 1),
        Ridge().fit(X[:-1], Y[:-1]),
        make_pipeline(Ridge()),
        StandardScaler().fit(X),
        RandomForestRegressor(2, random_state=1).fit(X, Y),
        RandomForestRegressor(2, random_state=2).fit(X, Y),
        FunctionTransformer(np.log1p),
        FunctionTransformer(np.expm1),
    ]
    assert len({CODEC.logical(model) for model in models}) == len(models)


def test_version_of_scikit_learn_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = CODEC.logical(fitted(Ridge()))
    monkeypatch.setattr("sklearn.base.__version__", "0.1")
    assert CODEC.logical(fitted(Ridge())) == before


@pytest.mark.parametrize(
    "function", [__import__("os").system, __import__("subprocess").run], ids=["os.system", "subprocess.run"]
)
def test_foreign_code_is_refused_when_writing_and_when_reading(tmp_path: Path, function: Any) -> None:
    model = make_pipeline(FunctionTransformer(function), Ridge())
    with pytest.raises(PipelineError, match=r"code that is not trusted: .*Trusted: sklearn, numpy, scipy"):
        CODEC.write(model, tmp_path)
    skops.io.dump(model, tmp_path / "model.skops")
    with pytest.raises(StorageError, match=r"refused to build sklearn.pipeline:Pipeline .* not trusted"):
        CODEC.read(tmp_path, "sklearn.pipeline:Pipeline")


def test_what_skops_cannot_keep_is_refused(tmp_path: Path) -> None:
    model = FunctionTransformer(lambda table: table)
    with pytest.raises(PipelineError, match=r"FunctionTransformer: .*top level of an importable module"):
        CODEC.write(model, tmp_path)
