from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from penstock.domain.errors import UnknownNameError
from penstock.evaluation.metrics import POINT_METRICS, get_metric
from penstock.evaluation.scores import overall
from penstock.evaluation.slices import SliceRequest, slice_scores, worst
from penstock.testing.panels import random_predictions, scales_of

FRAME = random_predictions(12, 4, 3)
BASELINE = FRAME.with_columns(prediction=pl.col("y") * 1.5)


def test_every_slice_stands_beside_its_baseline_worst_first() -> None:
    found = slice_scores(FRAME, None, SliceRequest(metric="mape", by=("series", "area")), BASELINE)
    assert {one.by for one in found} == {"series", "area"}
    assert len(found) == 14
    assert [one.value for one in found] == sorted((one.value for one in found), reverse=True)
    assert all(one.baseline == pytest.approx(0.5) for one in found)
    for one in found:
        part = FRAME.filter(pl.col(one.by) == one.slice)
        assert one.value == pytest.approx(overall(part, None, ["mape"])["mape"])
        assert one.count == part.height


@pytest.mark.parametrize("metric", [name for name in POINT_METRICS if get_metric(name).additive])
@pytest.mark.parametrize("by", ["series", "area"])
def test_the_weighted_mean_of_slices_is_the_whole(metric: str, by: str) -> None:
    scales = scales_of(FRAME)
    found = slice_scores(FRAME, scales, SliceRequest(metric=metric, by=(by,)))
    mean = np.average([one.value for one in found], weights=[one.count for one in found])
    assert mean == pytest.approx(overall(FRAME, scales, [metric])[metric])


def test_the_worst_are_few_and_ordered() -> None:
    found = slice_scores(FRAME, None, SliceRequest(metric="mape"))
    assert worst(reversed(found)) == found[:10]
    assert worst(found, 3) == found[:3]


def test_bias_is_worst_where_it_is_farthest_from_zero() -> None:
    frame = random_predictions(2, 2, 2).with_columns(
        y=pl.lit(0.0), prediction=pl.when(pl.col("series") == "s000").then(-3.0).otherwise(2.0)
    )
    found = slice_scores(frame, None, SliceRequest(metric="bias"))
    assert [(one.slice, one.value) for one in found] == [("s000", -3.0), ("s001", 2.0)]


def test_an_undefined_slice_is_left_out_and_a_missing_prediction_is_the_worst() -> None:
    frame = random_predictions(3, 2, 2).with_columns(
        pl.when(pl.col("series") == "s000").then(0.0).otherwise("y").alias("y"),
        pl.when(pl.col("series") != "s001").then("prediction").alias("prediction"),
    )
    found = slice_scores(frame, None, SliceRequest(metric="mape"))
    assert [one.slice for one in found] == ["s001", "s002"]
    assert found[0].value == math.inf


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="cannot group scores by region"):
        slice_scores(FRAME, None, SliceRequest(metric="mae", by=("region",)))
    with pytest.raises(UnknownNameError, match="did you mean 'mape'"):
        slice_scores(FRAME, None, SliceRequest(metric="mapes"))
