from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import UsageError
from penstock.quality.leaks import Leak, known_too_late, near_copies, overlapping_windows, shared_keys
from penstock.testing.quality import HOUR, START, panel, rows

_SPANS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 20), st.integers(1, 6)), max_size=12)


def _spans(cells: list[tuple[str, int, int]]) -> pl.DataFrame:
    moment = pl.Datetime("us", "UTC")
    return pl.DataFrame(
        [(name, START + begin * HOUR, START + (begin + length) * HOUR) for name, begin, length in cells],
        schema={"series": pl.String, "begin": moment, "end": moment},
        orient="row",
    )


def test_rows_on_both_sides_of_a_split_are_found() -> None:
    train, test = panel(rows("a", range(6))), panel(rows("a", range(5, 8)), rows("b", [0]))
    found = shared_keys(train, test)
    assert (found.count, found.looked_at, found.examples) == (1, 4, ("a 2024-01-01T05:00Z",))
    assert shared_keys(train, panel(rows("a", range(6, 9)))).count == 0
    assert str(found) == "1 of 4 rows: a 2024-01-01T05:00Z"
    assert str(Leak(count=0, looked_at=4)) == "0 of 4 rows"


def test_near_copies_of_feature_rows_are_counted() -> None:
    train = pl.DataFrame({"lag1": [1.0, 2.0, 3.0], "day": ["x", "y", None]})
    test = pl.DataFrame({"lag1": [2.0000000001, 2.0, 3.0, 9.0], "day": ["y", "x", None, "y"]})
    found = near_copies(train, test, ["lag1", "day"])
    assert (found.count, found.looked_at) == (2, 4)
    assert near_copies(train, test, ["lag1"]).count == 3


def test_a_random_split_over_overlapping_windows_leaks_and_one_in_time_does_not() -> None:
    windows = _spans([("a", begin, 6) for begin in range(40)])
    targets = windows.select("series", begin=pl.col("end") - HOUR, end="end")
    order = np.random.default_rng(1).permutation(40)
    random = overlapping_windows(windows[order[:30]], targets[order[30:]])
    assert random.count == 10
    assert overlapping_windows(windows[:30], targets[30:]).count == 0


@given(_SPANS, _SPANS)
def test_overlaps_agree_with_a_slow_loop(
    train: list[tuple[str, int, int]], test: list[tuple[str, int, int]]
) -> None:
    hit = [
        any(name == other and begin < b + n and b < begin + length for other, b, n in train)
        for name, begin, length in test
    ]
    assert overlapping_windows(_spans(train), _spans(test)).count == sum(hit)


def _used(*cells: tuple[str, int, int]) -> pl.DataFrame:
    moment = pl.Datetime("us", "UTC")
    return pl.DataFrame(
        [(name, START + time * HOUR, START + cutoff * HOUR) for name, time, cutoff in cells],
        schema={"series": pl.String, "time": moment, "cutoff": moment},
        orient="row",
    )


def _covariates(*cells: tuple[str, int, int | None]) -> pl.DataFrame:
    moment = pl.Datetime("us", "UTC")
    known: list[tuple[str, datetime, datetime | None]] = [
        (name, START + time * HOUR, None if at is None else START + at * HOUR) for name, time, at in cells
    ]
    return pl.DataFrame(known, schema={"series": pl.String, "time": moment, "known_at": moment}, orient="row")


def test_covariates_used_before_they_are_known_are_found() -> None:
    covariates = _covariates(("a", 5, 3), ("a", 6, 4), ("a", 7, None))
    used = _used(("a", 5, 3), ("a", 6, 3), ("a", 7, 9), ("b", 5, 9))
    found = known_too_late(used, covariates)
    assert (found.count, found.looked_at) == (3, 4)
    assert found.examples == (
        "a 2024-01-01T06:00Z was used at 2024-01-01T03:00Z and known at 2024-01-01T04:00Z",
        "a 2024-01-01T07:00Z was used at 2024-01-01T09:00Z and known nobody can say when",
        "b 2024-01-01T05:00Z was used at 2024-01-01T09:00Z and known nobody can say when",
    )
    assert known_too_late(_used(("a", 5, 3)), covariates).count == 0


def test_the_first_time_that_a_covariate_was_known_counts() -> None:
    assert known_too_late(_used(("a", 5, 3)), _covariates(("a", 5, 9), ("a", 5, 2))).count == 0


def test_missing_columns_are_named() -> None:
    with pytest.raises(UsageError, match="columns known_at are missing; there are series, time, y"):
        known_too_late(_used(("a", 1, 1)), panel(rows("a")))
    with pytest.raises(UsageError, match="name at least one column"):
        near_copies(panel(), panel(), [])
