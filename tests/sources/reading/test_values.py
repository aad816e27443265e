from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from penstock.sources.reading.faults import ROW, Faults
from penstock.sources.reading.values import check_static, read_numbers, read_series, read_text


def _table(**columns: list[Any]) -> pl.DataFrame:
    return pl.DataFrame(columns).with_row_index(ROW, offset=1)


def _numbers(cells: list[Any], decimal: str = ".") -> tuple[list[float | None], list[str]]:
    faults = Faults(Path("f"))
    return read_numbers(_table(y=cells), "y", decimal, faults).to_list(), faults.found


@pytest.mark.parametrize("nothing", ["", " ", "NA", "N/A", "NaN", "nan", "null", "None", "-", None])
def test_spellings_of_nothing_are_null(nothing: str | None) -> None:
    assert _numbers(["1", nothing]) == ([1.0, None], [])


def test_numbers_as_text() -> None:
    assert _numbers([" 1.5", "-2", "1e3", "+4"]) == ([1.5, -2.0, 1000.0, 4.0], [])


def test_decimal_commas() -> None:
    assert _numbers(["1,5", "2"], ",") == ([1.5, 2.0], [])
    _, faults = _numbers(["1,5"])
    assert faults == ["text where numbers are expected in 'y' (decimal commas? set decimal=','): row 1 '1,5'"]


@pytest.mark.parametrize("text", ["x", "1.2.3", "1_000", "0x10", "12 kWh"])
def test_text_is_named_by_row_and_value(text: str) -> None:
    _, faults = _numbers(["1", text])
    assert faults == [f"text where numbers are expected in 'y': row 2 {text!r}"]


@pytest.mark.parametrize("cells", [["inf", "1"], ["-Infinity", "1"], [float("-inf"), 1.0]])
def test_infinite_values_are_faults(cells: list[Any]) -> None:
    _, faults = _numbers(cells)
    assert len(faults) == 1
    assert faults[0].startswith("infinite values in 'y' (leave the cell empty where nothing is known): row 1")


@pytest.mark.parametrize("cells", [[1, 2], [1.0, 2.0], [Decimal(1), Decimal(2)]])
def test_typed_numbers_become_floats(cells: list[Any]) -> None:
    assert _numbers(cells) == ([1.0, 2.0], [])


def test_typed_nan_is_null() -> None:
    assert _numbers([float("nan"), 1.0]) == ([None, 1.0], [])


@pytest.mark.parametrize("cells", [[True, False], [[1], [2]]])
def test_other_types_are_a_fault(cells: list[Any]) -> None:
    numbers, faults = _numbers(cells)
    assert numbers == [None, None]
    assert faults[0].startswith("the column 'y' holds ")


def test_series_columns_must_be_filled_and_free_of_the_joint() -> None:
    faults = Faults(Path("f"))
    names = read_series(_table(a=["x", None], b=["1/2", "3"]), ("a", "b"), faults)
    assert names.to_list() == ["x/1/2", None]
    assert faults.found == [
        "empty cells in the series column 'a': row 2",
        "'/', which joins the series columns, inside 'b': row 1 '1/2'",
    ]


def test_one_series_column_may_hold_the_joint() -> None:
    faults = Faults(Path("f"))
    assert read_series(_table(a=["1/2"]), ("a",), faults).to_list() == ["1/2"]
    assert faults.found == []


def test_whole_numbers_name_series_as_they_are_written() -> None:
    assert read_series(_table(a=[1, 20]), ("a",), Faults(Path("f"))).to_list() == ["1", "20"]


def test_text_is_stripped_and_blank_is_null() -> None:
    assert read_text(_table(a=[" x ", "  ", None]), "a", "static", Faults(Path("f"))).to_list() == [
        "x",
        None,
        None,
    ]


def test_lists_are_no_text() -> None:
    faults = Faults(Path("f"))
    assert read_text(_table(a=[[1]]), "a", "series", faults).to_list() == [None]
    assert faults.found == ["the series column 'a' holds List(Int64), not text"]


def test_static_columns_that_change_are_named_and_bounded() -> None:
    faults = Faults(Path("f"))
    series = [f"s{n}" for n in range(7) for _ in range(2)]
    panel = pl.DataFrame({"series": series, "kind": ["p", "q"] * 7, "area": ["w"] * 14})
    check_static(panel, ("kind", "area"), faults)
    assert len(faults.found) == 1
    assert faults.found[0].startswith(
        "static column 'kind' changes within a series: series 's0' has 'p', 'q'; "
    )
    assert faults.found[0].endswith("and 2 more series")
