from __future__ import annotations

import polars as pl
import pytest

from penstock.evaluation.metrics import PointMetric
from penstock.evaluation.undefined import deciding


def panel(zeros: int) -> pl.DataFrame:
    return pl.DataFrame({"series": ["a"] * 50 + ["b"] * 50, "y": [0.0] * zeros + [1.0] * (100 - zeros)})


@pytest.mark.parametrize(
    ("metric", "zeros", "expected"),
    [
        ("mape", 5, "mape"),
        ("mape", 6, "mase"),
        ("rmspe", 60, "mase"),
        ("wape", 60, "wape"),
        ("mae", 0, "mae"),
    ],
)
def test_a_relative_metric_gives_way_to_zeros(metric: PointMetric, zeros: int, expected: str) -> None:
    assert deciding(panel(zeros), metric).metric == expected


def test_it_says_so() -> None:
    assert deciding(panel(60), "mape").note == (
        "mape is undefined where the truth is zero, as at 60% of the training values (in 2 series): mase judges instead, "
        "and wape stands beside it"
    )
    assert deciding(panel(0), "mape").note == ""
