"""What the rules found, bounded, and how it is told."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from penstock.domain.errors import ValidationError

MAX_EXAMPLES = 5
"""Examples kept of one rule: enough to find the cause, too few to bury the other rules."""

Verdict: TypeAlias = Literal["passed", "noted", "broken"]


class Example(BaseModel):
    """One place where a rule did not hold: a series, a moment in UTC, and what is there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    series: str
    stamp: datetime | None = None
    note: str = ""

    def __str__(self) -> str:
        stamp = f"{self.stamp:%Y-%m-%dT%H:%MZ}" if self.stamp else ""
        note = f"({self.note})" if self.note else ""
        return " ".join(part for part in (self.series, stamp, note) if part)


class RuleResult(BaseModel):
    """The verdict of one rule.

    ``passed``: it holds. ``noted``: it does not, but work can go on; ``remedy`` says what becomes of the findings.
    ``broken``: nothing may be written; ``remedy`` says what is allowed and what to do. ``count`` is the number of
    findings, of which ``examples`` shows a few.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    verdict: Verdict
    count: int = 0
    finding: str = ""
    remedy: str = ""
    examples: tuple[Example, ...] = ()

    def __str__(self) -> str:
        if self.verdict == "passed":
            return f"{self.rule}: holds"
        shown = ", ".join(str(example) for example in self.examples)
        rest = self.count - len(self.examples)
        more = f" and {rest} more" if rest > 0 and shown else ""
        places = f": {shown}{more}" if shown else ""
        return f"{self.rule} ({self.count:,}): {self.finding}{places}. {self.remedy}"


class QualityReport(BaseModel):
    """Verdicts of all rules over one frame, in the order in which they were asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str
    rows: int
    series: int
    rules: tuple[RuleResult, ...]
    dropped_series: tuple[str, ...] = ()
    """Series that :func:`penstock.quality.rules.clean` leaves out."""

    @property
    def broken(self) -> tuple[RuleResult, ...]:
        """Rules that stop the work."""
        return tuple(rule for rule in self.rules if rule.verdict == "broken")

    @property
    def noted(self) -> tuple[RuleResult, ...]:
        """Rules that do not hold but do not stop the work."""
        return tuple(rule for rule in self.rules if rule.verdict == "noted")

    def raise_if_broken(self) -> None:
        """Stop if any rule is broken.

        Raises
        ------
        ValidationError
            Lists every broken rule with series and stamps, bounded, what is allowed and the next step.
        """
        if self.broken:
            lines = "".join(f"\n  - {rule}" for rule in self.broken)
            count = f"{len(self.broken)} of {len(self.rules)} data rules"
            size = f"{self.rows:,} rows, {self.series:,} series"
            error = ValidationError(f"{self.subject} breaks {count} ({size}){lines}")
            error.broken = tuple((rule.rule, str(rule)) for rule in self.broken)
            raise error


def passed(rule: str) -> RuleResult:
    """Return the verdict of a rule that holds."""
    return RuleResult(rule=rule, verdict="passed")
