"""How the error of a replay went: slot by slot, by the age of the model, and the alarms it would have raised."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from penstock.reporting.blocks import Block, Cell, Chart, Column, Key, Prose, Section, Table
from penstock.reporting.figures.heat import Field, heat, heat_height_px
from penstock.reporting.figures.ladder import named
from penstock.reporting.figures.lines import Axes, Line, lines
from penstock.reporting.figures.timeline import Course, Marks, timeline
from penstock.reporting.numbers import count, long_duration, measure, moment, number
from penstock.reporting.replay_facts import AlarmFacts, ReplayFacts

if TYPE_CHECKING:
    import polars as pl

MODEL, NAIVE, FIRST = "--model", "--best", "--quiet"
_CHOICE = 60
_VISIBLE = 0.02
_FIELD_ROWS = 25
_FIELD_LOW, _FIELD_HIGH = 1.0, 3.0


def replay_time(facts: ReplayFacts) -> Section | None:
    """Return the section on the course of the error; nothing where no slot can be judged."""
    if facts.slots["error"].null_count() == facts.slots.height:
        return None
    blocks: list[Block] = [_course(facts)]
    age = _by_age(facts)
    blocks += [age] if age is not None else []
    field = _field(facts)
    blocks += [field] if field is not None else []
    return Section(id="time", title="Error over time", blocks=tuple(blocks))


def replay_alarms(facts: ReplayFacts) -> Section:
    """Return what would have been raised when, and by which rule."""
    rule = facts.rule
    text = (
        f"An alarm is raised when the mean error of {count(rule.rolling)} slots is above {rule.factor:g} times "
        f"the median of what it was before, for {count(rule.slots)} slots on end. Errors are those against the truth "
        "known first, and each counts from the moment that truth was known: nothing here looks ahead."
    )
    if not facts.alarms:
        return Section(
            id="alarms", title="Alarms", blocks=(Prose(text=f"{text} It would have raised none."),)
        )
    columns = (
        Column(label="Slot", tight=True),
        Column(label="Raised", tight=True, hint="when the truth of that slot was known"),
        Column(label="After", right=True, hint="from the cutoff to the alarm"),
        Column(label="Over after", tight=True),
        Column(label=named(facts.metric), right=True, hint="mean of the last slots"),
        Column(label="Median before", right=True),
        Column(label="Ratio", right=True),
    )
    rows = tuple(
        (
            Cell(text=moment(alarm.cutoff), sort=alarm.cutoff.timestamp()),
            Cell(text=moment(alarm.raised_at), sort=alarm.raised_at.timestamp()),
            Cell(text=long_duration((alarm.raised_at - alarm.cutoff).total_seconds())),
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
    if _was_revised(facts):
        first = _scaled(facts, "rolling_first")
        drawn.insert(
            3, Course(label="model, truth known first", colour=FIRST, x=x, y=first, dash="dash", width=1.5)
        )
    refits = clock(slots["model"].drop_nulls().unique().sort(), facts.task.timezone)
    ends = [clock(_moments(slots, _stretch(facts, alarm)), facts.task.timezone) for alarm in facts.alarms]
    figure = timeline(
        drawn,
        Marks(ends=_ends(facts), lines=refits, stretches=[(one[0], one[1]) for one in ends]),
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
        Column(label="Cutoff", tight=True),
        Column(label="Refit", tight=True),
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


def _field(facts: ReplayFacts) -> Chart | None:
    """Return which series departed when: the absolute error of a slot over the median of its series."""
    import polars as pl

    errors = (
        facts.predictions.drop_nulls("y")
        .group_by("series", "cutoff")
        .agg(error=(pl.col("y") - pl.col("prediction")).abs().mean())
        .with_columns(ratio=pl.col("error") / pl.col("error").median().over("series"))
        .filter(pl.col("ratio").is_finite())
    )
    if errors["series"].n_unique() < 2 or errors["cutoff"].n_unique() < 2:  # noqa: PLR2004 - one row is no field
        return None
    peaks = (
        errors.group_by("series").agg(pl.col("ratio").max()).sort("ratio", "series", descending=[True, False])
    )
    names = peaks.head(_FIELD_ROWS)["series"].to_list()
    wide = (
        facts.slots.select("cutoff")
        .join(
            errors.pivot("series", index="cutoff", values="ratio"),
            on="cutoff",
            how="left",
            maintain_order="left",
        )
        .sort("cutoff")
    )
    shown = Field(
        rows=names,
        x=clock(wide["cutoff"], facts.task.timezone),
        values=[wide[name].to_list() for name in names],
        low=_FIELD_LOW,
        high=_FIELD_HIGH,
    )
    few = f"the {count(len(names))} series with the highest peaks, of {count(peaks.height)}"
    return Chart(
        id="error-field",
        title="Which series departed when",
        summary=(
            "Absolute error of a slot over the median of its own series; the darker, the further above it, up to "
            f"{_FIELD_HIGH:.0f} times. Shown: {few if len(names) < peaks.height else 'all series, highest peaks first'}."
        ),
        figure=heat(shown, "times the median"),
        height_px=heat_height_px(len(names)),
    )


def clock(moments: pl.Series, timezone: str) -> list[str]:
    """Return moments as ISO 8601 on the wall clock of ``timezone``, without the zone."""
    return moments.dt.convert_time_zone(timezone).dt.strftime("%Y-%m-%dT%H:%M:%S").to_list()


def _was_revised(facts: ReplayFacts) -> bool:
    """Tell whether revisions move the mean error by more than the width of its line."""
    import polars as pl

    both = facts.slots.drop_nulls(["rolling", "rolling_first"])
    moved = (pl.col("rolling") - pl.col("rolling_first")).abs() / pl.col("rolling")
    largest = both.select(moved.max()).item()
    return largest is not None and largest > _VISIBLE


def _stretch(facts: ReplayFacts, alarm: AlarmFacts) -> tuple[datetime, datetime]:
    """Return the cutoffs around an alarm, half a slot wider than it, so that a single slot can be seen."""
    half = _slot(facts) / 2
    return alarm.cutoff - half, alarm.last + half


def _ends(facts: ReplayFacts) -> tuple[str, str]:
    cutoffs, slot = facts.slots["cutoff"], _slot(facts)
    edges = clock(_moments(facts.slots, [cutoffs[0] - slot, cutoffs[-1] + slot]), facts.task.timezone)
    return edges[0], edges[1]


def _slot(facts: ReplayFacts) -> timedelta:
    """Return the mean distance of two slots."""
    cutoffs = facts.slots["cutoff"]
    between: timedelta = (cutoffs[-1] - cutoffs[0]) / max(1, len(cutoffs) - 1)
    return between or timedelta(days=1)


def _moments(slots: pl.DataFrame, values: Sequence[object]) -> pl.Series:
    import polars as pl

    return pl.Series(values, dtype=slots.schema["cutoff"])


def _scaled(facts: ReplayFacts, name: str) -> list[float | None]:
    return _times(facts.slots[name], facts.metric.scale)


def _times(values: pl.Series, scale: float) -> list[float | None]:
    return [None if value is None else value * scale for value in values]
