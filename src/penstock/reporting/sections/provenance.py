"""Where every number comes from: code, data, configuration, environment and steps."""

from __future__ import annotations

import json

from penstock.domain.results import StepReport
from penstock.reporting.blocks import Block, Cell, Column, Command, Fold, Prose, Section, Table, Terms, Tone
from penstock.reporting.facts import ConfigFacts, Provenanced, ProvenanceFacts
from penstock.reporting.numbers import count, duration, megabytes, moment, number

_MANY_STEPS = 30
_TONES: dict[str, Tone] = {"ran": "plain", "reused": "quiet", "skipped": "quiet", "failed": "bad"}


def provenance(facts: Provenanced) -> Section:
    """Return the provenance section."""
    source = facts.provenance
    fixed = frozenset({"Run", "Digest", "Code"})
    blocks: list[Block] = [Terms(terms=tuple(_terms(facts)), mono=fixed)]
    if len(source.steps) > _MANY_STEPS:
        blocks.append(Fold(summary=f"Steps: {_total(source)}", blocks=(_steps(source),)))
    elif source.steps:
        blocks.append(_steps(source))
    if source.config:
        title = f"Configuration: {count(len(source.config))} values and where each came from"
        blocks.append(Fold(summary=title, blocks=(_config(source.config),)))
    if source.environment:
        title = f"Environment: {count(len(source.environment))} versions"
        blocks.append(Fold(summary=title, blocks=(_environment(source),)))
    return Section(id="provenance", title="Provenance", blocks=tuple(blocks))


def rebuild(facts: Provenanced) -> Section:
    """Return how to get the same numbers again."""
    text = "This runs every step again from the recorded source, data version, configuration and lock, and compares the digests."
    blocks = (Prose(text=text), Command(lines=(f"penstock reproduce {facts.provenance.run_id}",)))
    return Section(id="rebuild", title="Rebuild it", blocks=blocks)


def _terms(facts: Provenanced) -> list[tuple[str, str]]:
    source = facts.provenance
    state = " with uncommitted changes, kept with the run" if source.dirty else ""
    terms = [
        ("Run", source.run_id),
        ("Started", moment(source.started_at)),
        ("Finished", "" if source.finished_at is None else moment(source.finished_at)),
        ("Data", facts.dataset),
        ("Code", f"{source.commit}{state}" if source.commit else ""),
        ("Penstock", source.version),
        ("Digest", source.digest),
    ]
    return [(term, value) for term, value in terms if value]


def _steps(source: ProvenanceFacts) -> Table:
    priced = any(step.cost is not None for step in source.steps)
    columns = [
        Column(label="Step"),
        Column(label="Stage"),
        Column(label="State"),
        Column(label="Time", right=True),
        Column(label="CPU", right=True),
        Column(label="Peak", right=True),
    ]
    if priced:
        columns.append(Column(label=f"Cost{f' ({source.currency})' if source.currency else ''}", right=True))
    rows = [_step(step, priced=priced) for step in source.steps]
    return Table(caption=_total(source), columns=tuple(columns), rows=tuple(rows))


def _total(source: ProvenanceFacts) -> str:
    ran = [step for step in source.steps if step.state == "ran"]
    text = f"{count(len(ran))} of {count(len(source.steps))} steps ran"
    if not ran:
        return f"{text}; the others were reused"
    cpu, peak = sum(step.cpu_seconds for step in ran), max(step.peak_mb for step in ran)
    text += f", using {duration(cpu)} of CPU and at most {megabytes(peak)}"
    costs = [step.cost for step in ran if step.cost is not None]
    return f"{text}, for {number(sum(costs))} {source.currency}".rstrip() if costs else text


def _step(step: StepReport, *, priced: bool) -> tuple[Cell, ...]:
    cells = (
        Cell(text=step.name, note=step.reason),
        Cell(text=step.stage, tone="quiet"),
        Cell(text=step.state, tone=_TONES[step.state]),
        Cell(text=duration(step.seconds), sort=step.seconds),
        Cell(text=duration(step.cpu_seconds), sort=step.cpu_seconds),
        Cell(text=megabytes(step.peak_mb), sort=step.peak_mb),
    )
    return (*cells, Cell(text=number(step.cost), sort=step.cost)) if priced else cells


def _config(entries: tuple[ConfigFacts, ...]) -> Table:
    columns = (Column(label="Key", mono=True), Column(label="Value", mono=True), Column(label="Origin"))
    rows = tuple(
        (Cell(text=entry.key), Cell(text=_value(entry.value)), Cell(text=entry.origin)) for entry in entries
    )
    return Table(caption="The effective configuration, secrets masked", columns=columns, rows=rows)


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _environment(source: ProvenanceFacts) -> Table:
    rows = tuple(
        (Cell(text=name), Cell(text=version)) for name, version in sorted(source.environment.items())
    )
    columns = (Column(label="Name", mono=True), Column(label="Version", mono=True))
    return Table(caption="What it ran on", columns=columns, rows=rows)
