"""Each rule of the row schema on a table that breaks it."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

from penstock.domain.errors import ValidationError
from penstock.domain.rows import ColumnRule, RowSchema
from penstock.quality.report import RuleResult
from penstock.quality.rows import validate_rows
from penstock.testing.quality import START

_SCHEMA = RowSchema(
    name="Load",
    columns=(
        ColumnRule(name="at", kind="instant"),
        ColumnRule(name="area", kind="text", allowed=("DK1", "DK2")),
        ColumnRule(name="kwh", kind="number", unit="kWh", minimum=0.0),
        ColumnRule(name="note", kind="text", nullable=True),
    ),
)


def _table(**changes: list[Any]) -> pl.DataFrame:
    columns = {
        "at": [START] * 3,
        "area": ["DK1", "DK2", "DK1"],
        "kwh": [0.0, 1.0, 2.0],
        "note": ["x", None, ""],
    }
    kinds = {"at": pl.Datetime("us", "UTC"), "area": pl.String(), "kwh": pl.Float64(), "note": pl.String()}
    return pl.DataFrame({**columns, **changes}, schema_overrides=kinds)


def _broken(table: pl.DataFrame) -> tuple[RuleResult, ...]:
    return validate_rows(table, _SCHEMA).broken


def test_sound_rows_pass_every_rule() -> None:
    report = validate_rows(_table(), _SCHEMA)
    assert [(r.rule, r.verdict) for r in report.rules] == [
        (rule, "passed") for rule in ("columns", "types", "missing", "allowed", "minimum", "infinite")
    ]
    assert (report.rows, report.series) == (3, 3)


def test_no_rows_are_sound() -> None:
    assert _broken(_table().clear()) == ()


def test_columns_too_many_and_too_few() -> None:
    (result,) = _broken(_table().drop("area").with_columns(pl.lit(1).alias("extra")))
    assert (result.rule, result.count) == ("columns", 2)
    assert sorted(map(str, result.examples)) == ["area (missing)", "extra (not wanted)"]
    assert "at (instant), area (text), kwh (number), note (text)" in result.remedy


def test_columns_of_another_type_stop_before_values_are_judged() -> None:
    report = validate_rows(
        _table().with_columns(pl.col("kwh").cast(pl.String), pl.col("at").dt.date()), _SCHEMA
    )
    assert [rule.rule for rule in report.rules] == ["columns", "types"]
    (result,) = report.broken
    assert [str(example) for example in result.examples] == ["at (Date)", "kwh (String)"]


def test_instants_must_be_in_utc() -> None:
    (result,) = _broken(_table().with_columns(pl.col("at").dt.convert_time_zone("Europe/Copenhagen")))
    assert (result.rule, result.examples[0].series) == ("types", "at")


@pytest.mark.parametrize("nothing", [None, math.nan])
def test_cells_without_a_value(nothing: float | None) -> None:
    (result,) = _broken(_table(kwh=[1.0, nothing, 2.0]))
    assert (result.rule, result.count) == ("missing", 1)
    assert str(result.examples[0]).startswith("DK2/None 2024-01-01T00:00Z (kwh=")


def test_names_that_are_not_allowed() -> None:
    (result,) = _broken(_table(area=["DK1", "DK3", "DK1"]))
    assert (result.rule, result.count) == ("allowed", 1)
    assert str(result.examples[0]) == "DK3/None 2024-01-01T00:00Z (area=DK3)"
    assert "area one of DK1, DK2" in result.remedy


def test_values_below_the_minimum() -> None:
    (result,) = _broken(_table(kwh=[1.0, 2.0, -0.1]))
    assert (result.rule, str(result.examples[0])) == ("minimum", "DK1/ 2024-01-01T00:00Z (kwh=-0.1)")
    assert "kwh from 0 kWh" in result.remedy


def test_infinite_values() -> None:
    (result,) = _broken(_table(kwh=[math.inf, 2.0, 1.0]))
    assert (result.rule, str(result.examples[0])) == ("infinite", "DK1/x 2024-01-01T00:00Z (kwh=inf)")


def test_all_faults_come_together_and_are_bounded() -> None:
    many = pl.concat([_table(area=["?"] * 3, kwh=[-1.0] * 3)] * 50)
    with pytest.raises(ValidationError) as caught:
        validate_rows(many, _SCHEMA).raise_if_broken()
    message = str(caught.value)
    assert "The table Load breaks 2 of 6 data rules (150 rows" in message
    assert message.count("and 145 more") == 2
    assert len(message) < 1500
