"""Gates between a candidate and an alias that serves: each names a number and the threshold it met or missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.domain.errors import GateError, bounded
from penstock.domain.results import CheckResult, Result
from penstock.evaluation.ladder import RungScores, beats_all

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE_CHARACTERS = 300


class GateVerdict(Result):
    """What one gate decided; ``number`` is ``None`` where the candidate has none."""

    gate: str
    passed: bool
    number: float | None
    threshold: float | None
    detail: str


def ladder_gate(candidate: RungScores, rungs: Sequence[RungScores], metric: str) -> GateVerdict:
    """Ask for a candidate that is better than every rung of the ladder by ``metric``.

    Raises
    ------
    ConfigError
        The ladder is empty.
    """
    verdict = beats_all(candidate, tuple(rungs), metric)
    return GateVerdict(
        gate="beats the ladder",
        passed=verdict.passed,
        number=verdict.number,
        threshold=verdict.threshold,
        detail=verdict.describe(),
    )


def checks_gate(checks: Sequence[CheckResult]) -> GateVerdict:
    """Ask that no asserted check failed; ``number`` counts the failed ones and the threshold is 0.

    A check that was skipped neither passes nor fails; where no asserted check passed at all, nothing is proven and
    the gate refuses.
    """
    asserted = [one for one in checks if one.kind == "asserts"]
    failed = [one for one in asserted if one.verdict == "failed"]
    passed = [one for one in asserted if one.verdict == "passed"]
    skipped = len(asserted) - len(failed) - len(passed)
    detail = f"{len(passed)} passed, {skipped} skipped, {len(failed)} failed"
    if failed:
        detail += ": " + bounded([_failure(one) for one in failed], limit=3)
    return GateVerdict(
        gate="asserted checks pass",
        passed=bool(passed) and not failed,
        number=float(len(failed)),
        threshold=0.0,
        detail=detail,
    )


def enforce(verdicts: Sequence[GateVerdict]) -> None:
    """Let the candidate through, or raise with every gate that refused.

    Raises
    ------
    GateError
        Names each gate with its number and threshold.
    """
    refused = [one for one in verdicts if not one.passed]
    if refused:
        lines = [
            f"{one.gate}: {_shown(one.number)} against {_shown(one.threshold)} ({one.detail})"
            for one in refused
        ]
        raise GateError(
            f"{len(refused)} of {len(verdicts)} gates refused the candidate: "
            + "; ".join(lines)
            + "; improve the model or the data and run again: gates cannot be switched off"
        )


def _failure(check: CheckResult) -> str:
    """Name a failed check with as much of its example as fits."""
    text = check.example or check.detail
    return f"{check.name} ({text[:EXAMPLE_CHARACTERS]})" if text else check.name


def _shown(number: float | None) -> str:
    return "undefined" if number is None else f"{number:.6g}"
