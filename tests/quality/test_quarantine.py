"""Rows that break a rule are set aside with the reason; what is left keeps every rule."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import ValidationError
from penstock.domain.rows import ColumnRule, RowSchema
from penstock.quality.config import QualityConfig
from penstock.quality.quarantine import Sifted, quarantine, sift_panel, sift_rows
from penstock.quality.rules import Asked
from penstock.testing.quality import HOUR, START, judge, panel, rows

_SCHEMA = RowSchema(
    name="Load",
    columns=(
        ColumnRule(name="at", kind="instant"),
        ColumnRule(name="area", kind="text", allowed=("DK1", "DK2")),
        ColumnRule(name="owner", kind="text", personal=True, allowed=("Ann", "Bob")),
        ColumnRule(name="kwh", kind="number", unit="kWh", minimum=0.0),
    ),
)


def _sift(frame: pl.DataFrame, share: float = 1.0, **config: Any) -> Sifted:
    tolerances = QualityConfig(max_quarantine_share=share, **config)
    return sift_panel(frame, tolerances, Asked(frequency="1h", now=START + 99 * HOUR))


def _reasons(sifted: Sifted) -> list[tuple[Any, ...]]:
    return sifted.set_aside.select("series", (pl.col("time") - START).dt.total_hours(), "rule").rows()


def test_rows_are_divided_by_their_number_and_keep_their_order() -> None:
    frame = panel(rows("b", range(3)), rows("a", range(2)))
    violations = pl.DataFrame(
        {"index": [4, 1, 4], "rule": ["first", "odd", "second"], "finding": ["f1", "o", "f2"]}
    )
    kept, aside = quarantine(frame, violations)
    assert kept.rows() == [frame.row(n) for n in (0, 2, 3)]
    assert aside.rows() == [(*frame.row(1), "odd", "o"), (*frame.row(4), "first", "f1")]


def test_sound_rows_are_all_kept() -> None:
    frame = panel(rows("b"), rows("a"))
    sifted = _sift(frame)
    assert sifted.kept.equals(frame)
    assert sifted.set_aside.columns == ["series", "time", "y", "rule", "finding"]
    assert (sifted.set_aside.height, sifted.report.broken) == (0, ())


def test_rows_are_set_aside_with_the_reason() -> None:
    frame = panel(
        rows("a", range(6), [1.0, math.inf, 3.0, -4.0, 5.0, 6.0]),
        rows("b", [0, 1, 1, 2], [1.0, 2.0, 9.0, 3.0]),
        [(None, START, 1.0), ("b", None, 2.0)],
    )
    sifted = _sift(frame, allow_negative=False)
    assert _reasons(sifted) == [
        ("a", 1, "infinite_values"),
        ("a", 3, "negative_values"),
        ("b", 1, "conflicting_duplicates"),
        ("b", 1, "conflicting_duplicates"),
        (None, 0, "missing_keys"),
        ("b", None, "missing_keys"),
    ]
    assert sifted.set_aside["finding"][0] == "infinite values: inf"
    assert judge(sifted.kept, allow_negative=False).broken == ()


def test_the_report_notes_what_was_set_aside() -> None:
    sifted = _sift(panel(rows("a", range(6), [1.0, math.inf, 3.0, 4.0, 5.0, 6.0])))
    (noted,) = (rule for rule in sifted.report.noted if rule.rule == "infinite_values")
    assert (noted.count, noted.remedy) == (1, "These rows were set aside, with the reason.")


def test_a_series_goes_as_a_whole_and_another_round_follows() -> None:
    frame = panel(
        rows("a", range(8)), rows("gap", [0, 1, 9]), rows("b", range(4), [1.0, math.inf, math.inf, 2.0])
    )
    sifted = _sift(frame, min_rows=3)
    assert sifted.kept.rows() == frame.filter(pl.col("series") == "a").rows()
    assert sorted({(row[0], row[2]) for row in _reasons(sifted)}) == [
        ("b", "infinite_values"),
        ("b", "short_series"),
        ("gap", "gaps"),
    ]


def test_a_run_of_frozen_values_goes_to_its_end() -> None:
    frame = panel(rows("a", range(9), [1.0, 2.0, 7.0, 7.0, 7.0, 7.0, 1.0, 2.0, 3.0]))
    sifted = _sift(frame, max_frozen=3, max_gap=4, stop_on=("frozen_values",))
    assert _reasons(sifted) == [("a", hour, "frozen_values") for hour in range(2, 6)]


def test_more_than_the_stated_share_stops() -> None:
    frame = panel(rows("a", range(100), [*[-1.0] * 3, *map(float, range(97))]))
    assert _sift(frame, 0.03, allow_negative=False).set_aside.height == 3
    with pytest.raises(ValidationError, match=r"3 of 100 rows \(3.0%\) .* share of 2.0% .* raise") as caught:
        _sift(frame, 0.02, allow_negative=False)
    assert "negative_values (3): values below zero: a 2024-01-01T00:00Z (-1.0)" in str(caught.value)


def test_nothing_can_be_set_aside_for_the_whole_table() -> None:
    with pytest.raises(ValidationError, match=r"empty .*there are no rows"):
        _sift(panel())
    with pytest.raises(ValidationError, match="y is missing"):
        _sift(panel(rows("a")).drop("y"))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", None]),
            st.integers(0, 9),
            st.sampled_from([1.0, -1.0, math.inf, None, 2.0]),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_no_row_is_lost_and_what_is_kept_is_sound(cells: list[tuple[str | None, int, float | None]]) -> None:
    frame = panel([(series, START + hour * HOUR, y) for series, hour, y in cells])
    try:
        sifted = _sift(frame, allow_negative=False, max_gap=1)
    except ValidationError as error:
        assert "empty" in str(error) or "constant_series" in str(error)  # noqa: PT017 - either, not a message
        return
    assert judge(sifted.kept, allow_negative=False, max_gap=1).broken == ()
    both = pl.concat([sifted.kept, sifted.set_aside.select(frame.columns)])
    assert sorted(both.rows(), key=str) == sorted(frame.rows(), key=str)
    assert sifted.set_aside["finding"].str.len_chars().min() != 0


def _raw(**changes: list[Any]) -> pl.DataFrame:
    columns = {"at": [START] * 4, "area": ["DK1"] * 4, "owner": ["Ann"] * 4, "kwh": [0.0, 1.0, 2.0, 3.0]}
    kinds = {"at": pl.Datetime("us", "UTC"), "area": pl.String(), "owner": pl.String(), "kwh": pl.Float64()}
    return pl.DataFrame({**columns, **changes}, schema_overrides=kinds)


def test_raw_rows_that_break_their_schema_are_set_aside() -> None:
    frame = _raw(kwh=[1.0, -2.0, None, 3.0], area=["DK1", "DK9", "DK1", "DK2"])
    sifted = sift_rows(frame, _SCHEMA, QualityConfig(max_quarantine_share=0.5))
    assert sifted.kept.rows() == [frame.row(0), frame.row(3)]
    assert sifted.set_aside.select("area", "kwh", "rule", "finding").rows() == [
        ("DK9", -2.0, "allowed", "names that are not known: area=DK9"),
        ("DK1", None, "missing", "cells without a value (empty or NaN): kwh=nothing"),
    ]
    assert {rule.rule for rule in sifted.report.noted} == {"missing", "allowed", "minimum"}
    with pytest.raises(ValidationError, match=r"2 of 4 rows \(50.0%\)"):
        sift_rows(frame, _SCHEMA, QualityConfig(max_quarantine_share=0.4))


def test_wrong_columns_can_not_be_set_aside() -> None:
    with pytest.raises(ValidationError, match="columns too many or too few: kwh \\(missing\\)"):
        sift_rows(_raw().drop("kwh"), _SCHEMA, QualityConfig(max_quarantine_share=1))


def test_reasons_and_messages_mask_what_is_personal() -> None:
    frame = _raw(owner=["Ann", "Zacharias", "Ann", "Bob"])
    sifted = sift_rows(frame, _SCHEMA, QualityConfig(max_quarantine_share=1))
    assert sifted.set_aside["finding"].to_list() == ["names that are not known: owner=(personal)"]
    assert "Zacharias" not in str([*sifted.report.rules])
    with pytest.raises(ValidationError, match=r"DK1/\(personal\) .*owner=\(personal\)") as caught:
        sift_rows(frame, _SCHEMA, QualityConfig(max_quarantine_share=0))
    assert "Zacharias" not in str(caught.value)
