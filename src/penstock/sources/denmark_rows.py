"""Rows of the Danish consumption source (``ConsumptionDE35Hour`` of Energi Data Service) and their panel.

One row is the energy in kWh that one consumer type used in one price area during one hour. ``HourUTC`` is the start
of that hour in UTC, ``HourDK`` the same moment on a Danish clock, without a zone as the service gives it: on the day
summer time ends one ``HourDK`` stands twice, on the day it begins one is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.domain.rows import ColumnRule, RowSchema

if TYPE_CHECKING:
    import polars as pl

LOCAL_ZONE = "Europe/Copenhagen"
FREQUENCY = "1h"

AREAS = ("DK1", "DK2")
"""West and east of the Great Belt."""

CONSUMER_TYPES = (
    *("111", "112", "119", "121", "122", "123", "130"),
    *("211", "212", "215", "220"),
    *("310", "320", "330", "340", "350", "360", "370", "381", "382", "390"),
    *("410", "421", "422", "431", "432", "433"),
    *("441", "442", "443", "444", "445", "446", "447", "450", "461", "462"),
    "999",
)
"""The 38 DE35 codes."""

DENMARK_ROWS = RowSchema(
    name="ConsumptionDE35Hour",
    columns=(
        ColumnRule(name="HourUTC", kind="instant"),
        ColumnRule(name="HourDK", kind="local_time"),
        ColumnRule(name="PriceArea", kind="text", allowed=AREAS),
        ColumnRule(name="ConsumerType_DE35", kind="text", allowed=CONSUMER_TYPES),
        ColumnRule(name="TotalCon", kind="number", unit="kWh", minimum=0.0),
    ),
)


def series_name(area: str, consumer_type: str) -> str:
    """Return the name of one series, for example ``"DK1/111"``."""
    return f"{area}/{consumer_type}"


def known_series() -> tuple[str, ...]:
    """Return the names of all 76 series, in the order in which a panel holds them."""
    return tuple(series_name(area, code) for area in AREAS for code in CONSUMER_TYPES)


def to_panel(rows: pl.DataFrame, *, value: str = "TotalCon", keep: tuple[str, ...] = ()) -> pl.DataFrame:
    """Reshape raw rows into a panel; nothing is added, dropped or repaired.

    Parameters
    ----------
    rows
        Columns ``HourUTC`` (UTC), ``PriceArea``, ``ConsumerType_DE35`` and ``value``.
    value
        Column that becomes ``y``, for example ``"expected_kwh"`` of the simulator's oracle.
    keep
        Columns that stay as they are, such as ``known_at``.

    Returns
    -------
    pl.DataFrame
        ``series`` (``"DK1/111"``), ``time`` (UTC), ``y`` (kWh), ``area``, ``consumer_type``; sorted by series
        and time. Duplicates and gaps of the rows are still there.
    """
    import polars as pl

    return rows.select(
        pl.concat_str("PriceArea", "ConsumerType_DE35", separator="/").alias("series"),
        pl.col("HourUTC").cast(pl.Datetime("us", "UTC")).alias("time"),
        pl.col(value).cast(pl.Float64).alias("y"),
        pl.col("PriceArea").alias("area"),
        pl.col("ConsumerType_DE35").alias("consumer_type"),
        *keep,
    ).sort("series", "time", maintain_order=True)
