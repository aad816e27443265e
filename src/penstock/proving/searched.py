"""What a check is, and the kind that searches for its smallest counter-example.

A check that ``asserts`` can block a release; one that ``measures`` only reports. An error that a forecaster raises
fails the check at hand, with the case that raised it.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, Protocol, TypeAlias, TypeVar

from penstock.domain.results import CheckResult
from penstock.proving.search import search

if TYPE_CHECKING:
    from penstock.proving.search import Budget, Draw, Finding
    from penstock.proving.subjects import Subject

log = logging.getLogger(__name__)

Kind: TypeAlias = Literal["asserts", "measures"]
ERROR_CHARACTERS = 300


class Check(Protocol):
    """One property of a trained forecaster."""

    name: ClassVar[str]
    kind: ClassVar[Kind]

    def run(self, subject: Subject, budget: Budget) -> CheckResult:
        """Search for a case that breaks the property, within ``budget``."""
        ...


class Case(Protocol):
    """What a check is tried on; it can say what it is."""

    def describe(self, subject: Subject) -> str:
        """Say in words which input this is."""
        ...


C = TypeVar("C", bound=Case)


class SearchedCheck(ABC, Generic[C]):
    """A check that tries cases; subclasses say which cases, and what is wrong with one."""

    name: ClassVar[str]
    kind: ClassVar[Kind] = "asserts"
    promise: ClassVar[str]

    @abstractmethod
    def draw(self, draw: Draw, subject: Subject) -> C:
        """Make a case from random bits."""

    @abstractmethod
    def problem(self, case: C, subject: Subject) -> str | None:
        """Say what is wrong with ``case``, or ``None``."""

    def first(self, subject: Subject) -> tuple[C, ...]:  # noqa: ARG002  # subclasses read it
        """Return cases that are always tried."""
        return ()

    def skipped_because(self, subject: Subject) -> str | None:  # noqa: ARG002  # subclasses read it
        """Say why the check cannot run on ``subject``, or ``None``."""
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
            self.first(subject),
        )
        return self.verdict(finding, subject)

    def verdict(self, finding: Finding[C], subject: Subject) -> CheckResult:
        """Turn what was found into a result.

        That the time cut a search short is logged, not stored: equal work gives equal results on a slower machine.
        """
        if finding.case is not None:
            example = f"{finding.case.describe(subject)}: {finding.problem}"
            return self.result("failed", detail=self.promise, example=example)
        if finding.cut_short:
            log.info("check %s was cut short by its time after %d cases", self.name, finding.tried)
        return self.result("passed", detail=self.promise)

    def result(
        self, verdict: Literal["passed", "failed", "skipped"], *, detail: str, example: str | None = None
    ) -> CheckResult:
        """Return a result of this check."""
        return CheckResult(name=self.name, kind=self.kind, verdict=verdict, detail=detail, example=example)

    def _judge(self, case: C, subject: Subject) -> str | None:
        try:
            return self.problem(case, subject)
        except Exception as error:  # noqa: BLE001  # a forecaster may raise anything, and that is a finding
            return f"raised {type(error).__name__}: {error}"[:ERROR_CHARACTERS]
