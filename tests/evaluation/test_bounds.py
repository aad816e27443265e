"""How intervals are scored: by hand, with and without missing bounds."""

from __future__ import annotations

import polars as pl
import pytest

from penstock.evaluation.bounds import bounded_rows, interval_levels, interval_metrics


def frame(**columns: list[float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {"y": [1.0, 2.0, 3.0, None], "prediction": [1.0, 2.0, 2.0, 2.0], **columns}, strict=False
    )


def test_coverage_and_score_by_hand() -> None:
    rows = frame(lower_90=[0.0, 2.0, 1.0, 0.0], upper_90=[2.0, 4.0, 2.0, 9.0])
    found = interval_metrics(rows)
    assert found == {
        "coverage_90": pytest.approx(2 / 3),  # both ends belong to an interval; the last truth is not known
        "interval_score_90": pytest.approx((2 + 2 + 1 + 1.0 * 2 / (1 - 0.9)) / 3),
    }


def test_rows_without_bounds_count_for_nothing() -> None:
    rows = frame(lower_90=[0.0, None, float("nan"), 0.0], upper_90=[2.0, 4.0, 2.0, 9.0])
    assert bounded_rows(rows, "90").height == 1
    assert interval_metrics(rows)["coverage_90"] == 1.0
    assert interval_metrics(rows.with_columns(lower_90=pl.lit(None, dtype=pl.Float64))) == {}
    assert interval_metrics(rows.drop("lower_90", "upper_90")) == {}


def test_levels_rise_by_number() -> None:
    bounds: dict[str, list[float | None]] = {
        f"{side}_{level}": [1.0] * 4 for level in ("97.5", "5", "90") for side in ("lower", "upper")
    }
    rows = frame(**bounds)
    assert interval_levels(rows) == ("5", "90", "97.5")
    assert list(interval_metrics(rows)) == [
        f"{name}_{level}" for level in ("5", "90", "97.5") for name in ("coverage", "interval_score")
    ]
