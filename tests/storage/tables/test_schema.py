"""Schemas: what may be a table, and how two of them differ."""

from __future__ import annotations

import polars as pl
import pytest

from penstock.domain.errors import UsageError
from penstock.sources.denmark_rows import DENMARK_ROWS
from penstock.storage.tables.schema import TableSchema, check_name
from penstock.testing.table_model import SCHEMA


def test_a_schema_knows_its_columns_and_their_types() -> None:
    assert SCHEMA.columns == ("time", "series", "value")
    assert SCHEMA.identity == ("time", "series")
    assert SCHEMA.types() == {
        "time": pl.Datetime("us", "UTC"),
        "series": pl.String(),
        "value": pl.Float64(),
    }
    assert list(SCHEMA.read_types()) == ["time", "series", "value", "known_at", "known_how"]


def test_a_schema_survives_json() -> None:
    assert TableSchema.model_validate_json(SCHEMA.model_dump_json()) == SCHEMA


def test_a_schema_may_come_from_the_rows_of_a_source() -> None:
    made = TableSchema.from_rows(
        DENMARK_ROWS, time="HourUTC", keys=("PriceArea", "ConsumerType_DE35"), name="denmark"
    )
    assert made.name == "denmark"
    assert sorted(made.columns) == sorted(DENMARK_ROWS.names)
    assert made.types()["HourDK"] == pl.Datetime("us")


def test_a_column_of_the_wrong_kind_cannot_be_time_or_key() -> None:
    with pytest.raises(
        UsageError, match=r"HourDK \(local_time, needed: instant\), Area \(absent, needed: text\)"
    ):
        TableSchema.from_rows(DENMARK_ROWS, time="HourDK", keys=("Area",))


@pytest.mark.parametrize("name", ["", "Denmark", "a b", "../x", "1st", "a" * 65, "con.json"])
def test_names_that_are_no_folder_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a table"):
        TableSchema.of(name, time="time", keys=(), values={"value": "number"})
    with pytest.raises(UsageError, match="cannot name a table"):
        check_name(name)


def test_all_faults_of_columns_are_told_at_once() -> None:
    with pytest.raises(UsageError, match=r"known_at, deleted belong.*columns time are named twice"):
        TableSchema.of("x", time="time", keys=("time",), values={"known_at": "instant", "deleted": "flag"})
    with pytest.raises(UsageError, match="has no values"):
        TableSchema.of("x", time="time", keys=(), values={})


def test_differences_are_told_in_words() -> None:
    other = TableSchema.of("demo", time="hour", keys=("series",), values={"value": "whole", "flag": "flag"})
    assert SCHEMA.difference(SCHEMA) == []
    assert SCHEMA.difference(other) == [
        "time: time here, hour there",
        "value value: number here, whole there",
        "value flag: absent here, flag there",
    ]
