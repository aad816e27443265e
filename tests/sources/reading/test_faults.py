from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from penstock.domain.errors import DataError
from penstock.sources.reading.faults import ROW, Faults, shown, shown_rows


def test_no_fault_raises_nothing() -> None:
    faults = Faults(Path("a.csv"))
    faults.add_rows("never", pl.DataFrame({ROW: [], "v": []}), "v")
    faults.raise_if_any()


def test_one_fault_is_one_line() -> None:
    faults = Faults(Path("a.csv"))
    faults.add("too hot")
    with pytest.raises(DataError, match=r"^a\.csv: too hot$"):
        faults.raise_if_any()


def test_rows_are_bounded_and_the_rest_counted() -> None:
    rows = pl.DataFrame({ROW: range(1, 21), "v": ["x"] * 20})
    assert shown_rows(rows, "v") == "row 1 'x', row 2 'x', row 3 'x', row 4 'x', row 5 'x' and 15 more"
    assert shown_rows(rows.head(2)) == "row 1, row 2"


def test_long_cells_are_cut() -> None:
    assert len(shown("z" * 10_000)) < 50
