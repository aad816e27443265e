"""Write a panel of simulated hourly series as Parquet; run with Penstock's Python.

python hourly_panel.py FILE SERIES DAYS

The series are those of the simulator of the Danish source, of as many of its worlds as are needed; gaps are filled.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from penstock.forecasting.panel import regularise
from penstock.sources.denmark_rows import to_panel
from penstock.sources.simulators.denmark import DenmarkSimulatorConfig, simulate

LONGEST_GAP = 6


def made(series: int, days: int) -> pl.DataFrame:
    """Return ``series``, ``time``, ``y``, ``area`` and ``consumer_type``, sorted by series and time."""
    each = len(DenmarkSimulatorConfig().series)
    worlds = [world(number, days) for number in range(-(-series // each))]
    panel = pl.concat(worlds).sort("series", "time")
    chosen = panel["series"].unique().sort().head(series)
    return panel.filter(pl.col("series").is_in(chosen.to_list()))


def world(number: int, days: int) -> pl.DataFrame:
    """Return the panel of one simulated country."""
    config = DenmarkSimulatorConfig(
        seed=number,
        days=days,
        start=datetime(2021, 1, 1, tzinfo=UTC),
        gaps_per_series_year=0,
        duplicates_per_series_year=0,
    )
    panel, _ = regularise(to_panel(simulate(config)), "1h", LONGEST_GAP)
    return panel.with_columns(series=pl.format("{}-{}", pl.lit(f"{number:03d}"), pl.col("series")))


if __name__ == "__main__":
    file, count, length = sys.argv[1:]
    made(int(count), int(length)).write_parquet(Path(file))
