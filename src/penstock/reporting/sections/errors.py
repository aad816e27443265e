"""Where in the horizon and when in the day the errors are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from penstock.reporting.blocks import Cell, Chart, Column, Key, Section, Table
from penstock.reporting.facts import MetricFacts, ReportFacts, RungFacts
from penstock.reporting.figures.ladder import named
from penstock.reporting.figures.lines import Axes, Line, lines
from penstock.reporting.numbers import measure
from penstock.reporting.profiles import Profile, by_clock, by_step, clock_of, pooled_metric
from penstock.reporting.standing import Standing, metric_facts

if TYPE_CHECKING:
    import polars as pl

_Profiles: TypeAlias = list[tuple[RungFacts, Profile]]
_POOLED = "Pooled over all series and test windows."


def errors(facts: ReportFacts, standing: Standing) -> Section | None:
    """Return the error profiles of the model, the best baseline and the oracle, as far as predictions are given.

    A metric that rows cannot be pooled by is replaced by WAPE. Without any known truth there is nothing to show.
    """
    name = pooled_metric(standing.metric.name, facts.scales)
    metric = metric_facts(facts, name)
    charts = [_by_step(facts, standing, metric)] if facts.task.horizon > 1 else []
    charts.append(_by_clock(facts, standing, metric))
    shown = tuple(chart for chart in charts if chart is not None)
    return Section(id="errors", title="Errors", blocks=shown) if shown else None


def _by_step(facts: ReportFacts, standing: Standing, metric: MetricFacts) -> Chart | None:
    axes = Axes(x="steps ahead", y=named(metric), unit=metric.unit)
    plot = _Plot(id="error-by-step", title="Error by horizon step", summary=_POOLED, axes=axes, metric=metric)
    return plot.chart(standing, _profiles(facts, standing, lambda f: by_step(f, metric.name, facts.scales)))


def _by_clock(facts: ReportFacts, standing: Standing, metric: MetricFacts) -> Chart | None:
    task, clock = facts.task, clock_of(facts.task.frequency)
    x = f"{clock.axis} ({task.timezone})".strip()
    axes = Axes(x=x, y=named(metric), unit=metric.unit, ticks=clock.labels)
    summary = f"{_POOLED} Clock of {task.timezone}."
    plot = _Plot(id="error-by-clock", title=clock.title, summary=summary, axes=axes, metric=metric)
    return plot.chart(
        standing, _profiles(facts, standing, lambda f: by_clock(f, metric.name, task, facts.scales))
    )


def _profiles(facts: ReportFacts, standing: Standing, of: Callable[[pl.DataFrame], Profile]) -> _Profiles:
    rungs = (standing.model, standing.baseline, standing.oracle)
    shown = [rung for rung in rungs if rung is not None and rung.name in facts.predictions]
    found = [(rung, of(facts.predictions[rung.name])) for rung in shown]
    return [(rung, profile) for rung, profile in found if profile.positions]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plot:
    """One profile chart: its id, title and summary, its axes, and the metric it shows."""

    id: str
    title: str
    summary: str
    axes: Axes
    metric: MetricFacts

    def chart(self, standing: Standing, profiles: _Profiles) -> Chart | None:
        """Return the chart with one line per rung, or nothing without lines."""
        if not profiles:
            return None
        drawn = [self._line(standing, rung, profile) for rung, profile in profiles]
        return Chart(
            id=self.id,
            title=self.title,
            summary=self.summary,
            figure=lines(drawn, self.axes),
            height_px=300,
            key=tuple(Key(label=line.label, colour=line.colour) for line in drawn),
            numbers=self._numbers(profiles),
        )

    def _line(self, standing: Standing, rung: RungFacts, profile: Profile) -> Line:
        scaled = [None if error is None else error * self.metric.scale for error in profile.errors]
        return Line(label=rung.label, colour=standing.colours[rung.name], x=profile.positions, y=scaled)

    def _numbers(self, profiles: _Profiles) -> Table:
        positions = sorted({position for _, profile in profiles for position in profile.positions})
        columns = (
            Column(label=self.axes.x or "when"),
            *(Column(label=rung.label, right=True) for rung, _ in profiles),
        )
        rows = tuple(self._row(position, [profile for _, profile in profiles]) for position in positions)
        return Table(caption=f"{self.title}: {named(self.metric)}", columns=columns, rows=rows)

    def _row(self, position: int, profiles: list[Profile]) -> tuple[Cell, ...]:
        errors_here = [dict(zip(p.positions, p.errors, strict=True)).get(position) for p in profiles]
        first = Cell(text=self.axes.ticks.get(position, str(position)), sort=position)
        return (
            first,
            *(Cell(text=measure(error, "", self.metric.scale), sort=error) for error in errors_here),
        )
