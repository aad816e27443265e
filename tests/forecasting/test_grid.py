from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from penstock.domain.errors import DataError
from penstock.forecasting.grid import grid_of, row_positions
from penstock.testing.panels import START, grid


def test_a_ragged_panel_as_a_matrix(panel: pl.DataFrame) -> None:
    late = START + timedelta(hours=100)
    ragged = panel.filter((pl.col("series") != "s01") | (pl.col("time") >= late))
    grid = grid_of(ragged, "1h")
    assert grid.values.shape == (4, 504)
    assert grid.first.tolist() == [0, 100, 0, 0]
    assert grid.last.tolist() == [503] * 4
    assert np.isnan(grid.values[1, :100]).all()
    rows = zip(grid.series, grid.values, strict=True)
    for name, values in rows:
        expected = ragged.filter(pl.col("series") == name)["y"].to_numpy()
        np.testing.assert_array_equal(values[~np.isnan(values)], expected)


def test_stamps_go_on_after_the_end(panel: pl.DataFrame) -> None:
    grid = grid_of(panel, "1h")
    stamps = grid.stamps(3)
    assert len(stamps) == 507
    assert stamps[-1] - stamps[-4] == timedelta(hours=3)
    assert stamps.head(504).equals(grid.times)


def test_months_are_steps() -> None:
    stamps = grid(12, "1mo")
    monthly = pl.DataFrame({"series": "a", "time": stamps, "y": range(12)})
    laid_out = grid_of(monthly, "1mo")
    assert laid_out.values.shape == (1, 12)
    assert [stamp.month for stamp in laid_out.stamps(2)][-3:] == [12, 1, 2]


def test_positions_and_strangers(panel: pl.DataFrame) -> None:
    grid = grid_of(panel, "1h")
    assert grid.position(START + timedelta(hours=7)) == 7
    for stamp in (START + timedelta(minutes=30), START - timedelta(hours=1), START + timedelta(days=99)):
        with pytest.raises(DataError, match="no such stamp in the panel: cutoff"):
            grid.position(stamp)
    odd = pl.Series([START + timedelta(minutes=30)], dtype=pl.Datetime("us", "UTC"))
    with pytest.raises(DataError, match="stamps off the common grid: 2024-01-01 00:30"):
        row_positions(odd, grid.times)


def test_series_on_shifted_grids_do_not_fit(panel: pl.DataFrame) -> None:
    shifted = panel.with_columns(
        time=pl.when(pl.col("series") == "s03")
        .then(pl.col("time") + timedelta(minutes=15))
        .otherwise(pl.col("time"))
    )
    with pytest.raises(DataError, match="stamps off the common grid"):
        grid_of(shifted, "1h")
