from __future__ import annotations

import polars as pl
import pytest

from penstock.reporting.facts import ReportFacts
from penstock.reporting.scope import Material, scoped


@pytest.fixture
def material(facts: ReportFacts) -> Material:
    return Material(
        names=tuple(facts.history["series"].unique().sort(descending=True)),
        history=facts.history.sort("series", "time"),
        predictions=facts.predictions["lightgbm"],
        baseline=facts.predictions["seasonal_naive_168"],
        forecast=facts.forecast,
        horizon=24,
    )


def test_everything_is_kept_where_there_is_room(material: Material) -> None:
    scope = scoped(material)
    assert scope.note == ""
    assert len(scope.cutoffs) == 4
    assert scope.material.baseline is not None
    assert scope.material.predictions.equals(material.predictions)


def test_history_starts_a_week_of_horizons_before_the_first_origin(material: Material) -> None:
    kept = scoped(material).material.history
    assert kept.height == 6 * (4 * 24 + 7 * 24)
    assert kept["time"].max() == material.history["time"].max()


def test_the_baseline_gives_way_first(material: Material) -> None:
    whole = 6 * (264 + 96 * 3 + 96 + 24 * 3)
    scope = scoped(material, budget=whole - 1)
    assert scope.material.baseline is None
    assert len(scope.cutoffs) == 4
    assert scope.note == ""


def test_then_the_older_origins_go(material: Material) -> None:
    scope = scoped(material, budget=6 * (216 + 48 * 3 + 24 * 3))
    assert len(scope.cutoffs) == 2
    assert scope.cutoffs[-1] == material.predictions["cutoff"].max()
    assert "the last 2 of 4 origins" in scope.note


def test_at_last_names_go_from_the_end_of_the_list(material: Material) -> None:
    scope = scoped(material, budget=800)
    kept = scope.material
    assert tuple(kept.names) == tuple(material.names)[: len(kept.names)]
    assert 1 <= len(kept.names) < 6
    for frame in (kept.history, kept.predictions, kept.forecast):
        assert frame is not None
        assert set(frame["series"]) == set(kept.names)
    assert "worst series, of 6" in scope.note


def test_the_first_name_stays_whatever_the_budget(material: Material) -> None:
    assert scoped(material, budget=1).material.names == material.names[:1]


def test_no_predictions_keep_all_history(material: Material) -> None:
    empty = material.predictions.filter(pl.lit(value=False))
    bare = Material(
        names=material.names,
        history=material.history,
        predictions=empty,
        baseline=None,
        forecast=None,
        horizon=24,
    )
    assert scoped(bare).material.history.height == material.history.height
