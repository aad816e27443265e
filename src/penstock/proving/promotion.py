"""Gates between a candidate and whoever serves now: probability of being better, harm to slices, what would be lost."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from penstock.domain.errors import bounded
from penstock.evaluation.bootstrap import FEWEST_CUTOFFS, BootstrapConfig, paired_bootstrap
from penstock.evaluation.metrics import get_metric
from penstock.evaluation.slices import SliceRequest, slice_scores
from penstock.proving.gates import GateVerdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import polars as pl

    from penstock.domain.results import SliceScore

SHOWN_SLICES = 3
_ROUNDING = 1e-9


class PromotionConfig(BaseModel):
    """What a release must show before an alias that serves may stand for it.

    No setting lets a candidate pass that is more probably worse than the champion than better.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    probability: Annotated[float, Field(gt=0.5, lt=1.0)] = Field(
        default=0.9,
        description="How probable it must be that a candidate is better than the champion; higher where a change of "
        "model costs more.",
    )
    harm_tolerance: Annotated[float, Field(ge=0.0, le=1.0)] = Field(
        default=0.05,
        description="Share by which the error of a slice may be above the champion's; lower where every slice counts.",
    )
    slice_values: Annotated[int, Field(ge=1)] = Field(
        default=30,
        description="Fewest scored values of a slice that is judged for harm; more where single values are noisy.",
    )
    may_lose: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="Series of the champion that a candidate may lack; raise it when series are given up.",
    )
    automatic: bool = Field(
        default=False,
        description="Whether a release may serve without anybody saying that its report was read.",
    )

    @property
    def fewest_origins(self) -> int:
        """Fewest cutoffs that can carry ``probability``.

        A candidate that is no better wins at all of n independent cutoffs with probability 2⁻ⁿ; this must not be more
        than the doubt that the policy allows.
        """
        return max(FEWEST_CUTOFFS, math.ceil(-math.log2(1.0 - self.probability) - _ROUNDING))


@dataclass(frozen=True, kw_only=True)
class Yardstick:
    """By what two sets of predictions are compared; ``scales`` as for ``score``, ``by`` as for ``SliceRequest``."""

    metric: str
    scales: pl.DataFrame | None
    by: tuple[str, ...] = ("series",)
    bootstrap: BootstrapConfig = field(default_factory=BootstrapConfig)


def better_gate(
    champion: str, ours: pl.DataFrame, theirs: pl.DataFrame, yardstick: Yardstick, config: PromotionConfig
) -> GateVerdict:
    """Ask how probable it is that the candidate is better, by the paired block bootstrap over cutoffs.

    Parameters
    ----------
    champion
        What it is called.
    ours, theirs
        Predictions of the same rows: ``series``, ``cutoff``, ``step``, ``y``, ``prediction``.
    yardstick, config
        By what, and what is asked for.

    Raises
    ------
    DataError
        The two do not hold the same rows and truths.
    """
    origins = ours["cutoff"].n_unique()
    if origins < config.fewest_origins:
        return GateVerdict(
            gate=f"origins to compare with {champion} at",
            passed=False,
            number=float(origins),
            threshold=float(config.fewest_origins),
            detail=f"fewer cannot show a probability of {config.probability:g}; raise split.origins",
        )
    found = paired_bootstrap(ours, theirs, yardstick.metric, yardstick.scales, yardstick.bootstrap)
    return GateVerdict(
        gate=f"probability of beating {champion}",
        passed=found.probability >= config.probability,
        number=found.probability,
        threshold=config.probability,
        detail=f"{found.metric} {found.value:.4g} against {found.other:.4g} over {origins} origins and {ours.height} "
        f"values; difference {found.difference.lower:.3g} … {found.difference.upper:.3g}",
    )


def harm_gate(
    champion: str, ours: pl.DataFrame, theirs: pl.DataFrame, yardstick: Yardstick, config: PromotionConfig
) -> GateVerdict:
    """Ask that no slice is worse than with the champion by more than the tolerance.

    ``number`` is the largest share by which the error of a slice grew, ``None`` where it grew from nothing. Slices
    with fewer than ``slice_values`` values, and those in which the metric is undefined for the champion, are counted
    and not judged; where none is left, nothing is proven and the gate refuses.
    """
    request = SliceRequest(metric=yardstick.metric, by=yardstick.by)
    slices = slice_scores(ours, yardstick.scales, request, theirs)
    harms = [(_harm(one), one) for one in slices if one.count >= config.slice_values]
    judged = sorted(
        ((harm, one) for harm, one in harms if harm is not None),
        key=lambda pair: (-pair[0], pair[1].by, pair[1].slice),
    )
    if not judged:
        return GateVerdict(
            gate=f"values in a slice to look for harm beside {champion}",
            passed=False,
            number=float(max((one.count for one in slices), default=0)),
            threshold=float(config.slice_values),
            detail="no slice can be judged; raise split.origins, or lower promotion.slice_values",
        )
    harmed = [pair for pair in judged if pair[0] > config.harm_tolerance]
    left_out = len(slices) - len(judged)
    detail = f"{len(harmed)} of {len(judged)} slices harmed, {left_out} too small or undefined to judge"
    if harmed:
        detail += ": " + bounded([_shown_slice(*pair) for pair in harmed], SHOWN_SLICES)
    return GateVerdict(
        gate=f"largest harm to a slice beside {champion}",
        passed=not harmed,
        number=judged[0][0] if math.isfinite(judged[0][0]) else None,
        threshold=config.harm_tolerance,
        detail=detail,
    )


def series_gate(champion: str, lost: Sequence[str], config: PromotionConfig) -> GateVerdict:
    """Ask that the candidate forecasts the series that the champion serves; ``lost`` names those it does not."""
    named = f": {bounded(sorted(lost))}" if lost else ""
    return GateVerdict(
        gate=f"series of {champion} that would be lost",
        passed=len(lost) <= config.may_lose,
        number=float(len(lost)),
        threshold=float(config.may_lose),
        detail=f"series it serves and the candidate does not forecast{named}; allowed: promotion.may_lose",
    )


def horizon_gate(champion: str, ours: int, theirs: int) -> GateVerdict:
    """Ask that the candidate forecasts as many steps as the champion."""
    return GateVerdict(
        gate=f"steps ahead, beside {champion}",
        passed=ours >= theirs,
        number=float(ours),
        threshold=float(theirs),
        detail="whoever reads its forecasts would miss the last steps" if ours < theirs else "",
    )


def age_gate(champion: str, ours: datetime, theirs: datetime) -> GateVerdict:
    """Ask that the candidate knows data as new as the champion's: the last stamps of their datasets, in UTC."""
    behind = max((theirs - ours).total_seconds() / 3600.0, 0.0)
    return GateVerdict(
        gate=f"hours that its data end before those of {champion}",
        passed=behind == 0.0,
        number=behind,
        threshold=0.0,
        detail=f"they end {ours:%Y-%m-%d %H:%M} and {theirs:%Y-%m-%d %H:%M} UTC; going back is `models rollback`",
    )


def incomparable(champion: str, why: str) -> GateVerdict:
    """Refuse, because the two cannot be compared; ``number`` counts comparable windows."""
    return GateVerdict(
        gate=f"windows to compare with {champion} on",
        passed=False,
        number=0.0,
        threshold=float(FEWEST_CUTOFFS),
        detail=why,
    )


def report_gate(*, acknowledged: bool, automatic: bool, report: str | None) -> GateVerdict:
    """Ask that somebody says the report was read, unless the policy is automatic."""
    if automatic and not acknowledged:
        detail = "not asked for: promotion.automatic=true"
    elif acknowledged:
        detail = "" if report else "there is no report"
    else:
        detail = (
            f"read {report or 'its card'}, then say so with --acknowledge; or set promotion.automatic=true"
        )
    return GateVerdict(
        gate="reports acknowledged",
        passed=acknowledged or automatic,
        number=float(acknowledged),
        threshold=0.0 if automatic else 1.0,
        detail=detail,
    )


def _harm(one: SliceScore) -> float | None:
    """Return the share by which the error grew; ``None`` where the champion's is undefined."""
    if one.baseline is None:
        return None
    badness = get_metric(one.metric).badness
    ours, theirs = badness(one.value), badness(one.baseline)
    if theirs == 0.0:
        return 0.0 if ours == 0.0 else math.inf
    return ours / theirs - 1.0


def _shown_slice(harm: float, one: SliceScore) -> str:
    grown = f"{harm:+.1%}" if math.isfinite(harm) else "from nothing"
    return f"{one.by} {one.slice} ({one.metric} {one.value:.4g} against {one.baseline:.4g}, {grown}, {one.count} values)"
