"""A small file of made-up electricity consumption, for trying the panel system without a file of one's own."""

from __future__ import annotations

from pathlib import Path

from penstock.sources.simulators.denmark import DenmarkSimulatorConfig

FILE = "load.csv"
WORLD = DenmarkSimulatorConfig(days=40, consumer_types=("111", "443"))


def write_sample(folder: Path) -> None:
    """Write ``load.csv`` with the columns ``hour`` (UTC), ``area``, ``kind`` and ``load_kwh``: four hourly series."""
    import polars as pl

    from penstock.sources.simulators.denmark import simulate

    simulate(WORLD).select(
        pl.col("HourUTC").alias("hour"),
        pl.col("PriceArea").alias("area"),
        pl.col("ConsumerType_DE35").alias("kind"),
        pl.col("TotalCon").alias("load_kwh"),
    ).write_csv(folder / FILE, datetime_format="%Y-%m-%dT%H:%MZ")
