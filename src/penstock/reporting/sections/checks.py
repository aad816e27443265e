"""The verdicts on the trained model's properties."""

from __future__ import annotations

from penstock.domain.results import CheckResult
from penstock.reporting.blocks import Block, Cell, Column, Command, Fold, Section, Table, Tone
from penstock.reporting.facts import ReportFacts
from penstock.reporting.numbers import MISSING, number

_TONES: dict[str, Tone] = {"passed": "good", "failed": "bad", "skipped": "quiet"}
_MARKS = {"passed": "✓ passed", "failed": "✗ failed", "skipped": f"{MISSING} skipped"}
_ORDER = {"failed": 0, "skipped": 1, "passed": 2}
EXAMPLE_LIMIT = 2000


def checks(facts: ReportFacts) -> Section | None:
    """Return the checks, failed ones first, each failed one with its smallest example."""
    if not facts.checks:
        return None
    ordered = sorted(facts.checks, key=lambda check: (_ORDER[check.verdict], check.kind, check.name))
    columns = (
        Column(label="Check"),
        Column(label="Verdict", tight=True),
        Column(label="Kind", hint="asserts can block a release, measures only report"),
        Column(label="Value", right=True),
    )
    table = Table(
        caption="Asserted checks can block a release, measured ones only report",
        columns=columns,
        rows=tuple(_row(check) for check in ordered),
    )
    examples = [_example(check) for check in ordered if check.example]
    return Section(id="checks", title="Checks", blocks=(table, *examples))


def _row(check: CheckResult) -> tuple[Cell, ...]:
    return (
        Cell(text=check.name, note=check.detail),
        Cell(text=_MARKS[check.verdict], tone=_TONES[check.verdict], sort=_ORDER[check.verdict]),
        Cell(text=check.kind),
        Cell(text="" if check.value is None else number(check.value), sort=check.value),
    )


def _example(check: CheckResult) -> Block:
    text = check.example or ""
    shown = text if len(text) <= EXAMPLE_LIMIT else f"{text[:EXAMPLE_LIMIT]} …"
    return Fold(
        summary=f"Smallest example of {check.name}", blocks=(Command(lines=tuple(shown.splitlines())),)
    )
