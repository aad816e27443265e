"""What came of a replay, in words and in numbers."""

from __future__ import annotations

from penstock.reporting.blocks import Block, Notice, Prose, Section, Terms, Tile, Tiles, Tone
from penstock.reporting.numbers import (
    NBSP,
    TIMES,
    count,
    frequency,
    level,
    long_duration,
    measure,
    moment,
    number,
    share,
)
from penstock.reporting.replay_facts import ReplayFacts

_MUCH = 0.5


def replay_headline(facts: ReplayFacts) -> Section:
    """Return the headline section."""
    blocks: list[Block] = [Prose(text=statement(facts), lead=True), *_warnings(facts)]
    blocks += [Tiles(tiles=tuple(_tiles(facts))), Terms(terms=tuple(_terms(facts)), mono=frozenset({"Run"}))]
    return Section(id="headline", title="Headline", blocks=tuple(blocks))


def statement(facts: ReplayFacts) -> str:
    """Return what the system would have done, in a sentence."""
    slots, refits = facts.slots.height, facts.slots["model"].n_unique()
    said = f"Over {count(slots)} slot{_s(slots)} with {count(refits)} refit{_s(refits)}, "
    error = _score(facts, facts.model)
    if error is None:
        return f"{said}no forecast can be judged yet: the truth of none is known."
    said += f"{facts.system} would have erred by {measure(error, facts.metric.unit, facts.metric.scale)} ({facts.metric.label})"
    ratio = naive_ratio(facts)
    if ratio is not None:
        word = "better" if ratio <= 1 else "worse"
        said += f", {share(abs(1 - ratio))} {word} than repeating the season of {count(facts.season)} steps"
    return f"{said}, and raised {_alarms(facts)}."


def naive_ratio(facts: ReplayFacts) -> float | None:
    """Return the model's error over that of the seasonal naive."""
    ours, theirs = _score(facts, facts.model), _score(facts, facts.naive)
    return ours / theirs if ours is not None and theirs else None


def _score(facts: ReplayFacts, rung: str) -> float | None:
    return facts.scores.get(rung, {}).get(facts.metric.name)


def _s(count_: int) -> str:
    return "" if count_ == 1 else "s"


def _alarms(facts: ReplayFacts) -> str:
    found = len(facts.alarms)
    return f"{count(found)} alarm{_s(found)}" if found else "no alarm"


def _warnings(facts: ReplayFacts) -> list[Block]:
    found: list[Block] = []
    ratio = naive_ratio(facts)
    if ratio is not None and ratio >= 1:
        text = "Repeating the last season does at least as well; prefer it, or give the model other columns."
        found.append(Notice(tone="bad", title="No gain over the seasonal naive.", text=text))
    assumed = facts.known.shares.get("assumed", 0.0) + facts.known.shares.get("unknown", 0.0)
    if assumed > _MUCH:
        text = (
            f"For {share(assumed)} of the rows nobody recorded when they became known. Revisions of such rows cannot "
            "be seen, so that the past may look better than it was."
        )
        found.append(Notice(title="When values were known is assumed.", text=text))
    if facts.refused.height:
        series = facts.refused["series"].n_unique()
        text = f"{count(facts.refused.height)} times, in {count(series)} series: see what was known."
        found.append(Notice(title="Some series could not be forecast.", text=text))
    blind = int(facts.slots["error"].null_count())
    if 0 < blind < facts.slots.height:
        text = f"The truth of {count(blind)} of {count(facts.slots.height)} slots is not known yet."
        found.append(Notice(tone="quiet", title="Not all is judged.", text=text))
    return found


def _tiles(facts: ReplayFacts) -> list[Tile]:
    metric = facts.metric
    first = _score(facts, facts.first)
    differs = first is not None and first != _score(facts, facts.model)
    note = f"{measure(first, metric.unit, metric.scale)} against the truth known first" if differs else ""
    tiles = [
        Tile(
            value=measure(_score(facts, facts.model), metric.unit, metric.scale),
            label=metric.label,
            note=note,
        )
    ]
    ratio = naive_ratio(facts)
    if ratio is not None:
        tone: Tone = "good" if ratio < 1 else "bad"
        theirs = measure(_score(facts, facts.naive), metric.unit, metric.scale)
        tiles.append(
            Tile(
                value=f"{number(ratio)}{NBSP}{TIMES}",
                label="error of the seasonal naive",
                note=theirs,
                tone=tone,
            )
        )
    slots, refits = facts.slots.height, facts.slots["model"].n_unique()
    tiles.append(Tile(value=count(slots), label="slots", note=f"{count(refits)} refit{_s(refits)}"))
    alarms = len(facts.alarms)
    last = f"last at {moment(facts.alarms[-1].raised_at)}" if facts.alarms else ""
    tiles.append(Tile(value=count(alarms), label="alarms", note=last, tone="bad" if alarms else "good"))
    tiles += [
        Tile(
            value=share(inside),
            label=f"inside {level(float(name) / 100)} intervals",
            note=f"{name} % promised",
        )
        for name, inside in facts.coverage.items()
    ]
    return tiles


def _lag(facts: ReplayFacts) -> str:
    """Say how old the newest value was at a cutoff."""
    ages = (facts.slots["cutoff"] - facts.slots["known_to"]).drop_nulls().sort()
    if ages.is_empty():
        return ""
    middle = long_duration(ages[len(ages) // 2].total_seconds())
    return f"up to {middle} before the cutoff (median over the slots)"


def _terms(facts: ReplayFacts) -> list[tuple[str, str]]:
    task, cutoffs = facts.task, facts.slots["cutoff"]
    target = f"{task.target}{f' in {task.unit}' if task.unit else ''}"
    ahead = f"{count(task.horizon)} step{_s(task.horizon)} of {frequency(task.frequency)}"
    intervals = "" if facts.coverage else "none: this model forecasts points"
    terms = [
        ("System", facts.system),
        ("Data", f"{facts.dataset}, {count(facts.series.height)} series"),
        ("Forecast", f"{target}, {ahead} after the last stamp known"),
        ("Cutoffs", f"{moment(cutoffs[0])} to {moment(cutoffs[-1])}"),
        ("Known then", _lag(facts)),
        ("Intervals", intervals),
        ("Run", facts.provenance.run_id),
    ]
    return [(term, value) for term, value in terms if value]
