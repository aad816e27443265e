"""What a replay knew, how sure it is of when, what it could not forecast, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.domain.results import StepReport
from penstock.reporting.blocks import Block, Cell, Column, Prose, Section, Table, Terms
from penstock.reporting.numbers import count, duration, moment, number, share
from penstock.reporting.replay_facts import ReplayFacts

MEANING = {
    "published": "the source says when each row appeared",
    "received": "the moment of the ingest that brought the row",
    "assumed": "a lag after the row's own time; revisions cannot be seen",
    "unknown": "nothing is recorded",
}
_SHOWN_REASONS = 12
_CENT = 0.01
_FASTER = 1.05
_KINDS = {
    "fit": "refits",
    "slots": "forecasts of slots",
    "arrivals": "what was learned",
    "as_known": "what was known",
}


def replay_known(facts: ReplayFacts) -> Section:
    """Return what was known from when on and how that is known."""
    known = facts.known
    terms = Terms(
        terms=(
            ("First row known", moment(known.first)),
            ("Last row known", moment(known.last)),
            ("Rows", count(known.rows)),
            ("Revised or taken away", count(known.revised)),
        )
    )
    rows = tuple(
        (Cell(text=how), Cell(text=share(part), sort=part, bar=part), Cell(text=MEANING.get(how, "")))
        for how, part in sorted(known.shares.items(), key=lambda item: (-item[1], item[0]))
    )
    columns = (Column(label="Known by"), Column(label="Share of rows", right=True), Column(label="Meaning"))
    blocks: list[Block] = [
        terms,
        Table(caption="How it is known when rows were known", columns=columns, rows=rows),
    ]
    if facts.refused.height:
        blocks.append(_refused(facts))
    return Section(id="known", title="What was known", blocks=tuple(blocks))


def _refused(facts: ReplayFacts) -> Table:
    import polars as pl

    found = (
        facts.refused.group_by("series", "reason")
        .agg(pl.len(), first=pl.col("cutoff").min(), last=pl.col("cutoff").max())
        .sort("len", "series", "reason", descending=[True, False, False])
    )
    rows = tuple(
        (
            Cell(text=row["series"]),
            Cell(text=row["reason"]),
            Cell(text=count(row["len"]), sort=row["len"]),
            Cell(text=moment(row["first"])),
            Cell(text=moment(row["last"])),
        )
        for row in found.head(_SHOWN_REASONS).iter_rows(named=True)
    )
    columns = (
        Column(label="Series"),
        Column(label="Reason"),
        Column(label="Slots", right=True),
        Column(label="First"),
        Column(label="Last"),
    )
    rest = found.height - len(rows)
    more = f", the most frequent of {count(found.height)}" if rest > 0 else ""
    return Table(caption=f"What could not be forecast{more}", columns=columns, rows=rows)


def replay_cost(facts: ReplayFacts) -> Section | None:
    """Return what the replay cost; nothing where every step was reused."""
    ran = [step for step in facts.provenance.steps if step.state == "ran"]
    if not ran:
        return None
    wall = facts.provenance
    seconds = None if wall.finished_at is None else (wall.finished_at - wall.started_at).total_seconds()
    faster = sum(step.seconds for step in ran) / seconds if seconds else 0.0
    text = f"{count(len(ran))} steps ran in {duration(seconds)}"
    text += f", {number(faster)} times as fast as one after the other. " if faster > _FASTER else ". "
    reused = len(facts.provenance.steps) - len(ran)
    if reused:
        text += f"{count(reused)} steps were reused: what they cost was paid by an earlier run. "
    if any(step.name.startswith("fit-") for step in ran):
        text += "In production each refit and each slot would cost about as much."
    return Section(id="cost", title="Cost", blocks=(Prose(text=text.strip()), _costs(facts, ran)))


def _costs(facts: ReplayFacts, ran: Sequence[StepReport]) -> Table:
    priced = any(step.cost is not None for step in ran)
    currency = facts.provenance.currency
    groups: dict[str, list[StepReport]] = {}
    for step in ran:
        groups.setdefault(_KINDS.get(step.name.partition("-")[0], "all else"), []).append(step)
    columns = [
        Column(label="What"),
        Column(label="Steps", right=True),
        Column(label="CPU", right=True),
        Column(label="CPU each", right=True),
        Column(label="Share", right=True),
    ]
    if priced:
        columns.append(Column(label=f"Cost ({currency})" if currency else "Cost", right=True))
    whole = sum(step.cpu_seconds for step in ran) or 1.0
    ordered = sorted(groups.items(), key=lambda item: -sum(step.cpu_seconds for step in item[1]))
    rows = [_cost(name, steps, whole, priced=priced) for name, steps in ordered]
    rows.append(_cost("together", ran, whole, priced=priced))
    return Table(
        caption="Processor time by what it was for",
        columns=tuple(columns),
        rows=tuple(rows),
        strong=frozenset({len(rows) - 1}),
    )


def _money(amount: float) -> str:
    """Return an amount to the cent; below a cent, that it is below."""
    return f"{amount:,.2f}" if amount >= _CENT else f"< {_CENT}"


def _cost(name: str, steps: Sequence[StepReport], whole: float, *, priced: bool) -> tuple[Cell, ...]:
    cpu = sum(step.cpu_seconds for step in steps)
    money = sum(step.cost or 0.0 for step in steps)
    cells = [
        Cell(text=name),
        Cell(text=count(len(steps)), sort=len(steps)),
        Cell(text=duration(cpu), sort=cpu),
        Cell(text=duration(cpu / len(steps)), sort=cpu / len(steps)),
        Cell(text=share(cpu / whole), sort=cpu, bar=cpu / whole),
    ]
    return (*cells, Cell(text=_money(money), sort=money)) if priced else tuple(cells)
