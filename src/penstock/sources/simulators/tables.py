"""Arrays of the simulated world as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from penstock.sources.denmark_rows import LOCAL_ZONE
from penstock.sources.simulators.clock import EPOCH

if TYPE_CHECKING:
    from penstock.domain.windows import Window
    from penstock.sources.simulators.chance import Whole
    from penstock.sources.simulators.world import Readings

Series: TypeAlias = Sequence[tuple[str, str]]
"""Area and consumer type."""

_KEYS = ("PriceArea", "ConsumerType_DE35")


def raw_rows(series: Series, seen: Readings) -> pl.DataFrame:
    """Return the rows as the source lists them, hour by hour, each as often as it is listed."""
    listed = np.repeat(np.arange(seen.copies.size), seen.copies.T.ravel())
    hour = _hours(seen.index, len(series))
    local = hour.dt.convert_time_zone(LOCAL_ZONE).dt.replace_time_zone(None)
    area, code = _keys(series, seen.index.size)
    table = {"HourUTC": hour, "HourDK": local, "PriceArea": area, "ConsumerType_DE35": code}
    return pl.DataFrame({**table, "TotalCon": seen.observed_kwh.T.ravel()})[listed]


def truth(series: Series, seen: Readings) -> pl.DataFrame:
    """Return the expected value of every hour and series."""
    area, code = _keys(series, seen.index.size)
    table = {"PriceArea": area, "ConsumerType_DE35": code, "HourUTC": _hours(seen.index, len(series))}
    return pl.DataFrame({**table, "expected_kwh": seen.expected_kwh.T.ravel()})


def errors(window: Window, rows: pl.DataFrame, expected: pl.DataFrame) -> pl.DataFrame:
    """Return the absolute errors of ``expected`` against ``rows``, one line per series."""
    seen = rows.unique().join(expected, on=["HourUTC", *_KEYS])
    off = (pl.col("TotalCon") - pl.col("expected_kwh")).abs()
    scores = seen.group_by(_KEYS).agg(
        pl.len().cast(pl.Int64).alias("count"),
        off.mean().alias("mae_kwh"),
        (off / pl.col("TotalCon")).mean().alias("mape"),
    )
    start, end = (pl.lit(t.replace(tzinfo=None)).cast(pl.Datetime("us")) for t in (window.start, window.end))
    return scores.sort(_KEYS).select(
        start.dt.replace_time_zone("UTC").alias("start"),
        end.dt.replace_time_zone("UTC").alias("end"),
        pl.all(),
    )


def no_errors() -> pl.DataFrame:
    """Return an empty table of errors."""
    instant, number = pl.Datetime("us", "UTC"), pl.Float64
    return pl.DataFrame(
        schema={
            "start": instant,
            "end": instant,
            "PriceArea": pl.String,
            "ConsumerType_DE35": pl.String,
            "count": pl.Int64,
            "mae_kwh": number,
            "mape": number,
        }
    )


def _keys(series: Series, hours: int) -> tuple[pl.Series, pl.Series]:
    which = np.tile(np.arange(len(series)), hours)
    area = pl.Series([area for area, _ in series], dtype=pl.String)
    code = pl.Series([code for _, code in series], dtype=pl.String)
    return area[which], code[which]


def _hours(index: Whole, series: int) -> pl.Series:
    start_us = int(EPOCH.timestamp()) * 1_000_000
    stamps = pl.Series(np.repeat(start_us + index * 3_600_000_000, series), dtype=pl.Int64)
    return stamps.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
