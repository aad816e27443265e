from __future__ import annotations

from datetime import datetime

import polars as pl

from penstock.sources.denmark_rows import DENMARK_ROWS, known_series, series_name, to_panel


def _rows() -> pl.DataFrame:
    hours = [datetime(2023, 1, 1, 1), datetime(2023, 1, 1, 0), datetime(2023, 1, 1, 1)]  # noqa: DTZ001 - zone is set below
    return pl.DataFrame(
        {
            "HourUTC": hours,
            "PriceArea": ["DK2", "DK1", "DK1"],
            "ConsumerType_DE35": ["999", "111", "111"],
            "TotalCon": [3.0, 1.0, 2.0],
        }
    ).with_columns(pl.col("HourUTC").dt.replace_time_zone("UTC"))


def test_there_are_76_known_series_and_they_are_sorted() -> None:
    assert len(known_series()) == len(set(known_series())) == 76
    assert list(known_series()) == sorted(known_series())


def test_panel_is_sorted_by_series_and_time_with_static_columns() -> None:
    panel = to_panel(_rows())
    assert panel.columns == ["series", "time", "y", "area", "consumer_type"]
    assert panel["series"].to_list() == ["DK1/111", "DK1/111", "DK2/999"]
    assert panel["y"].to_list() == [1.0, 2.0, 3.0]
    assert panel["area"].to_list() == ["DK1", "DK1", "DK2"]
    assert panel.schema["time"] == pl.Datetime("us", "UTC")


def test_panel_keeps_duplicates() -> None:
    twice = pl.concat([_rows(), _rows()])
    assert to_panel(twice).height == 6


def test_another_column_can_be_the_value() -> None:
    truth = _rows().rename({"TotalCon": "expected_kwh"})
    assert to_panel(truth, value="expected_kwh")["y"].to_list() == [1.0, 2.0, 3.0]


def test_schema_names_the_unit() -> None:
    assert {column.name: column.unit for column in DENMARK_ROWS.columns}["TotalCon"] == "kWh"
    assert series_name("DK1", "111") == "DK1/111"
