"""How the error of a replay went: slot by slot, by the age of the model, and the alarms it would have raised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penstock.reporting.blocks import Block, Cell, Chart, Column, Key, Prose, Section, Table
from penstock.reporting.figures.ladder import named
from penstock.reporting.figures.lines import Axes, Line, lines
from penstock.reporting.figures.timeline import Course, Marks, timeline
from penstock.reporting.numbers import count, duration, measure, moment, number
from penstock.reporting.replay_facts import ReplayFacts

if TYPE_CHECKING:
    import polars as pl

MODEL, NAIVE, FIRST = "--model", "--best", "--quiet"
_CHOICE = 60


def replay_time(facts: ReplayFacts) -> Section | None:
    """Return the section on the course of the error; nothing where no slot can be judged."""
    if facts.slots["error"].null_count() == facts.slots.height:
        return None
    blocks: list[Block] = [_course(facts)]
    age = _by_age(facts)
    blocks += [age] if age is not None else []
    return Section(id="time", title="Error over time", blocks=tuple(blocks))


def replay_alarms(facts: ReplayFacts) -> Section:
    """Return what would have been raised when, and by which rule."""
    rule = facts.rule
    text = (
        f"An alarm is raised when the mean error of {count(rule.rolling)} slots is above {number(rule.factor)} times "
        f"the median of what it was before, for {count(rule.slots)} slots on end. Errors are those against the truth "
        "known first, and each counts from the moment that truth was known: nothing here looks ahead."
    )
    if not facts.alarms:
        return Section(
            id="alarms", title="Alarms", blocks=(Prose(text=f"{text} It would have raised none."),)
        )
    columns = (
        Column(label="Slot"),
        Column(label="Raised", hint="when the truth of that slot was known"),
        Column(label="After", right=True, hint="from the cutoff to the alarm"),
        Column(label="Over after"),
        Column(label=named(facts.metric), right=True, hint="mean of the last slots"),
        Column(label="Median before", right=True),
        Column(label="Ratio", right=True),
    )
    rows = tuple(
        (
            Cell(text=moment(alarm.cutoff), sort=alarm.cutoff.timestamp()),
            Cell(text=moment(alarm.raised_at), sort=alarm.raised_at.timestamp()),
            Cell(text=duration((alarm.raised_at - alarm.cutoff).total_seconds())),
            Cell(text=moment(alarm.last), sort=alarm.last.timestamp()),
            Cell(text=measure(alarm.error, "", facts.metric.scale), sort=alarm.error, tone="bad"),
            Cell(text=measure(alarm.median, "", facts.metric.scale), sort=alarm.median),
            Cell(text=number(alarm.error / alarm.median), sort=alarm.error / alarm.median),
        )
        for alarm in facts.alarms
    )
    table = Table(caption="Alarms it would have raised", columns=columns, rows=rows)
    return Section(id="alarms", title="Alarms", blocks=(Prose(text=text), table))


def _course(facts: ReplayFacts) -> Chart:
    slots, rolling = facts.slots, facts.rule.rolling
    x = clock(slots["cutoff"], facts.task.timezone)
    drawn = [
        Course(label="model, each slot", colour=MODEL, x=x, y=_scaled(facts, "error"), dots=True),
        Course(
            label=f"seasonal naive, mean of {rolling}",
            colour=NAIVE,
            x=x,
            y=_scaled(facts, "rolling_naive"),
            width=1.5,
        ),
        Course(label=f"model, mean of {rolling}", colour=MODEL, x=x, y=_scaled(facts, "rolling"), width=2.5),
        Course(
            label="alarm above", colour="--bad", x=x, y=_scaled(facts, "threshold"), dash="dot", width=1.2
        ),
    ]
    if _was_revised(slots):
        first = _scaled(facts, "rolling_first")
        drawn.insert(
            3, Course(label="model, truth known first", colour=FIRST, x=x, y=first, dash="dash", width=1.5)
        )
    refits = clock(slots["model"].drop_nulls().unique().sort(), facts.task.timezone)
    ends = [clock(_moments(slots, [alarm.cutoff, alarm.last]), facts.task.timezone) for alarm in facts.alarms]
    figure = timeline(
        drawn,
        Marks(lines=refits, stretches=[(one[0], one[1]) for one in ends]),
        named(facts.metric),
        facts.metric.unit,
    )
    return Chart(
        id="error-over-time",
        title="Error of each slot",
        summary=(
            f"Pooled over all series and steps, at the cutoff of the slot (clock of {facts.task.timezone}). Dotted "
            "vertical lines are refits; a shaded stretch is an alarm."
        ),
        figure=figure,
        height_px=380,
        key=tuple(
            Key(label=one.label, colour=one.colour, style="dot" if one.dash == "dot" else "line")
            for one in drawn
        ),
        numbers=_numbers(facts),
    )


def _numbers(facts: ReplayFacts) -> Table:
    shown = {
        "error": "Model",
        "error_first": "Against first truth",
        "naive": "Seasonal naive",
        "rolling": "Mean",
    }
    columns = (
        Column(label="Cutoff"),
        Column(label="Refit"),
        *(Column(label=name, right=True) for name in shown.values()),
    )
    rows = tuple(
        (
            Cell(text=moment(row["cutoff"]), sort=row["cutoff"].timestamp()),
            Cell(text=moment(row["model"])),
            *(Cell(text=measure(row[name], "", facts.metric.scale), sort=row[name]) for name in shown),
        )
        for row in facts.slots.iter_rows(named=True)
    )
    return Table(caption=f"Error of each slot: {named(facts.metric)}", columns=columns, rows=rows)


def _by_age(facts: ReplayFacts) -> Chart | None:
    """Return the error by the number of slots since the refit, where a model serves several."""
    import polars as pl

    aged = facts.slots.drop_nulls("model").with_columns(age=pl.col("cutoff").rank("dense").over("model"))
    means = aged.group_by("age").agg(pl.col("error").mean(), pl.col("naive").mean(), pl.len()).sort("age")
    if not 1 < means.height <= _CHOICE:
        return None
    ages = [int(age) for age in means["age"]]
    drawn = [
        Line(label="model", colour=MODEL, x=ages, y=_times(means["error"], facts.metric.scale)),
        Line(
            label="seasonal naive",
            colour=NAIVE,
            x=ages,
            y=_times(means["naive"], facts.metric.scale),
            dash="dot",
        ),
    ]
    return Chart(
        id="error-by-age",
        title="Error by age of the model",
        summary=(
            "Mean over all slots that lie so many slots after their refit, the first being 1. A rising line says that "
            "refits come too rarely; the naive beside it shows how hard those slots were."
        ),
        figure=lines(drawn, Axes(x="slots since the refit", y=named(facts.metric), unit=facts.metric.unit)),
        height_px=280,
        key=tuple(Key(label=line.label, colour=line.colour) for line in drawn),
    )


def clock(moments: pl.Series, timezone: str) -> list[str]:
    """Return moments as ISO 8601 on the wall clock of ``timezone``, without the zone."""
    return moments.dt.convert_time_zone(timezone).dt.strftime("%Y-%m-%dT%H:%M:%S").to_list()


def _was_revised(slots: pl.DataFrame) -> bool:
    both = slots.drop_nulls(["error", "error_first"])
    return not both["error"].equals(both["error_first"], check_names=False)


def _moments(slots: pl.DataFrame, values: Sequence[object]) -> pl.Series:
    import polars as pl

    return pl.Series(values, dtype=slots.schema["cutoff"])


def _scaled(facts: ReplayFacts, name: str) -> list[float | None]:
    return _times(facts.slots[name], facts.metric.scale)


def _times(values: pl.Series, scale: float) -> list[float | None]:
    return [None if value is None else value * scale for value in values]
