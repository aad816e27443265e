"""Forecasts as files of the user's own choice."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.domain.errors import UsageError
from penstock.storage.atomic import write_atomic

if TYPE_CHECKING:
    import polars as pl

FORMATS = (".parquet", ".csv")
FORECAST_FILE = "forecast.parquet"
"""The forecast of a run in its own folder; where people are named by pseudonyms, it holds these."""


def require_place(wanted: Path) -> None:
    """Refuse a place that a forecast cannot be written to; nothing is written or made.

    Raises
    ------
    UsageError
        If the ending is none of ``FORMATS``, the place is a folder, or its folder cannot be made or written.
    """
    if wanted.suffix not in FORMATS:
        raise UsageError(
            f"The forecast cannot be written to {wanted}: the ending {wanted.suffix!r} is not known; "
            f"allowed: {', '.join(FORMATS)}."
        )
    if wanted.is_dir():
        raise UsageError(f"The forecast cannot be written to {wanted}: that is a folder; name a file in it.")
    there = next(place for place in wanted.absolute().parents if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        what = "cannot be written" if there.is_dir() else "is not a folder"
        raise UsageError(f"The forecast cannot be written to {wanted}: {there} {what}; choose another place.")


def write_forecast(frame: pl.DataFrame, wanted: Path) -> Path:
    """Write a forecast as Parquet, or as CSV where the name ends so, and return its place.

    In a CSV, stamps are ISO 8601 in UTC; where all of them are midnights they are dates.
    """
    wanted.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(wanted, _csv(frame) if wanted.suffix == ".csv" else _parquet(frame))
    return wanted


def _csv(frame: pl.DataFrame) -> bytes:
    import polars.selectors as cs

    stamps = frame.select(cs.datetime())
    days = all(bool((stamps[name].dt.truncate("1d") == stamps[name]).all()) for name in stamps.columns)
    wanted = "%Y-%m-%d" if days else "%Y-%m-%dT%H:%M:%S%:z"
    return frame.with_columns(cs.datetime().dt.strftime(wanted)).write_csv().encode()


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()
