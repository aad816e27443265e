"""Comparing two executions of the same work, step by step, by logical digests."""

from __future__ import annotations

from typing import Literal

from pydantic import computed_field

from penstock.domain.results import Result
from penstock.engine.records import RunRecord, StepRecord

Verdict = Literal["equal", "differs", "missing", "effect"]


class StepComparison(Result):
    """One step of the recorded run beside the same step of the repetition."""

    step: str
    verdict: Verdict
    recorded: str | None
    repeated: str | None


class Comparison(Result):
    """Whether a repetition made the same, and what surrounded both.

    ``surroundings`` lists differences of libraries and environment, which explain unequal digests.
    """

    run_id: str
    repeated_run_id: str
    steps: tuple[StepComparison, ...]
    surroundings: tuple[str, ...]

    @computed_field  # type: ignore[prop-decorator] # pydantic asks for exactly this order
    @property
    def is_equal(self) -> bool:
        """Whether every pure step has the same logical digest."""
        return all(step.verdict in ("equal", "effect") for step in self.steps)

    @property
    def first_difference(self) -> StepComparison | None:
        """The first step, in the order of the run, that differs or is missing."""
        return next((step for step in self.steps if step.verdict in ("differs", "missing")), None)


def compare(recorded: RunRecord, repeated: RunRecord) -> Comparison:
    """Compare a recorded run with its repetition; effects are listed but not judged."""
    return Comparison(
        run_id=recorded.run_id,
        repeated_run_id=repeated.run_id,
        steps=tuple(_compare(step, repeated.step(step.report.name)) for step in recorded.steps),
        surroundings=surroundings_differences(recorded, repeated),
    )


def surroundings_differences(one: RunRecord, other: RunRecord) -> tuple[str, ...]:
    """Return what differs in libraries and environment between two runs, one line each, sorted."""
    lines = []
    for word, left, right in (
        ("library", one.libraries, other.libraries),
        ("environment", one.environment, other.environment),
    ):
        for name in sorted({*left, *right}):
            before, after = left.get(name, "none"), right.get(name, "none")
            if before != after:
                lines.append(f"{word} {name}: {before} → {after}")
    return tuple(lines)


def _compare(recorded: StepRecord, repeated: StepRecord | None) -> StepComparison:
    name = recorded.report.name
    left = recorded.output.logical if recorded.output else None
    right = repeated.output.logical if repeated and repeated.output else None
    if recorded.effect:
        verdict: Verdict = "effect"
    elif right is None:
        verdict = "missing"
    else:
        verdict = "equal" if left == right else "differs"
    return StepComparison(step=name, verdict=verdict, recorded=left, repeated=right)
