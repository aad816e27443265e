"""``penstock reproduce``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from penstock.cli.answers import AsJson, Jobs, RunArgument, answer
from penstock.cli.groups import single

if TYPE_CHECKING:
    from rich.table import Table

    from penstock.engine.verify import Comparison

SHOWN_DIGITS = 16


def build() -> typer.Typer:
    """Return the command."""
    app = single()
    app.command(epilog="Example: penstock reproduce 20261121-063012-denmark-1f3a")(reproduce)
    return app


def reproduce(
    run: RunArgument,
    *,
    jobs: Jobs = None,
    as_json: AsJson = False,
) -> None:
    """Execute a run again from its recorded source, data and configuration, and compare every digest."""
    from rich.text import Text

    from penstock.app.reproduce import reproduce
    from penstock.app.runs import show_run
    from penstock.app.session import Session, default_jobs
    from penstock.domain.errors import ExitCode

    session = Session.open()
    show_run(session, run)  # an unknown run is told before anything is said to begin

    sys.stderr.write(f"Executing run {run} again in a scratch workspace …\n")
    found = reproduce(session, run, jobs=jobs or default_jobs(session.environ))
    answer(found, _steps(found), Text(_verdict(found)), as_json=as_json)
    if not found.is_equal:
        raise typer.Exit(int(ExitCode.FAILED))


def _steps(found: Comparison) -> Table:
    from penstock.cli.summary import table

    shown = table("Steps", "step", "verdict", "recorded", "repeated")
    for step in found.steps:
        shown.add_row(
            step.step,
            step.verdict,
            (step.recorded or "–")[:SHOWN_DIGITS],
            (step.repeated or "–")[:SHOWN_DIGITS],
        )
    return shown


def _verdict(found: Comparison) -> str:
    different = found.first_difference
    if different is None:
        judged = sum(step.verdict == "equal" for step in found.steps)
        return f"Equal: all {judged} pure steps of run {found.run_id} have the same digests."
    causes = (
        "\n".join(f"  {line}" for line in found.surroundings) or "  libraries and environment are the same"
    )
    return f"Different: the first step that differs is {different.step}. What surrounds both runs:\n{causes}"
