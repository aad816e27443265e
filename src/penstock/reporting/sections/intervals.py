"""Whether the intervals hold what they promise, on test windows that had no say in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from penstock.evaluation.bounds import LOWER, UPPER, bounded_rows, interval_levels, interval_metrics
from penstock.reporting.blocks import Block, Cell, Chart, Column, Key, Notice, Prose, Section, Table
from penstock.reporting.facts import CalibrationFacts, ReportFacts
from penstock.reporting.figures.lines import Axes, Line, lines
from penstock.reporting.numbers import MISSING, count, level, measure, moment, number, share
from penstock.reporting.standing import Standing

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.results import Interval

_DASHES = ("solid", "dash", "dot")
FEWEST_WINDOWS = 3
"""Fewer test windows are no course of time."""


def intervals(facts: ReportFacts, standing: Standing) -> Section | None:
    """Return coverage, score and width of each level, and coverage along the horizon; nothing without intervals."""
    predictions = facts.predictions[facts.chosen]
    made = facts.calibration
    blocks: list[Block] = (
        [Notice(title="Without intervals:", text=f"{note}.") for note in made.notes] if made else []
    )
    levels = [name for name in interval_levels(predictions) if bounded_rows(predictions, name).height]
    if levels:
        if made is not None:
            blocks.append(Prose(text=_origin(made, predictions)))
        blocks.append(_table(facts, predictions, levels))
        blocks += [_quantiles(facts)] if facts.bands else []
        blocks += [_by_step(standing, facts, predictions, levels)] if facts.task.horizon > 1 else []
        blocks += _by_window(standing, facts, predictions, levels[-1])
    return Section(id="intervals", title="Intervals", blocks=tuple(blocks)) if blocks else None


def _origin(made: CalibrationFacts, predictions: pl.DataFrame) -> str:
    tested = predictions["cutoff"].max()
    follows = made.last is not None and made.last == tested
    parts = "the training part and the test windows" if follows else "the training part"
    said = (
        f"Made from {count(made.residuals)} errors in {count(made.windows)} windows, at {count(made.origins)} origins of "
        f"{parts} from {moment(made.first)} to {moment(made.last)}. "
    )
    followed = (
        "Each test window had intervals from the errors known by its cutoff, recent ones counting most. "
    )
    chance = "Windows of one origin resemble each other, so a few points beside the promise are chance."
    return said + (followed if follows else "") + chance


def _table(facts: ReportFacts, predictions: pl.DataFrame, levels: Sequence[str]) -> Table:
    unit = f" ({facts.task.unit})" if facts.task.unit else ""
    columns = (
        Column(label="Promised"),
        Column(label="Inside", right=True, hint="share of the truths within the interval"),
        Column(label="Sure to", right=True, hint="bootstrap interval of that share, over test windows"),
        Column(
            label=f"Interval score{unit}",
            right=True,
            hint="width, and a fine for every miss; lower is better",
        ),
        Column(label=f"Mean width{unit}", right=True),
        Column(label="Values", right=True),
    )
    scores = interval_metrics(predictions)
    sure = next((rung.intervals for rung in facts.rungs if rung.name == facts.chosen), {})
    rows = tuple(_row(predictions, name, scores, sure.get(f"coverage_{name}")) for name in levels)
    return Table(caption="What the intervals held on the test windows", columns=columns, rows=rows)


def _row(
    predictions: pl.DataFrame, name: str, scores: dict[str, float], sure: Interval | None
) -> tuple[Cell, ...]:
    rows = bounded_rows(predictions, name)
    width = math.fsum((rows[UPPER + name] - rows[LOWER + name]).to_list()) / rows.height
    inside, score = scores[f"coverage_{name}"], scores[f"interval_score_{name}"]
    return (
        Cell(text=level(float(name) / 100), sort=float(name)),
        Cell(text=share(inside), sort=inside),
        Cell(text=f"{share(sure.lower)} to {share(sure.upper)}" if sure else MISSING),
        Cell(text=measure(score, ""), sort=score),
        Cell(text=measure(width, ""), sort=width),
        Cell(text=count(rows.height), sort=rows.height),
    )


def _by_step(
    standing: Standing, facts: ReportFacts, predictions: pl.DataFrame, levels: Sequence[str]
) -> Chart:
    colour = standing.colours[facts.chosen]
    drawn = [
        Line(
            label=f"within {name} % intervals",
            colour=colour,
            x=list(shares),
            y=[100 * inside for inside in shares.values()],
            dash=_DASHES[place % len(_DASHES)],
        )
        for place, (name, shares) in enumerate((name, _shares(predictions, name)) for name in levels)
    ]
    steps = drawn[0].x
    promised = [
        Line(label="", colour="--quiet", x=[steps[0], steps[-1]], y=[float(name)] * 2, dash="dot")
        for name in levels
    ]
    return Chart(
        id="coverage-by-step",
        title="Truths inside by horizon step",
        summary="Dotted: what was promised. A line that falls says that the intervals do not grow as the errors do.",
        figure=lines([*drawn, *promised], Axes(x="steps ahead", y="inside", unit="%")),
        height_px=280,
        key=tuple(Key(label=line.label, colour=line.colour) for line in drawn),
    )


def _quantiles(facts: ReportFacts) -> Table:
    """Return the losses of the quantiles, in the unit of the target and in money, and what they amount to."""
    unit = f" ({facts.task.unit})" if facts.task.unit else ""
    priced = "price_sum" in facts.bands
    sure = next((rung.intervals for rung in facts.rungs if rung.name == facts.chosen), {})
    columns = [
        Column(label="Quantile"),
        Column(label=f"Pinball loss{unit}", right=True, hint="mean over the truths; lower is better"),
        Column(label="Sure to", right=True, hint="bootstrap interval of the loss, over test windows"),
    ]
    columns += [Column(label="Times price", right=True)] if priced else []
    names = [name for name in facts.bands if name.startswith("pinball_") and not name.endswith("_priced")]
    rows = [_loss(facts, name, sure.get(name), priced=priced) for name in names]
    tail = f"; CRPS {number(facts.bands['crps'])}" if "crps" in facts.bands else ""
    tail += f"; the prices of the series sum up to {number(facts.bands['price_sum'])}" if priced else ""
    return Table(caption=f"Quantiles on the test windows{tail}", columns=tuple(columns), rows=tuple(rows))


def _loss(facts: ReportFacts, name: str, sure: Interval | None, *, priced: bool) -> tuple[Cell, ...]:
    percent, value = name.removeprefix("pinball_"), facts.bands[name]
    cells = (
        Cell(text=level(float(percent) / 100), sort=float(percent)),
        Cell(text=number(value), sort=value),
        Cell(text=f"{number(sure.lower)} to {number(sure.upper)}" if sure else MISSING),
    )
    money = facts.bands.get(f"{name}_priced")
    return (*cells, Cell(text=number(money), sort=money)) if priced else cells


def _by_window(standing: Standing, facts: ReportFacts, predictions: pl.DataFrame, name: str) -> list[Chart]:
    """Draw how the widest intervals follow the errors, test window after test window."""
    import polars as pl

    rows = bounded_rows(predictions, name)
    error = (pl.col("y") - pl.col("prediction")).abs()
    half = (pl.col(UPPER + name) - pl.col(LOWER + name)) / 2
    found = (
        rows.group_by("cutoff")
        .agg(
            (half * error.is_not_null()).sort().sum().alias("half"),
            pl.len(),
            (error / half).quantile(float(name) / 100, interpolation="nearest").alias("needed"),
        )
        .sort("cutoff")
        .filter(pl.col("half") > 0)
    )
    if found.height < FEWEST_WINDOWS:
        return []
    windows = list(range(1, found.height + 1))
    widths = (found["half"] / found["len"]).to_list()
    needed = [width * times for width, times in zip(widths, found["needed"].to_list(), strict=True)]
    drawn = [
        Line(label=f"{name} % interval, half", colour=standing.colours[facts.chosen], x=windows, y=widths),
        Line(label=f"needed for {name} %", colour="--quiet", x=windows, y=needed, dash="dot"),
    ]
    unit = f" in {facts.task.unit}" if facts.task.unit else ""
    return [
        Chart(
            id="width-by-window",
            title="Width by test window",
            summary="Half the mean width, and the half width that would have held just what was promised in that window.",
            figure=lines(drawn, Axes(x="test window", y=f"half width{unit}", unit=facts.task.unit)),
            height_px=280,
            key=tuple(Key(label=line.label, colour=line.colour) for line in drawn),
        )
    ]


def _shares(predictions: pl.DataFrame, name: str) -> dict[int, float]:
    import polars as pl

    inside = pl.col("y").is_between(LOWER + name, UPPER + name)
    counted = (
        bounded_rows(predictions, name)
        .group_by("step")
        .agg(inside.sum().alias("inside"), pl.len())
        .sort("step")
    )
    return {step: within / rows for step, within, rows in counted.iter_rows()}
