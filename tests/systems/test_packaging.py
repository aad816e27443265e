from __future__ import annotations

import polars as pl

from penstock.systems.shared.packaging import input_schema
from penstock.testing.panels import random_panel


def test_a_static_column_without_a_value_may_be_missing() -> None:
    panel = random_panel({"a": (0, 5), "b": (0, 5)})
    half = panel.with_columns(area=pl.when(pl.col("series") == "a").then("area"))
    for frame, nullable, values in ((panel, False, ("a", "b")), (half, True, ("a",))):
        column = input_schema(frame, "kWh").columns[-1]
        assert (column.name, column.nullable, column.values) == ("area", nullable, values)


def test_covariates_are_described_and_rows_ahead_accepted() -> None:
    panel = random_panel({"a": (0, 5)}).with_columns(
        pl.col("y").alias("known:price"), pl.col("y").alias("past:stock")
    )
    schema = input_schema(panel, "kWh")
    assert [(column.name, column.type, column.nullable) for column in schema.columns[2:]] == [
        ("y", "number", True),
        ("area", "string", False),
        ("known:price", "number", True),
        ("past:stock", "number", True),
    ]
    ahead = {**schema.example[0], "y": None, "past:stock": None}
    assert schema.faults([ahead]) == []
