"""The verdicts on the trained model's properties, and for each broken one its smallest example."""

from __future__ import annotations

from penstock.domain.results import CheckResult, CounterExample
from penstock.reporting.blocks import Block, Cell, Column, Command, Fold, Notice, Section, Stack, Table, Tone
from penstock.reporting.facts import ReportFacts
from penstock.reporting.numbers import MISSING, number

_TONES: dict[str, Tone] = {"passed": "good", "failed": "bad", "skipped": "quiet"}
_MARKS = {"passed": "✓ passed", "failed": "✗ failed", "skipped": f"{MISSING} skipped"}
_ORDER = {"failed": 0, "skipped": 1, "passed": 2}
_KINDS = {"asserts": "asserts: can block", "measures": "measures: only reports"}
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
        Column(label="Value", right=True, hint="what was measured, where a check measures something"),
    )
    on = f"; every one began with the {facts.checks_on}, then searched" if facts.checks_on else ""
    table = Table(
        caption=f"Asserted checks can block a release, measured ones only report{on}",
        columns=columns,
        rows=tuple(_row(check) for check in ordered),
    )
    examples = [_example(check) for check in ordered if check.example]
    return Section(id="checks", title="Checks", blocks=(table, *examples))


def _row(check: CheckResult) -> tuple[Cell, ...]:
    return (
        Cell(text=check.name, note=check.detail),
        Cell(text=_MARKS[check.verdict], tone=_tone(check), sort=_ORDER[check.verdict]),
        Cell(text=_KINDS[check.kind]),
        Cell(text="" if check.value is None else number(check.value), sort=check.value),
    )


def _tone(check: CheckResult) -> Tone:
    """Keep red for what blocks."""
    broken_measure = check.verdict == "failed" and check.kind == "measures"
    return "warn" if broken_measure else _TONES[check.verdict]


def _example(check: CheckResult) -> Block:
    """Tell the counter-example where nobody has to open anything, with its numbers in a table."""
    text = _shortened(check.example or "")
    if check.counter is None:
        return Fold(
            summary=f"Smallest example of {check.name}", blocks=(Command(lines=tuple(text.splitlines())),)
        )
    notice = Notice(
        title=f"Smallest example that breaks {check.name}:",
        text=text,
        tone="bad" if check.kind == "asserts" else "warn",
    )
    if not check.counter.changed:
        return notice  # the sentence has both numbers already
    columns = (
        Column(label="What"),
        Column(label="Series"),
        Column(label="Stamp (UTC)", tight=True),
        Column(label="Before", right=True),
        Column(label="After", right=True),
    )
    rows = _numbers(check.counter)
    return Stack(blocks=(notice, Table(caption=_caption(check.counter), columns=columns, rows=rows)))


def _numbers(counter: CounterExample) -> tuple[tuple[Cell, ...], ...]:
    """Return a row for each changed value, and one for the prediction that should not have differed."""
    rows = [
        (
            Cell(text=f"changed: {value.column}"),
            Cell(text=value.series),
            Cell(text=value.time),
            Cell(text=value.before),
            Cell(text=value.after),
        )
        for value in counter.changed
    ]
    found = counter.outcome
    if found is not None:
        one, other = (
            Cell(text=value, note=name) for value, name in zip(found.values, found.names, strict=True)
        )
        rows.append(
            (
                Cell(text=f"forecast, step {found.step}"),
                Cell(text=found.series),
                Cell(text=found.time),
                one,
                other,
            )
        )
    return tuple(rows)


def _caption(counter: CounterExample) -> str:
    more = f", and {counter.more:,} more changed values" if counter.more else ""
    return f"The example in numbers{more}"


def _shortened(text: str) -> str:
    return text if len(text) <= EXAMPLE_LIMIT else f"{text[:EXAMPLE_LIMIT]} …"
