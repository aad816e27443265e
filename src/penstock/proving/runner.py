"""Run the checks that a system declares, within one budget of examples and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from penstock.domain.errors import did_you_mean
from penstock.proving.checks import CHECKS, get_check
from penstock.proving.search import Budget

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.domain.results import CheckResult
    from penstock.proving.subjects import Subject

DEFAULT_CHECKS = (
    "consistency",
    "alone_or_in_batch",
    "order_of_series",
    "reload",
    "no_leak",
    "finite",
    "robust_to_noise",
)


def _known(name: str) -> str:
    if name not in CHECKS:
        raise ValueError(f"there is no such check{did_you_mean(name, CHECKS)}")
    return name


def _asserting(names: tuple[str, ...]) -> tuple[str, ...]:
    asserting = sorted(name for name, check in CHECKS.items() if check.kind == "asserts")
    if not set(names) & set(asserting):
        raise ValueError(
            f"none of these asserts anything, so every model would be refused; add one of {', '.join(asserting)}"
        )
    return names


class ChecksConfig(BaseModel):
    """Which checks run, and how hard they search.

    The number of examples ends a normal run, so the verdicts do not depend on the machine. The time is the safeguard
    against a slow forecaster: every check tries one case all the same, and one that was cut short is logged.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: Annotated[tuple[Annotated[str, AfterValidator(_known)], ...], AfterValidator(_asserting)] = Field(
        default=DEFAULT_CHECKS,
        description="Checks to run; add non_negative where the target cannot be below zero.",
    )
    examples: Annotated[int, Field(ge=1)] = Field(
        default=5, description="Drawn cases for each check; more find rarer faults and take longer."
    )
    series: Annotated[int, Field(ge=1)] = Field(
        default=4, description="Series that cases are drawn from, from the smallest level to the largest."
    )
    seconds: Annotated[float, Field(gt=0.0)] = Field(
        default=6.0, description="Time for all checks together; raise it for a slow forecaster."
    )


def run_checks(subject: Subject, config: ChecksConfig, clock: Callable[[], float]) -> tuple[CheckResult, ...]:
    """Run the checks that ``config`` names, in order.

    Parameters
    ----------
    subject
        The forecaster and what to try it on.
    config
        Names and budget. Time that a check does not use passes on to the next.
    clock
        Gives seconds that only rise, such as ``time.monotonic``.

    Returns
    -------
    tuple[CheckResult, ...]
        One for each name.
    """
    checks = [get_check(name) for name in config.names]
    begun = clock()
    results = []
    for number, check in enumerate(checks, start=1):
        deadline = begun + config.seconds * number / len(checks)
        results.append(check.run(subject, Budget(examples=config.examples, deadline=deadline, clock=clock)))
    return tuple(results)
