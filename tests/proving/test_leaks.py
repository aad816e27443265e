from __future__ import annotations

import polars as pl

from penstock.proving.gates import checks_gate
from penstock.proving.leaks import covariates_check, features_check, overlap_check
from penstock.quality.leaks import Leak
from penstock.testing.panels import random_panel

PANEL = random_panel(dict.fromkeys("ab", (0, 30)))
CUTOFFS = [PANEL["time"][12], PANEL["time"][20]]


def _lag(panel: pl.DataFrame, steps: int) -> pl.DataFrame:
    return panel.select("series", "time", pl.col("y").shift(steps).over("series").alias("lag"))


def test_features_that_look_back_pass() -> None:
    found = features_check(lambda panel: _lag(panel, 1), PANEL, CUTOFFS, seed=1)
    assert (found.name, found.kind, found.verdict) == ("no_feature_leak", "asserts", "passed")
    assert found.detail.endswith("moves no feature at or before it (52 values, 2 cutoffs)")


def test_a_feature_that_looks_ahead_fails_by_name() -> None:
    found = features_check(lambda panel: _lag(panel, -1), PANEL, CUTOFFS, seed=1)
    assert found.verdict == "failed"
    assert found.example is not None
    assert found.example.startswith(
        "changing 'a' at 2024-01-01T13:00Z, after the cutoff 2024-01-01T12:00Z, moves lag"
    )
    assert not checks_gate([found]).passed


def test_overlaps_fail_with_the_name_of_their_split() -> None:
    clean, bad = Leak(count=0, looked_at=10), Leak(count=2, looked_at=5, examples=("a 2024-01-01T00:00Z",))
    passed = overlap_check([("final window", clean)])
    assert (passed.verdict, passed.detail) == (
        "passed",
        "no row is learnt from and scored on (10 rows in 1 parts)",
    )
    failed = overlap_check([("final window", clean), ("fold 1", bad)])
    assert (failed.verdict, failed.example) == (
        "failed",
        "fold 1: 2 of 5 rows: a 2024-01-01T00:00Z and 1 more",
    )


def test_covariates_are_asked_where_there_are_any() -> None:
    assert covariates_check(None).verdict == "skipped"
    assert covariates_check(Leak(count=0, looked_at=7)).verdict == "passed"
    failed = covariates_check(Leak(count=1, looked_at=7, examples=("a was used",)))
    assert (failed.verdict, failed.example) == ("failed", "1 of 7 rows: a was used")
