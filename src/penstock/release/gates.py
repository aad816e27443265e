"""What stands before an alias that serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict

from penstock.domain.errors import bounded

if TYPE_CHECKING:
    from penstock.release.registry import Release


class Finding(BaseModel):
    """One question a gate asked: the number found and the threshold it was held against."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    passed: bool
    value: float | None = None
    threshold: float | None = None
    detail: str = ""

    def __str__(self) -> str:
        asked = self.value is not None or self.threshold is not None
        numbers = f" {_shown(self.value)} against {_shown(self.threshold)}" if asked else ""
        return f"{self.name}{numbers}{f' ({self.detail})' if self.detail else ''}"


def _shown(number: float | None) -> str:
    return "undefined" if number is None else f"{number:g}"


class Verdict(BaseModel):
    """A gate's answer, kept with the move of the alias. A verdict without findings does not pass."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gate: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether every finding passed, and there is at least one."""
        return bool(self.findings) and all(finding.passed for finding in self.findings)

    def refusal(self) -> str:
        """Say what did not pass."""
        failed = [finding for finding in self.findings if not finding.passed]
        return bounded(failed) if self.findings else "it found nothing to judge"


class Gate(Protocol):
    """Decides whether a release may take an alias that serves."""

    def judge(self, release: Release, alias: str, serving: Release | None) -> Verdict:
        """Judge ``release`` against the one that holds ``alias`` now, if any. It must not change anything."""
