"""Run the checks that a system declares, within one budget of examples and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from penstock.domain.errors import did_you_mean
from penstock.proving.checks import CHECKS, get_check
from penstock.proving.search import Budget
from penstock.proving.searched import REPEATS, Kind, Terms

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.domain.results import CheckResult
    from penstock.proving.searched import Check
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


_SPOKEN = {"assert": "asserts", "measure": "measures"}


def _known(name: str) -> str:
    if name not in CHECKS:
        raise ValueError(f"there is no such check{did_you_mean(name, CHECKS)}")
    return name


def _spoken(kind: object) -> object:
    return _SPOKEN.get(kind, kind) if isinstance(kind, str) else kind


CheckName: TypeAlias = Annotated[str, AfterValidator(_known)]


class ChecksConfig(BaseModel):
    """Which checks run, on what terms, and how hard they search.

    The number of examples ends a normal run, so the verdicts do not depend on the machine. The time is the safeguard
    against a slow forecaster: every check tries one case all the same, and one that was cut short is logged.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[CheckName, ...] = Field(
        default=DEFAULT_CHECKS,
        description="Checks to run; add non_negative where the target cannot be below zero, shifted_time where the "
        "model knows no year, direction, scaled_level or negation where they must hold.",
    )
    kinds: dict[CheckName, Annotated[Kind, BeforeValidator(_spoken)]] = Field(
        default={},
        description="Check → asserts (a failure stops the registration) or measures (only reports), where it shall be "
        "other than usual.",
    )
    limits: dict[CheckName, Annotated[float, Field(ge=0.0, allow_inf_nan=False)]] = Field(
        default={},
        description="Check → how far predictions may be off, relative, where it shall be other than usual.",
    )
    monotone: dict[str, Literal[-1, 1]] = Field(
        default={},
        description="Column known ahead → 1 where more of it must never lower a forecast, -1 where it must never raise "
        "one; the check monotone runs where a column is named.",
    )
    repeats: Annotated[int, Field(ge=2)] = Field(
        default=REPEATS,
        description="How often consistency asks the same; fewer where one forecast takes long.",
    )
    windows: Annotated[int, Field(ge=0)] = Field(
        default=2,
        description="Pieces of the training part drawn by the seed that every check tries first, beside the newest.",
    )
    examples: Annotated[int, Field(ge=1)] = Field(
        default=5, description="Drawn cases for each check; more find rarer faults and take longer."
    )
    series: Annotated[int, Field(ge=1)] = Field(
        default=4, description="Series in a piece, in the newest from the smallest level to the largest."
    )
    seconds: Annotated[float, Field(gt=0.0)] = Field(
        default=6.0, description="Time for all checks together; raise it for a slow forecaster."
    )

    @model_validator(mode="after")
    def _something_is_asserted(self) -> Self:
        if not any(check.kind == "asserts" for check in self.declared()):
            asserting = sorted(name for name, check in CHECKS.items() if check.usual_kind == "asserts")
            raise ValueError(
                "none of these checks asserts anything, so every model would be refused; add one of "
                f"{', '.join(asserting)}, or let one assert with kinds"
            )
        return self

    def declared(self) -> tuple[Check, ...]:
        """Return the checks to run, in order, each on its terms."""
        added = ("monotone",) if self.monotone and "monotone" not in self.names else ()
        return tuple(get_check(name, self._terms(name)) for name in (*self.names, *added))

    def _terms(self, name: str) -> Terms:
        return Terms(
            kind=self.kinds.get(name),
            limit=self.limits.get(name),
            repeats=self.repeats,
            signs=self.monotone,
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
        One for each check that is declared.

    Raises
    ------
    ConfigError
        A column that is declared monotone is none that the model knows ahead.
    """
    checks = config.declared()
    begun = clock()
    results = []
    for number, check in enumerate(checks, start=1):
        deadline = begun + config.seconds * number / len(checks)
        results.append(check.run(subject, Budget(examples=config.examples, deadline=deadline, clock=clock)))
    return tuple(results)
