from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from penstock.forecasting.models import ModelConfig, lightgbm_params


def test_trainings_are_pinned_down() -> None:
    params = lightgbm_params(ModelConfig(), seed=5, threads=3)
    pinned = {"deterministic": True, "force_row_wise": True, "num_threads": 3, "seed": 5}
    assert {name: params[name] for name in pinned} == pinned


def test_every_field_reaches_lightgbm() -> None:
    """Change one field at a time: some parameter moves."""
    base = lightgbm_params(ModelConfig(), seed=1, threads=1)
    changes: dict[str, Any] = {
        "objective": "l2",
        "learning_rate": 0.5,
        "num_leaves": 7,
        "min_child_samples": 99,
        "colsample": 0.33,
        "subsample": 0.44,
        "reg_lambda": 7.0,
        "max_bin": 15,
    }
    for name, value in changes.items():
        changed = lightgbm_params(ModelConfig.model_validate({name: value}), seed=1, threads=1)
        assert [key for key in base if base[key] != changed[key]], name
    others = {"kind", "targets", "n_estimators", "max_rows", "alpha", "pooled"}
    others |= {"quantile", "overstock_price", "stockout_price", "tweedie_power", "monotone"}  # of objectives
    others |= {"strategy", "steps"}
    assert set(ModelConfig.model_fields) == set(changes) | others


@pytest.mark.parametrize(
    ("body", "match"),
    [
        ({"learning_rate": 0}, "greater than 0"),
        ({"num_leaves": 1}, "greater than or equal to 2"),
        ({"max_bin": 256}, "less than or equal to 255"),
        ({"objective": "mape"}, "'l1', 'l2', 'huber', 'tweedie', 'quantile' or 'asymmetric'"),
        ({"kind": "xgboost"}, "'lightgbm' or 'linear'"),
        ({"targets": []}, "at least 1 item"),
        ({"leaves": 3}, "Extra inputs"),
    ],
)
def test_values_out_of_range(body: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        ModelConfig.model_validate(body)
