from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.errors import UsageError, ValidationError
from penstock.quality.config import QualityConfig
from penstock.quality.panel import RULES
from penstock.quality.rules import clean, validate_panel
from penstock.testing.quality import HOUR, START, judge, panel, rows


def test_all_broken_rules_come_in_one_error() -> None:
    frame = panel(rows("a", range(3), [-1.0, 2.0, 3.0]), rows("a", [1]), rows("b", [0, 30]))
    report = judge(frame, allow_negative=False, min_rows=3)
    with pytest.raises(ValidationError) as caught:
        report.raise_if_broken()
    lines = str(caught.value).splitlines()
    assert lines[0] == f"The panel breaks 4 of {len(RULES)} data rules (6 rows, 2 series)"
    assert [line.split()[1] for line in lines[1:]] == [
        "conflicting_duplicates",
        "negative_values",
        "gaps",
        "short_series",
    ]


def test_columns_come_first() -> None:
    frame = pl.DataFrame({"series": ["a"], "time": ["2024-01-01"], "value": [1.0]})
    report = validate_panel(frame, QualityConfig(), frequency="1h")
    with pytest.raises(
        ValidationError, match=r"time is String, must be Datetime.*; y is missing, must be Float64"
    ):
        report.raise_if_broken()


def test_lag_needs_the_moment_of_judging() -> None:
    with pytest.raises(UsageError, match="lag_days=15 needs the moment of judging"):
        judge(panel(rows()), lag_days=15)
    with pytest.raises(UsageError, match="give now with a time zone"):
        judge(panel(rows()), lag_days=15, now=START.replace(tzinfo=None))


def test_cleaning_drops_copies_empty_values_and_short_series() -> None:
    frame = panel(
        rows("b", [0, 1, 2]), rows("a", [2, 1]), rows("a", [1], [2.0]), rows("a", [0], [None]), rows("s", [0])
    )
    report = judge(frame, drop_short=True)
    left = clean(frame, report)
    assert left.rows() == panel(rows("a", [1, 2], [2.0, 1.0]), rows("b", [0, 1, 2])).rows()
    assert judge(left).noted == ()


def test_broken_data_are_not_cleaned() -> None:
    frame = panel(rows("a", [0, 99]))
    with pytest.raises(ValidationError, match="gaps"):
        clean(frame, judge(frame))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 12), st.sampled_from([1.0, 2.0, None])),
        min_size=1,
        max_size=40,
    )
)
def test_what_is_cleaned_has_one_value_per_series_and_stamp(
    cells: list[tuple[str, int, float | None]],
) -> None:
    frame = panel([(series, START + hour * HOUR, y) for series, hour, y in cells])
    report = validate_panel(frame, QualityConfig(max_gap=12, min_rows=1, drop_short=True), frequency="1h")
    if report.broken:
        return
    left = clean(frame, report)
    assert left.select("series", "time").n_unique() == left.height > 0
    assert left["y"].null_count() == 0
    assert left.equals(left.sort("series", "time"))
