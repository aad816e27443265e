"""Energy of French days from the power of half hours.

The rows hold mean power in MW, which is no energy: a half hour at P MW is P / 2 MWh. A day is one of Europe/Paris and
has 46, 48 or 50 half hours. A day counts only if it has all of its own; nothing is filled in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError, bounded
from penstock.sources.odre_rows import FRENCH_ZONE

if TYPE_CHECKING:
    import polars as pl

TIME = "date_heure"
POWER = "consommation_brute_electricite_rte"
HOURS_PER_ROW = 0.5


@dataclass(frozen=True, slots=True)
class DailyEnergy:
    """Energy by day, and the days that have none.

    Attributes
    ----------
    days
        ``date`` (Europe/Paris), ``consumption_mwh`` (MWh), ``half_hours`` (46, 48 or 50); complete days only, sorted.
    incomplete
        ``date``, ``half_hours`` (those with a value), ``expected``: all other days from the first row's to the last
        row's, those without any row too; sorted.
    """

    days: pl.DataFrame
    incomplete: pl.DataFrame


def daily_energy(rows: pl.DataFrame) -> DailyEnergy:
    """Add up the half hours of each French day.

    Parameters
    ----------
    rows
        ``date_heure`` (start of the half hour, UTC, each once) and ``consommation_brute_electricite_rte`` (mean power
        in MW), in any order; other columns are left aside. A null or non-finite power is a missing half hour.

    Returns
    -------
    DailyEnergy
        Complete days with their energy, and incomplete ones with their counts. The portal leaves out one hour of each
        day on which summer time ends (48 of 50 half hours), so that day is always incomplete there.

    Raises
    ------
    DataError
        A column is missing, stamps are not in UTC, do not begin a half hour, or stand twice.
    """
    import polars as pl

    _refuse(rows)
    present = pl.col(POWER).is_finite().fill_null(value=False)
    counted = rows.group_by(_french_day().alias("date"), maintain_order=True).agg(
        (pl.col(POWER).filter(present).sum() * HOURS_PER_ROW).alias("consumption_mwh"),
        present.sum().cast(pl.Int64).alias("half_hours"),
    )
    days = _expected(counted["date"]).join(counted, on="date", how="left").sort("date")
    days = days.with_columns(pl.col("half_hours").fill_null(0))
    whole = pl.col("half_hours") == pl.col("expected")
    return DailyEnergy(
        days.filter(whole).select("date", "consumption_mwh", "half_hours"),
        days.filter(~whole).select("date", "half_hours", "expected"),
    )


def _french_day() -> pl.Expr:
    import polars as pl

    return pl.col(TIME).dt.convert_time_zone(FRENCH_ZONE).dt.date()


def _expected(dates: pl.Series) -> pl.DataFrame:
    """Return every day from the first to the last of ``dates`` with the number of its half hours."""
    import polars as pl

    every = pl.Series("date", [], dtype=pl.Date)
    if not dates.is_empty():
        every = pl.select(pl.date_range(pl.lit(dates.min()), pl.lit(dates.max())).alias("date"))["date"]
    midnight = pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone(FRENCH_ZONE)
    tomorrow = pl.col("date").dt.offset_by("1d").cast(pl.Datetime("us")).dt.replace_time_zone(FRENCH_ZONE)
    return every.to_frame().with_columns(((tomorrow - midnight).dt.total_minutes() // 30).alias("expected"))


def _refuse(rows: pl.DataFrame) -> None:
    import polars as pl

    lacking = [name for name in (TIME, POWER) if name not in rows.columns]
    if lacking:
        raise DataError(
            f"French half hours need the columns {TIME} and {POWER}; {bounded(lacking)} is missing. "
            f"There are {bounded(rows.columns)}"
        )
    if getattr(rows.schema[TIME], "time_zone", None) != "UTC":
        raise DataError(
            f"{TIME} is {rows.schema[TIME]}; French days are cut from stamps in UTC. Read them as such: on a clock of "
            "another zone every day would begin at a wrong hour"
        )
    off = rows.filter(pl.col(TIME).is_null() | (pl.col(TIME) != pl.col(TIME).dt.truncate("30m")))
    if not off.is_empty():
        raise DataError(f"{off.height} stamps of {TIME} begin no half hour: {_stamps(off)}")
    twice = rows.filter(pl.col(TIME).is_duplicated()).unique(TIME).sort(TIME)
    if not twice.is_empty():
        raise DataError(
            f"{twice.height} half hours stand more than once: {_stamps(twice)}. Hours that French clocks skip are left "
            "out by penstock.sources.odre_rows.without_skipped_hours"
        )


def _stamps(rows: pl.DataFrame) -> str:
    return bounded([stamp.isoformat() if stamp else "null" for stamp in rows[TIME].to_list()])
