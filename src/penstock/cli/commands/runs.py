"""``penstock runs list | show | tree | compare``."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.cli.answers import AsJson, RunArgument, answer, answer_many
from penstock.cli.groups import group

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.tree import Tree

    from penstock.engine.records import RunRecord

SHOWN_METRICS = 3
MOST_ROWS = 100
"""Differences shown of one kind: those of all code of two systems would fill a book."""
CELL = 24
DIGEST = 12


def build() -> typer.Typer:
    """Return the group of commands."""
    app = group("Look at runs.")
    app.command("list", epilog="Example: penstock runs list --system denmark --limit 5")(list_runs)
    app.command(epilog="Example: penstock runs show 20261121-063012-denmark-1f3a --json")(show)
    app.command(epilog="Example: penstock runs tree 20261121-063012-denmark-1f3a")(tree)
    app.command(epilog="Example: penstock runs compare RUN_ONE RUN_TWO")(compare)
    return app


def list_runs(
    *,
    system: Annotated[str | None, typer.Option(help="Only runs of this system.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many, newest first.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the runs, newest first.

    A run whose process was killed is shown as `running` too.
    """
    from penstock.app.runs import list_runs
    from penstock.app.session import Session
    from penstock.cli.summary import metrics_line, number, table

    lines = list_runs(Session.open(), system=system, limit=limit)
    shown = table("Runs", "run", "status", "seconds", "dataset", "model", "metrics", numeric=("seconds",))
    for line in lines:
        shown.add_row(
            line.run_id,
            line.status,
            number(line.seconds, 3),
            line.dataset or "–",
            line.model or "–",
            metrics_line(line.metrics, SHOWN_METRICS),
        )
    answer_many("runs", lines, shown, as_json=as_json)


def show(run: RunArgument, *, as_json: AsJson = False) -> None:
    """Show a run: its result and its steps.

    With --json, its whole manifest: configuration, code, libraries, environment, digests.
    """
    from rich.text import Text

    from penstock.app.runs import result_of, show_run
    from penstock.app.session import Session
    from penstock.cli.summary import steps_table, summary_parts

    session = Session.open()
    record = show_run(session, run)
    if as_json or record.status != "done":
        failure = Text(f"Run {run} {record.status}: {record.error}")
        reports = [step.report for step in record.steps]
        answer(record, failure, Text(), steps_table(reports), as_json=as_json)
        return
    result = result_of(session, run)
    answer(
        record, *summary_parts(result), *_digests(record), Text(), steps_table(result.steps), as_json=False
    )


def tree(run: RunArgument, *, as_json: AsJson = False) -> None:
    """Show the steps of a run under their stages."""
    from penstock.app.runs import show_run
    from penstock.app.session import Session

    record = show_run(Session.open(), run)
    answer(record, _tree(record), as_json=as_json)


def compare(
    runs: Annotated[list[str], typer.Argument(help="Two or more run ids.")], *, as_json: AsJson = False
) -> None:
    """Show everything in which runs differ.

    Data, code, configuration, seed, environment (with libraries), metrics and the digests of all steps; the last line
    names what is the same.
    """
    from rich.text import Text

    from penstock.app.compare import compare_runs, verdict
    from penstock.app.session import Session
    from penstock.cli.summary import table

    found = compare_runs(Session.open(), runs)
    shown = table("Differences", "kind", "name", *runs)
    for kind, several in groupby(found, key=lambda difference: difference.kind):
        rows = list(several)
        for difference in rows[:MOST_ROWS]:
            shown.add_row(kind, difference.name, *(_short(value) for value in difference.values))
        if len(rows) > MOST_ROWS:
            shown.add_row(kind, f"… and {len(rows) - MOST_ROWS} more (--json shows all)")
    parts: list[RenderableType] = [shown, Text()] if found else []
    answer_many("differences", found, *parts, Text(verdict(found)), as_json=as_json)


def _digests(record: RunRecord) -> list[RenderableType]:
    """Return a line for each part of the configuration that has a digest, with the place that it came from."""
    from rich.text import Text

    return [
        Text(f"{key} {digest[:DIGEST]} ({record.origins.get(key, 'default')})")
        for key, digest in sorted(record.config_digests.items())
    ]


def _tree(record: RunRecord) -> Tree:
    from rich.tree import Tree

    shown = Tree(f"{record.run_id} ({record.status})")
    stages: dict[str, Tree] = {}
    for step in record.steps:
        report = step.report
        if report.stage not in stages:
            stages[report.stage] = shown.add(report.stage)
        took = f" {report.seconds:.1f} s" if report.state == "ran" else ""
        stages[report.stage].add(f"{report.name} {report.state}{took}")
    return shown


def _short(value: object) -> str:
    from penstock.cli.summary import number

    if value is None:
        return "–"
    if isinstance(value, float):
        return number(value)
    text = str(value)
    return text if len(text) <= CELL else f"{text[: CELL - 1]}…"
