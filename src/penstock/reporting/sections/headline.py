"""The first thing read: what was run on which data, and how well it did, in words and in numbers."""

from __future__ import annotations

from penstock.reporting.blocks import Block, Notice, Prose, Section, Terms, Tile, Tiles, Tone
from penstock.reporting.facts import ReportFacts
from penstock.reporting.numbers import (
    MINUS,
    NBSP,
    TIMES,
    count,
    duration,
    frequency,
    level,
    moment,
    number,
    share,
)
from penstock.reporting.standing import Standing

_WELL = 1.6


def headline(facts: ReportFacts, standing: Standing) -> Section:
    """Return the headline section."""
    blocks: list[Block] = [Prose(text=statement(standing), lead=True)]
    blocks.extend(_warnings(facts, standing))
    blocks.extend(Notice(tone="plain", title="Note:", text=note) for note in facts.notes)
    blocks.append(Tiles(tiles=tuple(_tiles(facts, standing))))
    blocks.append(Terms(terms=tuple(_terms(facts)), mono=frozenset({"Run"})))
    return Section(id="headline", title="Headline", blocks=tuple(blocks))


def statement(standing: Standing) -> str:
    """Return the main number in words: against the best baseline, and against the oracle where there is one."""
    parts = [f"{standing.model.label} errs by {standing.shown(standing.model)} ({standing.metric.label})"]
    gain = standing.gain
    if gain is not None and standing.baseline is not None:
        word = "better" if gain >= 0 else "worse"
        parts.append(f"{share(abs(gain))} {word} than the best baseline, {standing.baseline.label}")
    ratio = standing.oracle_ratio
    if ratio is not None:
        parts.append(f"{number(ratio)} times the error of the oracle")
    return ": ".join([parts[0], "; ".join(parts[1:])]).rstrip(": ") + "."


def _warnings(facts: ReportFacts, standing: Standing) -> list[Block]:
    found: list[Block] = []
    if standing.gain is not None and standing.gain <= 0:
        found.append(
            Notice(
                tone="bad",
                title="No gain over the ladder.",
                text="A baseline does at least as well; prefer it.",
            )
        )
    if standing.oracle_ratio is not None and standing.oracle_ratio < 1:
        text = "A model cannot know more than the noise-free truth: look for a leak."
        found.append(Notice(tone="bad", title="Better than the oracle.", text=text))
    failed = [check.name for check in facts.checks if check.verdict == "failed" and check.kind == "asserts"]
    if failed:
        title = f"{count(len(failed))} asserted check{'s' if len(failed) > 1 else ''} failed:"
        found.append(Notice(tone="bad", title=title, text=", ".join(failed[:12]) + "."))
    return found


def _tiles(facts: ReportFacts, standing: Standing) -> list[Tile]:
    tiles = [
        Tile(value=standing.shown(standing.model), label=standing.metric.label, note=_interval(standing))
    ]
    if standing.gain is not None and standing.baseline is not None:
        tone: Tone = "good" if standing.gain > 0 else "bad"
        sign = MINUS if standing.gain > 0 else "+"
        value = f"{sign}{share(abs(standing.gain))}"
        tiles.append(
            Tile(value=value, label="error against best baseline", note=standing.baseline.label, tone=tone)
        )
    if standing.oracle_ratio is not None:
        tone = "bad" if standing.oracle_ratio < 1 else "good" if standing.oracle_ratio <= _WELL else "plain"
        tiles.append(
            Tile(
                value=f"{number(standing.oracle_ratio)}{NBSP}{TIMES}",
                label="error of the oracle",
                note="1 is the best possible",
                tone=tone,
            )
        )
    if facts.checks:
        tiles.append(_checks_tile(facts))
    return tiles


def _interval(standing: Standing) -> str:
    interval = standing.model.intervals.get(standing.metric.name)
    if interval is None:
        return ""
    scale = standing.metric.scale
    low, high = number(interval.lower * scale), number(interval.upper * scale)
    return f"{level(interval.level)} interval {low} to {high}"


def _checks_tile(facts: ReportFacts) -> Tile:
    passed = sum(check.verdict == "passed" for check in facts.checks)
    blocked = any(check.verdict == "failed" and check.kind == "asserts" for check in facts.checks)
    note = "an asserted one failed" if blocked else "no asserted one failed"
    tone: Tone = "bad" if blocked else "good"
    return Tile(value=f"{passed} of {len(facts.checks)}", label="checks passed", note=note, tone=tone)


def _terms(facts: ReportFacts) -> list[tuple[str, str]]:
    task, provenance = facts.task, facts.provenance
    data = f"{facts.dataset}{', simulated' if facts.simulated else ''}"
    target = f"{task.target}{f' in {task.unit}' if task.unit else ''}"
    ahead = f"{count(task.horizon)} step{'s' if task.horizon != 1 else ''} of {frequency(task.frequency)}"
    series = facts.history["series"].n_unique()
    terms = [
        ("System", facts.system),
        ("Data", f"{data}, {count(series)} series"),
        ("Forecast", f"{target}, {ahead} ahead"),
        ("Model", _model(facts)),
        ("Run", provenance.run_id),
        ("Made", _when(facts)),
    ]
    return [(term, value) for term, value in terms if value]


def _model(facts: ReportFacts) -> str:
    if facts.model is None:
        return "not registered"
    alias = f", alias {facts.model.alias}" if facts.model.alias else ""
    return f"{facts.model.name}, version {facts.model.version}{alias}"


def _when(facts: ReportFacts) -> str:
    provenance = facts.provenance
    if provenance.finished_at is None:
        return moment(provenance.started_at)
    took = (provenance.finished_at - provenance.started_at).total_seconds()
    return f"{moment(provenance.started_at)}, took {duration(took)}"
