"""What one rule found: every row of it, before it is told within bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, TypeAlias

import polars as pl

from penstock.quality.report import MAX_EXAMPLES, Example, RuleResult, Verdict, passed

Reach: TypeAlias = Literal["rows", "series", "table"]
"""What a finding condemns: the rows it names, all rows of the series it names, or the whole table."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The findings of one rule.

    ``rows`` has ``series`` and, where known, ``time`` (UTC), ``until`` (the last stamp of a finding that lasts, itself
    part of it) and ``note``, one row for each finding; no rows and no ``count`` mean that the rule holds. ``count``
    stands for findings that have no row.
    """

    rule: str
    verdict: Verdict = "passed"
    rows: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"series": pl.String}))
    finding: str = ""
    remedy: str = ""
    reach: Reach = "rows"
    count: int = 0

    def told(self) -> RuleResult:
        """Return the verdict with a few examples."""
        if self.verdict == "passed":
            return passed(self.rule)
        return RuleResult(
            rule=self.rule,
            verdict=self.verdict,
            count=self.count or self.rows.height,
            finding=self.finding,
            remedy=self.remedy,
            examples=tuple(_example(row) for row in self.rows.head(MAX_EXAMPLES).iter_rows(named=True)),
        )


def sound(rule: str) -> Found:
    """Return what is found by a rule that holds."""
    return Found(rule=rule)


def found(  # noqa: PLR0913 - the parts of one value, of which four are texts
    rule: str, verdict: Verdict, rows: pl.DataFrame, *, finding: str, remedy: str, reach: Reach = "rows"
) -> Found:
    """Return the findings ``rows`` of ``rule``; without rows the rule holds."""
    if rows.is_empty():
        return sound(rule)
    return Found(rule=rule, verdict=verdict, rows=rows, finding=finding, remedy=remedy, reach=reach)


def _example(row: dict[str, object]) -> Example:
    stamp = row.get("time")
    return Example(
        series=str(row["series"] if row["series"] is not None else "(no series)"),
        stamp=stamp.replace(tzinfo=UTC) if isinstance(stamp, datetime) else None,
        note=str(row.get("note") or ""),
    )
