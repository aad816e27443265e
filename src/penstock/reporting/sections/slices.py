"""Where the model does worst: single series, and groups of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from penstock.domain.results import BadSlice, SliceScore
from penstock.reporting.blocks import Block, Cell, Chart, Column, Prose, Row, Section, Spark, Stack, Table
from penstock.reporting.facts import ReportFacts
from penstock.reporting.figures.ladder import named
from penstock.reporting.figures.pairs import Pair, pairs
from penstock.reporting.numbers import count, measure, number
from penstock.reporting.series import CHOOSER
from penstock.reporting.sparks import spark
from penstock.reporting.standing import Standing, badness, metric_facts

if TYPE_CHECKING:
    from penstock.reporting.scope import Scope

WORST = 10
_SPARK_HORIZONS = 3


def slices(facts: ReportFacts, standing: Standing, scope: Scope) -> Section | None:
    """Return the worst series with a drawing and a link each, and every group by static column."""
    if not facts.slices:
        return None
    blocks: list[Block] = []
    series = [score for score in facts.slices if score.by == "series"]
    if series:
        blocks.append(Prose(text=f"{_wins(series)} {_verdict(facts)}"))
    blocks += [_bad(facts)] if facts.slices_bad else []
    if series:
        blocks.append(_worst(facts, standing, scope, series))
    columns = sorted({score.by for score in facts.slices} - {"series"})
    groups = tuple(_groups(facts, by, [s for s in facts.slices if s.by == by]) for by in columns)
    compared = _compared(facts, standing, scope, series)
    blocks.extend(_beside(compared, groups))
    return Section(id="slices", title="Worst series and slices", blocks=tuple(blocks))


def _wins(series: list[SliceScore]) -> str:
    compared = [score for score in series if score.baseline is not None]
    if not compared:
        return f"{count(len(series))} series were scored."
    wins = sum(score.value < score.baseline for score in compared if score.baseline is not None)
    return f"The model errs less than the best baseline in {count(wins)} of {count(len(compared))} series."


def _verdict(facts: ReportFacts) -> str:
    named = len(facts.slices_bad)
    if not named:
        return "No slice is worse than elsewhere by more than chance explains among so many."
    slices = "slice is" if named == 1 else "slices are"
    return f"{count(named)} {slices} worse than elsewhere by more than chance explains among so many."


def _bad(facts: ReportFacts) -> Table:
    """Return the slices that are worse than chance explains, with how much and how sure."""
    columns = (
        Column(label="By"),
        Column(label="Slice"),
        Column(label="Ratio", right=True, hint="model over baseline: below 1 the model is better"),
        Column(label="Elsewhere", right=True, hint="the same ratio on all other rows"),
        Column(label="Times worse", right=True, hint="the one over the other, with its bootstrap interval"),
        Column(label="Doubt", right=True, hint="p-value, adjusted for the number of slices looked at"),
        Column(label="Values", right=True, hint="how many values were scored"),
    )
    rows = tuple(_bad_cells(one) for one in facts.slices_bad[:WORST])
    shown = len(rows) < len(facts.slices_bad)
    first = f"The {count(len(rows))} worst of {count(len(facts.slices_bad))} slices" if shown else "Slices"
    return Table(caption=f"{first} that are really bad", columns=columns, rows=rows)


def _bad_cells(one: BadSlice) -> tuple[Cell, ...]:
    worse, ends = one.ratio / one.elsewhere, one.interval
    return (
        Cell(text=one.by),
        Cell(text=one.slice),
        Cell(text=number(one.ratio), sort=one.ratio, tone="bad" if one.ratio > 1 else "good"),
        Cell(text=number(one.elsewhere), sort=one.elsewhere),
        Cell(text=f"{number(worse)} ({number(ends.lower)} … {number(ends.upper)})", sort=worse),
        Cell(text=number(one.doubt), sort=one.doubt),
        Cell(text=count(one.count), sort=one.count),
    )


def _ordered(facts: ReportFacts, scores: list[SliceScore]) -> list[SliceScore]:
    return sorted(scores, key=lambda score: (-badness(facts, score), score.slice))


def _worst(facts: ReportFacts, standing: Standing, scope: Scope, series: list[SliceScore]) -> Table:
    places = _places(scope)
    worst = _ordered(facts, series)[:WORST]
    sparks = {score.slice: _spark(standing, scope, score.slice) for score in worst}
    rows = [
        (
            Cell(text=score.slice, pick=(CHOOSER, places[score.slice]) if score.slice in places else None),
            *_score_cells(facts, score),
            Cell(text="", spark=sparks[score.slice]),
        )
        for score in worst
    ]
    columns = (Column(label="Series"), *_score_columns(facts, worst), Column(label="Truth and test forecast"))
    caption = f"The {count(len(rows))} worst series; choose one to see its forecasts"
    return Table(caption=caption, columns=columns, rows=tuple(rows))


def _beside(charts: list[Chart], groups: tuple[Block, ...]) -> list[Block]:
    if charts and groups:
        return [Row(blocks=(*charts, Stack(blocks=groups)))]
    return [Row(blocks=tuple(charts)), *groups] if charts else [*groups]


def _places(scope: Scope) -> Mapping[str, int]:
    return {name: place for place, name in enumerate(sorted(scope.material.names))}


def _compared(facts: ReportFacts, standing: Standing, scope: Scope, series: list[SliceScore]) -> list[Chart]:
    if not series or standing.baseline is None:
        return []
    metric, places = metric_facts(facts, series[0].metric), _places(scope)
    dots = [
        Pair(
            name=score.slice,
            baseline=score.baseline * metric.scale,
            model=score.value * metric.scale,
            item=places.get(score.slice),
        )
        for score in series
        if score.baseline is not None and math.isfinite(score.baseline) and math.isfinite(score.value)
    ]
    if len(dots) < 2:  # noqa: PLR2004 - one dot is no picture
        return []
    titles = (f"{standing.baseline.label}, {named(metric)}", f"{standing.model.label}, {named(metric)}")
    return [
        Chart(
            id="slices-pairs",
            title="Every series: model against best baseline",
            summary="One dot per series; below the dotted line the model is better. Choose a dot to see its forecasts.",
            figure=pairs(dots, titles, metric.unit),
            height_px=400,
            picks=CHOOSER,
        )
    ]


def _groups(facts: ReportFacts, by: str, scores: list[SliceScore]) -> Table:
    rows = [(Cell(text=score.slice), *_score_cells(facts, score)) for score in _ordered(facts, scores)]
    columns = (Column(label=by), *_score_columns(facts, scores))
    return Table(caption=f"By {by}, worst first", columns=columns, rows=tuple(rows))


def _score_columns(facts: ReportFacts, scores: list[SliceScore]) -> tuple[Column, ...]:
    metric = metric_facts(facts, scores[0].metric)
    unit = f" ({metric.unit})" if metric.unit else ""
    return (
        Column(label=f"{metric.label}{unit}", right=True),
        Column(label="Baseline", right=True, hint="the same metric of the best baseline"),
        Column(label="Ratio", right=True, hint="model over baseline: below 1 the model is better"),
        Column(label="Values", right=True, hint="how many values were scored"),
    )


def _score_cells(facts: ReportFacts, score: SliceScore) -> tuple[Cell, ...]:
    metric = metric_facts(facts, score.metric)
    ratio = score.value / score.baseline if score.baseline else None
    return (
        Cell(text=measure(score.value, "", metric.scale), sort=score.value),
        Cell(text=measure(score.baseline, "", metric.scale), sort=score.baseline),
        Cell(
            text=number(ratio), sort=ratio, tone="plain" if ratio is None else "bad" if ratio > 1 else "good"
        ),
        Cell(text=count(score.count), sort=score.count),
    )


def _spark(standing: Standing, scope: Scope, name: str) -> Spark | None:
    import polars as pl

    tests = scope.material.predictions.filter((pl.col("series") == name) & pl.col("y").is_not_null())
    last = tests.tail(_SPARK_HORIZONS * scope.material.horizon)
    if last.is_empty():
        return None
    lines = [
        ("--quiet", last["y"].to_list()),
        (standing.colours[standing.model.name], last["prediction"].to_list()),
    ]
    return spark(f"Truth and test forecast of {name} in its last test windows", lines)
