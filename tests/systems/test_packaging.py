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
