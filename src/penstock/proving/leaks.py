"""The leak detector of every training run: what no configuration can switch off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penstock.domain.results import CheckResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import polars as pl

    from penstock.quality.leaks import Leak

FEATURES = "no_feature_leak"
SPLIT = "no_overlap"
COVARIATES = "known_in_time"


def features_check(
    features_of: Callable[[pl.DataFrame], pl.DataFrame],
    history: pl.DataFrame,
    cutoffs: Sequence[datetime],
    *,
    seed: int,
) -> CheckResult:
    """Change every value after each cutoff, and fail if a feature at or before it moves.

    Parameters
    ----------
    features_of, history, seed
        See :func:`penstock.quality.lookahead.moved`.
    cutoffs
        Stamps of ``history`` with features before and values after them.
    """
    from penstock.quality.lookahead import moved

    promise = "changing every value after the cutoff moves no feature at or before it"
    looks = 0
    for cutoff in cutoffs:
        found = moved(features_of, history, cutoff, seed=seed)
        looks += found.values
        if found.culprit is not None:
            return _result(FEATURES, "failed", promise, example=found.culprit)
    return _result(FEATURES, "passed", f"{promise} ({looks:,} values, {len(cutoffs)} cutoffs)")


def overlap_check(looks: Sequence[tuple[str, Leak]]) -> CheckResult:
    """Fail if a look across a split found rows on both of its sides; each look comes with the name of its split."""
    compared = sum(leak.looked_at for _, leak in looks)
    promise = f"no row is learnt from and scored on ({compared:,} rows in {len(looks)} parts)"
    bad = [f"{name}: {leak}" for name, leak in looks if leak.count]
    if bad:
        return _result(SPLIT, "failed", promise, example="\n".join(bad))
    return _result(SPLIT, "passed", promise)


def covariates_check(leak: Leak | None) -> CheckResult:
    """Fail if a covariate was used before it was known; skipped where the model has none that come with a moment."""
    promise = "no covariate is used before it is known"
    if leak is None:
        return CheckResult(
            name=COVARIATES,
            kind="asserts",
            verdict="skipped",
            detail="the model knows nothing ahead but ids and the calendar",
        )
    if leak.count:
        return _result(COVARIATES, "failed", promise, example=str(leak))
    return _result(COVARIATES, "passed", f"{promise} ({leak.looked_at:,} values)")


def _result(name: str, verdict: str, detail: str, *, example: str | None = None) -> CheckResult:
    return CheckResult(
        name=name,
        kind="asserts",
        verdict="passed" if verdict == "passed" else "failed",
        detail=detail,
        example=example,
    )
