from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.errors import ConfigError
from penstock.forecasting.export.forest import Forest, forest_of
from penstock.forecasting.export.graphs import forest_graph
from penstock.forecasting.export.regressors import OnnxRegressor, open_regressor

if TYPE_CHECKING:
    import lightgbm as lgb
    from numpy.typing import NDArray

ROWS, SERIES = 600, 70
OBJECTIVES = ("l1", "l2", "huber", "quantile", "tweedie", "poisson", "gamma", "fair", "mape")


def matrix(*, missing: bool = True) -> NDArray[np.float32]:
    """Two categories, one of them with more values than a word has bits, and four numbers, one with many ties."""
    draws = np.random.default_rng(3)
    rows = draws.normal(size=(ROWS, 6)).astype(np.float32)
    rows[:, 0] = draws.integers(-1 if missing else 0, SERIES, ROWS)
    rows[:, 1] = draws.integers(0, 3, ROWS)
    rows[:, 4] = np.round(rows[:, 4], 1)
    if missing:
        rows[draws.random(ROWS) < 0.1, 2] = np.nan
    return rows


def boosted(*, missing: bool = True, rounds: int = 25, **params: Any) -> lgb.Booster:
    import lightgbm as lgb

    rows = matrix(missing=missing)
    label = 0.1 + np.abs(
        np.where(rows[:, 0] % 7 < 3, rows[:, 3], rows[:, 4]) + np.nan_to_num(rows[:, 2]) + rows[:, 1]
    )
    fixed = {"verbosity": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True}
    data = lgb.Dataset(rows, label, categorical_feature=[0, 1], params={"verbosity": -1, "max_bin": 31})
    return lgb.train({**fixed, "min_data_in_leaf": 5, **params}, data, rounds)


def exported(booster: lgb.Booster) -> OnnxRegressor:
    return open_regressor(forest_graph(forest_of(booster.model_to_string())))


def predicted(regressor: OnnxRegressor, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    return regressor.predict(rows, np.zeros(len(rows), dtype=np.int64))


def natively(booster: lgb.Booster, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(booster.predict(rows, num_threads=1), dtype=np.float64)


def by_loop(forest: Forest, row: NDArray[np.float32]) -> float:
    """Walk every tree by hand."""
    total = 0.0
    for tree in forest.trees:
        node = 0 if len(tree.feature) else -1
        while node >= 0:
            value = float(row[tree.feature[node]])
            if np.isnan(value):
                left = bool(tree.missing_left[node])
            elif node in tree.members:
                left = value in tree.members[node]
            else:
                left = value <= tree.threshold[node]
            node = int((tree.left if left else tree.right)[node])
        total += float(tree.leaf[-1 - node])
    return float(np.exp(total)) if forest.transform == "exp" else total


@pytest.mark.filterwarnings("ignore:.*categorical:UserWarning")
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_trees_give_the_digits_of_lightgbm(objective: str) -> None:
    booster = boosted(objective=objective)
    rows = matrix()
    rows[:9, 0], rows[9:18, 0], rows[18:27, 1] = np.nan, 9999.0, -1.0
    rows[27:36, 3], rows[36:45, 3:5] = np.nan, 0.0
    ours, native = predicted(exported(booster), rows), natively(booster, rows)
    np.testing.assert_allclose(ours, native, rtol=4e-16)  # exp differs in its last digit
    if objective in ("l1", "l2", "huber"):
        assert ours.tolist() == native.tolist()


@pytest.mark.parametrize("fields", [{"use_missing": False}, {"num_leaves": 2}, {"min_data_in_leaf": ROWS}])
def test_trees_without_missing_values_stumps_and_lone_leaves(fields: dict[str, Any]) -> None:
    booster = boosted(missing=False, rounds=4, objective="l2", **fields)
    rows = matrix()
    assert predicted(exported(booster), rows).tolist() == natively(booster, rows).tolist()


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_values_on_the_thresholds_themselves_go_where_lightgbm_sends_them(data: st.DataObject) -> None:
    booster, regressor, forest = _shared()
    splits = np.concatenate([tree.threshold for tree in forest.trees])
    edges = splits[np.isfinite(splits)].astype(np.float32)
    near = np.concatenate(
        [edges, np.nextafter(edges, np.float32(np.inf)), np.nextafter(edges, np.float32(-np.inf))]
    )
    values = st.sampled_from([*near.tolist(), 0.0, -0.0, 1e-36, float("nan"), float("inf"), float("-inf")])
    codes = st.integers(-1, SERIES + 3).map(float)
    row = np.array(
        [[data.draw(codes), data.draw(codes), *(data.draw(values) for _ in range(4))]], dtype=np.float32
    )
    found = predicted(regressor, row).tolist()
    assert found == natively(booster, row).tolist()
    assert found == pytest.approx([by_loop(forest, row[0])], rel=1e-12)


def test_equal_trees_give_equal_bytes() -> None:
    forest = _shared()[2]
    assert forest_graph(forest) == forest_graph(forest)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "objective=regression_l1",
            "objective=binary sigmoid:1",
            "model.objective: binary sigmoid:1; allowed: custom, fair",
        ),
        ("objective=regression_l1", "objective=regression sqrt", "model.objective: regression sqrt"),
        ("num_tree_per_iteration=1", "num_tree_per_iteration=3", "model.objective: 3 trees a round"),
        ("version=", "average_output\nversion=", "model.boosting: the leaves of a random forest"),
        ("is_linear=0", "is_linear=1", "model.linear_tree: leaves must be constant"),
    ],
)
def test_what_no_graph_can_say_is_refused_by_the_key_of_the_configuration(
    old: str, new: str, message: str
) -> None:
    text = _shared()[0].model_to_string()
    assert old in text
    with pytest.raises(ConfigError, match=message):
        forest_of(text.replace(old, new))


def test_a_zero_that_counts_as_missing_is_refused() -> None:
    text = _shared()[0].model_to_string()
    zero = re.sub(
        r"decision_type=(.*)", lambda found: "decision_type=" + " ".join(["6"] * len(found[1].split())), text
    )
    with pytest.raises(ConfigError, match=r"model\.zero_as_missing"):
        forest_of(
            re.sub(
                r"(?m)^threshold=.*",
                lambda found: re.sub(r"[= ]-?", r"\g<0>-", found[0]).replace("--", "-"),
                zero,
            )
        )


_CACHE: list[tuple[lgb.Booster, OnnxRegressor, Forest]] = []


def _shared() -> tuple[lgb.Booster, OnnxRegressor, Forest]:
    if not _CACHE:
        booster = boosted(objective="l1")
        _CACHE.append((booster, exported(booster), forest_of(booster.model_to_string())))
    return _CACHE[0]
