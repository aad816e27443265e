"""Rules about covariates: numbers wherever a series has a value, and not the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.domain.covariates import covariates_in, past_in, plain
from penstock.quality.found import Found, found, sound

if TYPE_CHECKING:
    from penstock.quality.facts import Facts


def covariate_values(facts: Facts) -> Found:
    """Refuse runs without a covariate that are too long to repair, or begin a series; note shorter ones.

    The newest values of a past covariate may be missing as far as it is declared to be late: no model uses them.
    """
    names = covariates_in(facts.values.columns)
    leads = facts.context.leads
    late = {name: max(-leads.get(plain(name), 0), 0) for name in past_in(names)}
    runs = [_missing_runs(facts.values, name, late.get(name, 0)) for name in names]
    if not runs:
        return sound("covariate_values")
    allowed = facts.context.config.max_gap
    begun = pl.concat(runs).sort("series", "time", "note")
    bad = begun.filter((pl.col("length") > allowed) | pl.col("leading"))
    if bad.height:
        return found(
            "covariate_values",
            "broken",
            bad,
            finding=f"runs of more than {allowed} values of a covariate are missing, or those that begin a series",
            remedy=f"Up to {allowed} are filled by the last one known; give the values, leave the covariate out, or raise "
            "quality.max_gap.",
            reach="table",
        )
    return found(
        "covariate_values",
        "noted",
        begun,
        finding="runs without a value of a covariate",
        remedy="The last value known stands for them.",
    )


def constant_covariates(facts: Facts) -> Found:
    """Note covariates that are one and the same value everywhere."""
    values = facts.values
    still = [name for name in covariates_in(values.columns) if values[name].drop_nulls().n_unique() <= 1]
    if not still:
        return sound("constant_covariates")
    names = ", ".join(plain(name) for name in still)
    return Found(
        rule="constant_covariates",
        verdict="noted",
        count=len(still),
        finding=f"covariates that never change: {names}",
        remedy="They say nothing, so models are not given them.",
    )


def _missing_runs(values: pl.DataFrame, name: str, late: int) -> pl.DataFrame:
    """Return the runs of rows without a finite ``name``: where each begins, its length, and whether it begins a series.

    A run of at most ``late`` rows that ends its series is left out.
    """
    there = pl.col(name).is_finite().fill_null(value=False)
    row = pl.int_range(pl.len()).over("series")
    left = pl.len().over("series") - row
    runs = values.select(
        "series", "time", there=there, row=row, left=left, run=there.cum_sum().over("series")
    )
    lost = runs.filter(~pl.col("there")).group_by("series", "run", maintain_order=True)
    begun = lost.agg(pl.col("time", "left").first(), length=pl.len(), leading=pl.col("row").first() == 0)
    declared = (pl.col("left") == pl.col("length")) & (pl.col("length") <= late) & ~pl.col("leading")
    return begun.filter(~declared).select(
        "series", "time", "length", "leading", note=pl.format("{}, {} values", pl.lit(plain(name)), "length")
    )
