"""Whether the intervals hold what they promise, on test windows that had no say in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from penstock.evaluation.bounds import LOWER, UPPER, bounded_rows, interval_levels, interval_metrics
from penstock.reporting.blocks import Block, Cell, Chart, Column, Key, Notice, Prose, Section, Table
from penstock.reporting.facts import CalibrationFacts, ReportFacts
from penstock.reporting.figures.lines import Axes, Line, lines
from penstock.reporting.numbers import count, level, measure, moment, share
from penstock.reporting.standing import Standing

if TYPE_CHECKING:
    import polars as pl

_DASHES = ("solid", "dash", "dot")


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
        blocks += [_by_step(standing, facts, predictions, levels)] if facts.task.horizon > 1 else []
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
        Column(
            label=f"Interval score{unit}",
            right=True,
            hint="width, and a fine for every miss; lower is better",
        ),
        Column(label=f"Mean width{unit}", right=True),
        Column(label="Values", right=True),
    )
    scores = interval_metrics(predictions)
    rows = tuple(_row(predictions, name, scores) for name in levels)
    return Table(caption="What the intervals held on the test windows", columns=columns, rows=rows)


def _row(predictions: pl.DataFrame, name: str, scores: dict[str, float]) -> tuple[Cell, ...]:
    rows = bounded_rows(predictions, name)
    width = math.fsum((rows[UPPER + name] - rows[LOWER + name]).to_list()) / rows.height
    inside, score = scores[f"coverage_{name}"], scores[f"interval_score_{name}"]
    return (
        Cell(text=level(float(name) / 100), sort=float(name)),
        Cell(text=share(inside), sort=inside),
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
    return Chart(
        id="coverage-by-step",
        title="Truths inside by horizon step",
        summary="A line that falls says that the intervals do not grow as the errors do.",
        figure=lines(drawn, Axes(x="steps ahead", y="inside", unit="%")),
        height_px=280,
        key=tuple(Key(label=line.label, colour=line.colour) for line in drawn),
    )


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
