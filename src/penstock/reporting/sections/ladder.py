"""The ladder: every baseline, the models and the oracle, by error and by the time they take."""

from __future__ import annotations

from penstock.reporting.blocks import Block, Cell, Chart, Column, Prose, Section, Table, Terms
from penstock.reporting.facts import ReportFacts, RungFacts
from penstock.reporting.figures.ladder import against_time, ranking, times_of
from penstock.reporting.numbers import duration, measure, number
from penstock.reporting.standing import Standing, metric_facts

_ROW_PX = 40
_TIMED_PX = 18


def ladder(facts: ReportFacts, standing: Standing) -> Section:
    """Return the ladder section."""
    blocks: list[Block] = [_ranking(standing), _table(facts, standing)]
    if standing.skipped:
        blocks += [Prose(text="Left out, and why:"), _left_out(standing)]
    if any("fit" in times_of(rung) for rung in standing.rungs):
        blocks.append(_timed(standing))
    return Section(id="ladder", title="Ladder", blocks=tuple(blocks))


def _ranking(standing: Standing) -> Chart:
    bars = any(standing.metric.name in rung.intervals for rung in standing.rungs)
    tail = " Bars are bootstrap intervals." if bars else ""
    dotted = " The dotted line is the oracle, the noise-free truth." if standing.oracle else ""
    return Chart(
        id="ladder-ranking",
        title=f"{standing.metric.label} of every rung",
        summary=f"Best on top.{tail}{dotted}",
        figure=ranking(standing),
        height_px=70 + _ROW_PX * len(standing.rungs),
    )


def _timed(standing: Standing) -> Chart:
    return Chart(
        id="ladder-time",
        title="Error against the time it takes",
        summary="Lower left is better: less error in less time. A full mark stands at the time to fit, a hollow one at the "
        "time to predict all test windows. Colours are those of the table.",
        figure=against_time(standing),
        height_px=240 + _TIMED_PX * len(standing.rungs),
    )


def _table(facts: ReportFacts, standing: Standing) -> Table:
    names = sorted({name for rung in standing.rungs for name in rung.metrics} - {standing.metric.name})
    shown = [metric_facts(facts, name) for name in (standing.metric.name, *names)]
    main, *others = (Column(label=f"{m.label}{f' ({m.unit})' if m.unit else ''}", right=True) for m in shown)
    columns = (
        Column(label="Rung"),
        main,
        *(Column(label=label, right=True) for label in ("Interval", "Fit", "Predict")),
        *others,
    )
    rows = tuple(_row(standing, rung, [m.name for m in shown], facts) for rung in standing.rungs)
    strong = frozenset({standing.rungs.index(standing.model)})
    caption = "The ladder in numbers, on test windows that no rung was fitted on"
    return Table(caption=caption, columns=columns, rows=rows, strong=strong)


def _row(standing: Standing, rung: RungFacts, names: list[str], facts: ReportFacts) -> tuple[Cell, ...]:
    main, *others = (_metric(facts, rung, name) for name in names)
    return (
        Cell(text=_unbroken(rung.label), swatch=standing.colours[rung.name], note=rung.note),
        main,
        _interval(standing, rung),
        Cell(text=duration(rung.fit_seconds), sort=rung.fit_seconds),
        Cell(text=duration(rung.predict_seconds), sort=rung.predict_seconds),
        *others,
    )


def _unbroken(text: str) -> str:
    """Return ``text`` with spaces at which no line ends."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _metric(facts: ReportFacts, rung: RungFacts, name: str) -> Cell:
    shown, value = metric_facts(facts, name), rung.metrics.get(name)
    return Cell(text=measure(value, "", shown.scale), sort=value)


def _interval(standing: Standing, rung: RungFacts) -> Cell:
    interval = rung.intervals.get(standing.metric.name)
    if interval is None:
        return Cell(text="")
    scale = standing.metric.scale
    return Cell(
        text=f"{number(interval.lower * scale)} to {number(interval.upper * scale)}", sort=interval.lower
    )


def _left_out(standing: Standing) -> Terms:
    return Terms(
        terms=tuple((rung.label, rung.note or "no value of the main metric") for rung in standing.skipped)
    )
