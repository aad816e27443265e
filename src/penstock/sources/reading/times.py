"""Stamps of a file as instants in UTC."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

import polars as pl

from penstock.domain.errors import ConfigError
from penstock.sources.reading.faults import ROW, SERIES, Faults, shown_rows

_INSTANT = pl.Datetime("us", "UTC")
_ISO = (
    r"^\s*(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<clock>\d{2}:\d{2})(?P<second>:\d{2})?(?P<fraction>\.\d{1,9})?)?"
    r"\s*(?P<zone>\S.*?)?\s*$"
)
_OFFSET = r"^([+-]\d{2})(?::?(\d{2}))?$"
_UTC_NAMES = ("Z", "z", "UTC", "GMT")
_SET_BACK = 2  # a clock that is set back shows the same stamp twice
_NOT_A_ZONE = r"^(?i:[ap]\.?m\.?|[\d:.,].*)$"


@dataclass(frozen=True, slots=True)
class Clock:
    """How stamps without a zone are read: the zone they are in and, if given, their format (chrono syntax)."""

    timezone: str = "UTC"
    time_format: str | None = None


def check_timezone(timezone: str) -> None:
    """Refuse a zone that the time zone database does not know.

    Raises
    ------
    ConfigError
        With the nearest known name.
    """
    try:
        pl.Series([0]).cast(pl.Datetime("us")).dt.replace_time_zone(timezone)
    except pl.exceptions.PolarsError as error:
        from zoneinfo import available_timezones

        nearest = difflib.get_close_matches(timezone, sorted(available_timezones()), n=1, cutoff=0.4)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else "."
        raise ConfigError(
            f"timezone={timezone!r} is not in the time zone database{hint} Give a name such as 'Europe/Copenhagen'."
        ) from error


def read_times(table: pl.DataFrame, column: str, clock: Clock, faults: Faults) -> pl.Series:
    """Return the stamps of ``column`` as ``Datetime("us", "UTC")``; where one is faulty, null.

    Text is ISO 8601 (a date, or a date and a clock, with or without an offset) or ``clock.time_format``. Stamps
    without a zone are taken in ``clock.timezone``. Where that clock is set back, a stamp that stands twice in
    its series is read as the earlier hour first; ``table`` names the series in ``series``. If every stamp is
    a date or midnight without a zone they are labels of days, weeks or months and stay midnights in UTC.
    """
    cells = table[column]
    faults.add_rows(f"empty cells in the time column {column!r}", _rows(table, column, cells.is_null()))
    if isinstance(cells.dtype, pl.Datetime) and cells.dtype.time_zone:
        return cells.dt.convert_time_zone("UTC").cast(_INSTANT)
    if isinstance(cells.dtype, pl.String):
        return _from_text(table, column, clock, faults)
    if isinstance(cells.dtype, pl.Date | pl.Datetime):
        return _located(table, column, cells.cast(pl.Datetime("us")), clock, faults)
    faults.add(
        f"the time column {column!r} holds {cells.dtype}, not times; give dates, date-times or ISO 8601 text"
    )
    return pl.Series(column, [None] * table.height, dtype=_INSTANT)


def _from_text(table: pl.DataFrame, column: str, clock: Clock, faults: Faults) -> pl.Series:
    text = table[column]
    parts = _given_format(text, clock.time_format) if clock.time_format else _iso(text)
    bad = parts["local"].is_null() & text.is_not_null()
    faults.add_rows(_unreadable(column, clock), _rows(table, column, bad), column)
    strange = parts["local"].is_not_null() & parts["zone"].is_not_null() & parts["offset_min"].is_null()
    faults.add_rows(
        f"unknown time zones in {column!r} (write an offset such as +01:00, or no zone and set timezone)",
        _rows(table, column, strange),
        column,
    )
    aware = parts["offset_min"].is_not_null()
    naive = parts["local"].is_not_null() & parts["zone"].is_null()
    if aware.any() and naive.any():
        faults.add(
            f"mixed time zones in {column!r}: {_first(table, column, aware)} has one, "
            f"{_first(table, column, naive)} has none; write all of them the same way"
        )
    if not aware.any():
        return _located(table, column, parts["local"], clock, faults)
    moved = pl.col("local") - pl.duration(minutes="offset_min")
    return parts.select(moved.dt.replace_time_zone("UTC").alias(column)).to_series()


def _unreadable(column: str, clock: Clock) -> str:
    if clock.time_format:
        return f"stamps in {column!r} that are not in time_format {clock.time_format!r}"
    return (
        f"unreadable stamps in {column!r} (allowed: ISO 8601 such as 2024-01-31 or 2024-01-31T13:00+01:00; "
        "else set time_format, for example '%d/%m/%Y %H:%M')"
    )


def _given_format(text: pl.Series, time_format: str) -> pl.DataFrame:
    aware = "%z" in time_format or "%#z" in time_format
    zone = "UTC" if aware else None
    local = text.str.strip_chars().str.to_datetime(time_format, strict=False, time_unit="us", time_zone=zone)
    offset = pl.when(aware).then(0).otherwise(None).cast(pl.Int64)
    return pl.DataFrame({"local": local.dt.replace_time_zone(None)}).with_columns(
        offset.alias("offset_min"), pl.when(aware).then(pl.lit("+00:00")).alias("zone")
    )


def _iso(text: pl.Series) -> pl.DataFrame:
    """Return ``local`` (Datetime without zone), ``zone`` (text, null without) and ``offset_min`` (null if unknown)."""
    groups = text.to_frame("text").select(pl.col("text").str.extract_groups(_ISO)).unnest("text")
    spelled = pl.concat_str(
        "date", pl.lit(" "), *(_or(name, default) for name, default in _CLOCK_PARTS)
    ).str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")
    zone = pl.col("zone")
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    hours = zone.str.extract(_OFFSET, 1).str.strip_prefix("+").cast(pl.Int64).abs()
    minutes = zone.str.extract(_OFFSET, 2).cast(pl.Int64).fill_null(0)
    offset = pl.when(zone.is_in(_UTC_NAMES)).then(0).otherwise(sign * (hours * 60 + minutes))
    is_time = ~zone.str.contains(_NOT_A_ZONE).fill_null(value=False)
    return groups.select(pl.when(is_time).then(spelled).alias("local"), "zone", offset.alias("offset_min"))


_CLOCK_PARTS = (("clock", "00:00"), ("second", ":00"), ("fraction", ""))


def _or(name: str, default: str) -> pl.Expr:
    return pl.col(name).fill_null(default)


def _located(table: pl.DataFrame, column: str, local: pl.Series, clock: Clock, faults: Faults) -> pl.Series:
    """Return naive stamps as instants; those that the clock skips or leaves open are faults."""
    if (local.dt.truncate("1d") == local).all():
        return local.dt.replace_time_zone("UTC").alias(column)
    zoned = (
        table.select(ROW, SERIES)
        .with_columns(local.alias("local"))
        .with_columns(
            _at(clock, "earliest").alias("early"),
            _at(clock, "latest").alias("late"),
            pl.int_range(pl.len()).over(SERIES, "local").alias("nth"),
            pl.len().over(SERIES, "local").alias("times"),
        )
    )
    skipped = zoned.filter(pl.col("local").is_not_null() & pl.col("early").is_null())
    faults.add_rows(f"stamps in {column!r} that the clock of {clock.timezone} skips", skipped, "local")
    once = zoned.filter((pl.col("early") != pl.col("late")) & (pl.col("times") != _SET_BACK))
    faults.add_rows(
        f"stamps in {column!r} that can be two moments in {clock.timezone} (write times in UTC or with an offset)",
        once,
        "local",
    )
    instant = pl.when(pl.col("nth") == 0).then("early").otherwise("late")
    same = pl.when(pl.col("early") == pl.col("late")).then("early").otherwise(instant)
    return zoned.select(same.dt.convert_time_zone("UTC").alias(column)).to_series()


def _at(clock: Clock, ambiguous: Literal["earliest", "latest"]) -> pl.Expr:
    return pl.col("local").dt.replace_time_zone(clock.timezone, ambiguous=ambiguous, non_existent="null")


def _rows(table: pl.DataFrame, column: str, mask: pl.Series) -> pl.DataFrame:
    return table.select(ROW, column).filter(mask)


def _first(table: pl.DataFrame, column: str, mask: pl.Series) -> str:
    return shown_rows(_rows(table, column, mask).head(1), column)
