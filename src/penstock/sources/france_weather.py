"""Temperatures of French days from those of its regions: once as a plain mean, once weighted by population."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError, bounded, did_you_mean
from penstock.sources.france_regions import POPULATIONS, region_weights

if TYPE_CHECKING:
    import polars as pl

REGION = "code_insee_region"
MEASURED: Mapping[str, str] = {"tmin": "tmin", "tmean": "tmoy", "tmax": "tmax"}
"""Our names, and the portal's."""

TEMPERATURE_COLUMNS = tuple(f"{name}_{kind}" for kind in ("plain", "weighted") for name in MEASURED)
"""The six columns, in order."""


@dataclass(frozen=True, slots=True)
class DailyTemperatures:
    """Temperatures by day, and the days for which regions were missing.

    Attributes
    ----------
    days
        ``date`` and the six of ``TEMPERATURE_COLUMNS`` (°C); days with at least one region, sorted.
    partial
        ``date``, ``regions`` (how many were there), ``missing`` (their INSEE codes, joined by a blank): days from the
        first row's to the last row's that lack a region. Without any region a day is here and not in ``days``.
    """

    days: pl.DataFrame
    partial: pl.DataFrame


def daily_temperatures(
    rows: pl.DataFrame, populations: Mapping[str, float] = POPULATIONS
) -> DailyTemperatures:
    """Average the regions of each day.

    Parameters
    ----------
    rows
        ``date`` (Europe/Paris), ``code_insee_region``, ``tmin``, ``tmoy``, ``tmax`` (°C), in any order. A region of
        which one of the three is null or not finite is missing on that day: all means are over the same regions.
    populations
        Persons by INSEE code: the regions to expect, and their weights. Where regions are missing, the weights of
        those present are scaled so that they sum to 1 again.

    Raises
    ------
    DataError
        A column is missing, a region has no population, or stands twice on a day.
    ConfigError
        A population is not above 0.
    """
    import polars as pl

    weights = region_weights(populations)
    _refuse(rows, weights)
    whole = pl.all_horizontal(pl.col(name).is_finite().fill_null(value=False) for name in MEASURED.values())
    share = pl.col(REGION).replace_strict(weights, return_dtype=pl.Float64)
    # Sums of floats depend on their order: sorted rows and kept order give the same bits for any order of the rows.
    present = rows.filter(whole).sort("date", REGION).with_columns(share.alias("share"))
    days = present.group_by("date", maintain_order=True).agg(*_plain(), *_weighted())
    return DailyTemperatures(
        days.select("date", *TEMPERATURE_COLUMNS), _partial(rows, present, list(weights))
    )


def _plain() -> list[pl.Expr]:
    import polars as pl

    return [pl.col(theirs).mean().alias(f"{ours}_plain") for ours, theirs in MEASURED.items()]


def _weighted() -> list[pl.Expr]:
    import polars as pl

    share = pl.col("share")
    return [
        ((pl.col(theirs) * share).sum() / share.sum()).alias(f"{ours}_weighted")
        for ours, theirs in MEASURED.items()
    ]


def _partial(rows: pl.DataFrame, present: pl.DataFrame, codes: list[str]) -> pl.DataFrame:
    import polars as pl

    every = pl.DataFrame(schema={"date": pl.Date})
    if not rows.is_empty():
        first, last = rows["date"].min(), rows["date"].max()
        every = pl.select(pl.date_range(pl.lit(first), pl.lit(last)).alias("date"))
    wanted = every.join(pl.DataFrame({REGION: codes}), how="cross")
    absent = wanted.join(present.select("date", REGION), on=["date", REGION], how="anti")
    return (
        absent.sort("date", REGION)
        .group_by("date", maintain_order=True)
        .agg(
            (len(codes) - pl.len().cast(pl.Int64)).alias("regions"),
            pl.col(REGION).str.join(" ").alias("missing"),
        )
    )


def _refuse(rows: pl.DataFrame, weights: Mapping[str, float]) -> None:
    import polars as pl

    needed = ("date", REGION, *MEASURED.values())
    lacking = [name for name in needed if name not in rows.columns]
    if lacking:
        raise DataError(
            f"French temperatures need the columns {bounded(needed)}; {bounded(lacking)} is missing. "
            f"There are {bounded(rows.columns)}"
        )
    unknown = sorted(str(code) for code in rows[REGION].unique().to_list() if code not in weights)
    if unknown:
        raise DataError(f"no population for the region {unknown[0]!r}{did_you_mean(unknown[0], weights)}")
    twice = (
        rows.filter(pl.struct("date", REGION).is_duplicated()).unique(["date", REGION]).sort("date", REGION)
    )
    if not twice.is_empty():
        named = [f"{day} {code}" for day, code in twice.select("date", REGION).iter_rows()]
        raise DataError(
            f"{len(named)} regions stand more than once on a day: {bounded(named)}. Keep one row of each"
        )
