"""What a check is, and the kind that searches for its smallest counter-example.

A check that ``asserts`` can block a release; one that ``measures`` only reports. An error that a forecaster raises
fails the check at hand, with the case that raised it.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, Protocol, Self, TypeAlias, TypeVar

from penstock.domain.results import ChangedValue, CheckResult, CounterExample, Outcome
from penstock.proving.differences import said
from penstock.proving.search import search

if TYPE_CHECKING:
    from penstock.proving.search import Budget, Draw, Finding
    from penstock.proving.subjects import Subject

log = logging.getLogger(__name__)

Kind: TypeAlias = Literal["asserts", "measures"]
ERROR_CHARACTERS = 300
REPEATS = 100
CHANGES_SHOWN = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What a system says of a check: ``None`` leaves the usual kind and limit.

    ``signs`` maps columns that are known ahead to 1 where more of it must not lower a forecast, -1 where it must not
    raise one.
    """

    kind: Kind | None = None
    limit: float | None = None
    repeats: int = REPEATS
    signs: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What is wrong with a case, in words; where two predictions should have been alike, which ones.

    ``changed`` are the changed values, at most ``CHANGES_SHOWN``; ``more`` counts the others.
    """

    text: str
    outcome: Outcome | None = None
    changed: tuple[ChangedValue, ...] = ()
    more: int = 0

    @classmethod
    def of(cls, outcome: Outcome, changed: tuple[ChangedValue, ...] = (), more: int = 0) -> Self:
        """Return the problem that two predictions differ."""
        return cls(text=said(outcome), outcome=outcome, changed=changed, more=more)


class Case(Protocol):
    """What a check is tried on; it can say what it is."""

    def describe(self, subject: Subject) -> str:
        """Say in words which input this is."""
        ...


class Drawn(Case, Protocol):
    """A case that can be drawn, and that knows those of its kind which are always tried."""

    @classmethod
    def draw(cls, draw: Draw, subject: Subject) -> Self:
        """Make a case from random bits; all ``False`` gives the simplest."""
        ...

    @classmethod
    def always(cls, subject: Subject) -> tuple[Self, ...]:
        """Return the cases that every search begins with: on the fixed sample."""
        ...


C = TypeVar("C", bound=Case)
D = TypeVar("D", bound=Drawn)


class Check(ABC):
    """One property of a trained forecaster."""

    name: ClassVar[str]
    usual_kind: ClassVar[Kind] = "asserts"
    usual_limit: ClassVar[float] = 0.0
    promise: ClassVar[str]
    """What holds, with ``{limit}`` in it where there is one."""

    def __init__(self, terms: Terms | None = None) -> None:
        self.terms = terms or Terms()
        self.kind: Kind = self.terms.kind or self.usual_kind
        self.limit = self.usual_limit if self.terms.limit is None else self.terms.limit

    @abstractmethod
    def run(self, subject: Subject, budget: Budget) -> CheckResult:
        """Look for a case that breaks the property, within ``budget``."""

    def promised(self) -> str:
        """Return what holds, with the limit at hand."""
        return self.promise.format(limit=f"{self.limit:g}")

    def result(
        self,
        verdict: Literal["passed", "failed", "skipped"],
        *,
        detail: str,
        counter: CounterExample | None = None,
        value: float | None = None,
    ) -> CheckResult:
        """Return a result of this check."""
        return CheckResult(
            name=self.name,
            kind=self.kind,
            verdict=verdict,
            value=value,
            detail=detail,
            example=None if counter is None else f"{counter.given}: {counter.problem}",
            counter=counter,
        )


class SearchedCheck(Check, Generic[C]):
    """A check that tries cases; subclasses say which, and what is wrong with one."""

    @abstractmethod
    def problem(self, case: C, subject: Subject) -> Problem | None:
        """Say what is wrong with ``case``, or ``None``."""

    @abstractmethod
    def draw(self, draw: Draw, subject: Subject) -> C:
        """Make a case from random bits."""

    @abstractmethod
    def always(self, subject: Subject) -> tuple[C, ...]:
        """Return the cases that are tried before any drawn one."""

    def describe(self, case: C, subject: Subject) -> str:
        """Say in words what the forecaster was given."""
        return case.describe(subject)

    def skipped_because(self, subject: Subject) -> str | None:  # noqa: ARG002  # subclasses read it
        """Say why the check cannot run on ``subject``, or ``None``."""
        return None

    def measure(self, subject: Subject) -> float | None:  # noqa: ARG002  # subclasses read it
        """Return the number that stands beside the verdict, or ``None``."""
        return None

    def run(self, subject: Subject, budget: Budget) -> CheckResult:
        """Search for a case that breaks the property."""
        reason = self.skipped_because(subject)
        if reason is not None:
            return self.result("skipped", detail=reason)
        finding = search(
            lambda draw: self.draw(draw, subject),
            lambda case: self._judge(case, subject),
            budget,
            self.always(subject),
        )
        return self.verdict(finding, subject)

    def verdict(self, finding: Finding[C, Problem], subject: Subject) -> CheckResult:
        """Turn what was found into a result.

        That the time cut a search short is logged, not stored: equal work gives equal results on a slower machine.
        """
        if finding.cut_short:
            log.info("check %s was cut short by its time after %d cases", self.name, finding.tried)
        value = self._measured(subject)
        if finding.case is None or finding.problem is None:
            return self.result("passed", detail=self.promised(), value=value)
        problem = finding.problem
        counter = CounterExample(
            given=self.describe(finding.case, subject),
            problem=problem.text,
            changed=problem.changed,
            more=problem.more,
            outcome=problem.outcome,
        )
        return self.result("failed", detail=self.promised(), counter=counter, value=value)

    def _judge(self, case: C, subject: Subject) -> Problem | None:
        try:
            return self.problem(case, subject)
        except Exception as error:  # noqa: BLE001  # a forecaster may raise anything, and that is a finding
            return Problem(text=f"raised {type(error).__name__}: {error}"[:ERROR_CHARACTERS])

    def _measured(self, subject: Subject) -> float | None:
        import math

        try:
            value = self.measure(subject)
        except Exception:  # noqa: BLE001  # the search has already reported what the forecaster raises
            return None
        return value if value is not None and math.isfinite(value) else None


class SampledCheck(SearchedCheck[D]):
    """A check on cases of one class, which draws them itself."""

    cases: type[D]

    def draw(self, draw: Draw, subject: Subject) -> D:
        """Make a case from random bits."""
        return self.cases.draw(draw, subject)

    def always(self, subject: Subject) -> tuple[D, ...]:
        """Return the cases on the fixed sample."""
        return self.cases.always(subject)
