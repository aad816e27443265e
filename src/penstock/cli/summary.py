"""A run's result as text: the ladder, extremes, checks, and where everything lies."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Literal

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from penstock.domain.results import BadSlice, CheckResult, RunResult, SliceScore, StepReport

SHOWN_METRICS = ("mape", "mase", "wape", "mae", "rmse", "bias", "cost")
UNBOUNDED = 10_000
"""Width in a pipe or file: one row stays one line there, for whoever searches it."""

ROUNDING = 1e-12
"""What is nearer to zero is the rounding of a forecast without error, as of a series that never changes."""

WIDE = 96
METRICS_WHERE_NARROW = 4
MOST_BAD = 10
CANDIDATE = "model"
_VERDICTS = {"passed": "✓ passed", "failed": "✗ failed", "skipped": "- skipped"}
_COLOURS = {"passed": "green", "failed": "red", "skipped": "yellow"}


def wants_colour() -> bool:
    """Tell whether results go to a terminal whose user did not ask for plain text (``NO_COLOR``)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def summary_text(result: RunResult, *, colour: bool = False) -> str:
    """Return what ``penstock run`` prints."""
    return as_text(*summary_parts(result), colour=colour)


def summary_parts(result: RunResult) -> list[RenderableType]:
    """Return the parts of a run's summary, to be shown one under the other."""
    parts: list[RenderableType] = [_title(result)]
    if result.headline:
        parts.append(Text(result.headline))
    if result.metrics:
        parts += [Text(), ladder_table(result)]
    if result.slices_worst:
        parts += [Text(), slices_table(result.slices_worst)]
    if result.slices_bad:
        parts += [Text(), bad_slices_table(result.slices_bad)]
    if result.checks:
        parts += [Text(), checks_table(result.checks)]
    if result.checks_on:
        parts.append(Text(f"on {result.checks_on}, then searched"))
    if result.notes:
        parts += [Text(), Text("Notes", style="bold"), *(Text(f"- {note}") for note in result.notes)]
    return [*parts, Text(), _places(result)]


def as_text(*parts: RenderableType, colour: bool = False) -> str:
    """Render ``parts`` one under the other, as wide as the terminal, or without bounds where there is none.

    Text that is ``no_wrap`` goes beyond the edge rather than into a second line: paths are there to be copied.
    """
    stream = io.StringIO()
    system: Literal["standard"] | None = "standard" if colour else None
    console = Console(
        file=stream,
        width=text_width(),
        highlight=False,
        color_system=system,
        force_terminal=colour,
        legacy_windows=False,
    )
    for part in parts:
        console.print(part, soft_wrap=isinstance(part, Text) and bool(part.no_wrap))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def text_width() -> int:
    """Return how many columns results may fill."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else UNBOUNDED


def metrics_line(metrics: Mapping[str, float], most: int | None = None) -> str:
    """Return the metrics of the ladder first, ``most`` of them."""
    order = {name: place for place, name in enumerate(SHOWN_METRICS)}
    ordered = sorted(metrics, key=lambda name: (order.get(name, len(order)), name))
    return ", ".join(f"{name} {number(metrics[name])}" for name in ordered[:most])


def table(title: str, *columns: str, numeric: Sequence[str] = ()) -> Table:
    """Return an empty table in the house's look; ``numeric`` columns stand to the right."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, title_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in numeric else "left", overflow="fold")
    made.columns[0].no_wrap = True  # what a row is called stays in one piece
    return made


def number(value: float | None, digits: int = 4) -> str:
    """Return ``value`` with ``digits`` significant digits, or a dash."""
    if value is None:
        return "–"
    if abs(value) < ROUNDING:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 10 ** (digits - 1) else f"{value:.{digits}g}"


def ladder_table(result: RunResult) -> Table:
    """Return the rungs, best first by the metric that judged, with its bootstrap interval where there is one.

    Results of versions that did not tell which metric judged are shown by the first metric that they have.
    """
    names = _columns(result)
    names = names if text_width() >= WIDE else names[:METRICS_WHERE_NARROW]
    first = names[0]
    rungs = sorted(result.metrics, key=lambda rung: _badness(first, result.metrics[rung].get(first)))
    levels = {found[first].level for found in result.intervals.values() if first in found}
    intervals = [f"{first}, {min(levels):.0%} interval"] if levels else []
    # Only a training has a split, and so a final window; a replay scores slot after slot.
    title = "Ladder (final window)" if result.split else "Scores"
    made = table(title, "rung", *names, *intervals, numeric=names)
    for rung in rungs:
        scores = result.metrics[rung]
        found = result.intervals.get(rung, {}).get(first)
        shown = f"{number(found.lower)} … {number(found.upper)}" if found else ""
        style = "bold" if rung == CANDIDATE else ""
        cells = [rung, *(number(scores.get(name)) for name in names), *([shown] if intervals else [])]
        made.add_row(*cells, style=style)
    return made


def _columns(result: RunResult) -> list[str]:
    """Return the metrics to show, the one that judged first."""
    wanted = dict.fromkeys(([result.metric] if result.metric else []) + list(SHOWN_METRICS))
    return [name for name in wanted if any(name in scores for scores in result.metrics.values())]


def _badness(metric: str, value: float | None) -> float:
    """Return what is lower when better; a metric of a system's own counts as an error."""
    from penstock.evaluation.metrics import METRICS

    if value is None:
        return float("inf")
    return METRICS[metric].badness(value) if metric in METRICS else value


def slices_table(slices: Sequence[SliceScore]) -> Table:
    """Return the worst slices beside their baseline."""
    made = table(
        "Worst slices",
        "by",
        "slice",
        "metric",
        "model",
        "baseline",
        "rows",
        numeric=("model", "baseline", "rows"),
    )
    for item in slices:
        made.add_row(
            item.by, item.slice, item.metric, number(item.value), number(item.baseline), f"{item.count:,}"
        )
    return made


def bad_slices_table(slices: Sequence[BadSlice]) -> Table:
    """Return the slices that are worse than chance explains, a few of them."""
    numeric = ("model ÷ baseline", "elsewhere", "times worse", "doubt", "rows")
    made = table("Worse than chance explains", "by", "slice", *numeric, numeric=numeric)
    for item in slices[:MOST_BAD]:
        ratio, ends = item.ratio / item.elsewhere, item.interval
        worse = f"{number(ratio, 3)} ({number(ends.lower, 3)} … {number(ends.upper, 3)})"
        made.add_row(
            item.by,
            item.slice,
            number(item.ratio, 3),
            number(item.elsewhere, 3),
            worse,
            number(item.doubt, 2),
            f"{item.count:,}",
        )
    if len(slices) > MOST_BAD:
        made.add_row("", f"… and {len(slices) - MOST_BAD} more", *[""] * len(numeric))
    return made


def checks_table(checks: Sequence[CheckResult]) -> Table:
    """Return the checks with their verdicts."""
    made = table("Checks", "check", "kind", "verdict", "detail")
    for check in checks:
        verdict = Text(_VERDICTS[check.verdict], style=_COLOURS[check.verdict])
        made.add_row(check.name, check.kind, verdict, check.example or check.detail)
    return made


def steps_table(steps: Sequence[StepReport]) -> Table:
    """Return the steps of a run with their states and reasons."""
    numeric = ("seconds", "cpu s", "peak MB")
    made = table("Steps", "stage", "step", "state", *numeric, "reason", numeric=numeric)
    for step in steps:
        ran = step.state == "ran"
        made.add_row(
            step.stage,
            step.name,
            step.state,
            number(step.seconds, 3) if ran else "",
            number(step.cpu_seconds, 3) if ran else "",
            number(step.peak_mb, 3) if ran else "",
            step.reason,
        )
    return made


def _title(result: RunResult) -> Text:
    states = [step.state for step in result.steps]
    counted = ", ".join(
        f"{states.count(state)} {state}"
        for state in ("ran", "reused", "failed", "skipped")
        if state in states
    )
    simulated = " · SIMULATED DATA" if result.simulated else ""
    return Text(
        f"{result.system} · run {result.run_id} · {result.status} · steps: {counted or 'none'}{simulated}"
    )


def _places(result: RunResult) -> Text:
    lines = []
    if result.dataset:
        lines.append(f"dataset   {result.dataset}")
    if result.model:
        alias = f" (alias {result.model.alias})" if result.model.alias else ""
        lines.append(f"model     {result.model.name}@v{result.model.version}{alias}")
    for name, place in (("forecast", result.forecast), ("report", result.report)):
        if place:
            lines.append(f"{name:<9} {place}")
    if result.metrics:  # verdicts on a registered model are asked for again, not rebuilt
        lines.append(f"rebuild   penstock reproduce {result.run_id}")
    return Text("\n".join(lines), no_wrap=True)
