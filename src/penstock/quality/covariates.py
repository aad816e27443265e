"""Rules about covariates: numbers wherever a series has a value, and not the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.domain.covariates import covariates_in, plain
from penstock.quality.found import Found, found, sound

if TYPE_CHECKING:
    from penstock.quality.facts import Facts


def covariate_values(facts: Facts) -> Found:
    """Refuse runs without a covariate that are too long to repair, or begin a series; note shorter ones."""
    names = covariates_in(facts.values.columns)
    runs = [_missing_runs(facts.values, name) for name in names]
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


def _missing_runs(values: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the runs of rows without a finite ``name``: where each begins, its length, and whether it begins a series."""
    there = pl.col(name).is_finite().fill_null(value=False)
    row = pl.int_range(pl.len()).over("series")
    runs = values.select("series", "time", there=there, row=row, run=there.cum_sum().over("series"))
    lost = runs.filter(~pl.col("there")).group_by("series", "run", maintain_order=True)
    return lost.agg(pl.col("time").first(), length=pl.len(), leading=pl.col("row").first() == 0).select(
        "series", "time", "length", "leading", note=pl.format("{}, {} values", pl.lit(plain(name)), "length")
    )
