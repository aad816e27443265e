"""What was wrong with the data, and what was done about it."""

from __future__ import annotations

from penstock.reporting.blocks import Block, Cell, Column, Prose, Section, Table, Tone
from penstock.reporting.facts import GapFacts, QualityFacts, ReportFacts, RuleFacts
from penstock.reporting.numbers import count, moment

_TONES: dict[str, Tone] = {"passed": "good", "warned": "warn", "failed": "bad"}
_MARKS = {"passed": "✓ passed", "warned": "! warned", "failed": "✗ failed"}
GAPS_SHOWN = 20


def quality(facts: ReportFacts) -> Section | None:
    """Return the data quality section."""
    found = facts.quality
    if found is None:
        return None
    blocks: list[Block] = [Prose(text=_summary(found))]
    if found.rules:
        blocks.append(_rules(found.rules))
    if found.gaps:
        blocks.append(_gaps(found.gaps))
    return Section(id="quality", title="Data quality", blocks=tuple(blocks))


def _summary(found: QualityFacts) -> str:
    text = f"{count(found.rows)} rows of {count(found.series)} series from {moment(found.start)} to {moment(found.end)}."
    done = [f"{count(rows)} {what}" for what, rows in found.repaired.items() if rows]
    return f"{text} Repaired: {', '.join(done)}." if done else f"{text} Nothing was repaired."


def _rules(rules: tuple[RuleFacts, ...]) -> Table:
    columns = (
        Column(label="Rule"),
        Column(label="Verdict", tight=True),
        Column(label="Broken", right=True),
        Column(label="Checked", right=True),
    )
    rows = tuple(
        (
            Cell(text=rule.name, note=rule.detail),
            Cell(text=_MARKS[rule.verdict], tone=_TONES[rule.verdict]),
            Cell(text=count(rule.broken), sort=rule.broken),
            Cell(text=count(rule.checked), sort=rule.checked),
        )
        for rule in rules
    )
    return Table(caption="Rules the data were held against", columns=columns, rows=rows)


def _gaps(gaps: tuple[GapFacts, ...]) -> Table:
    ordered = sorted(gaps, key=lambda gap: (-gap.missing, gap.series, gap.start))
    columns = (
        Column(label="Series"),
        Column(label="First missing"),
        Column(label="Last missing"),
        Column(label="Stamps", right=True),
    )
    rows = tuple(
        (
            Cell(text=gap.series),
            Cell(text=moment(gap.start), sort=gap.start.timestamp()),
            Cell(text=moment(gap.end), sort=gap.end.timestamp()),
            Cell(text=count(gap.missing), sort=gap.missing),
        )
        for gap in ordered[:GAPS_SHOWN]
    )
    rest = len(gaps) - len(rows)
    caption = f"Gaps, longest first{f'; {count(rest)} shorter ones are not listed' if rest > 0 else ''}"
    return Table(caption=caption, columns=columns, rows=rows)
