"""``penstock dag show``."""

from __future__ import annotations

import typer

from penstock.cli.answers import AsJson, Overrides, SystemArgument, answer_many
from penstock.cli.groups import group


def build() -> typer.Typer:
    """Return the group of commands."""
    app = group("Look at pipelines without running them.")
    app.command(epilog="Example: penstock dag show denmark")(show)
    return app


def show(system: SystemArgument, overrides: Overrides = None, *, as_json: AsJson = False) -> None:
    """Show the steps of a system by stage."""
    from penstock.app.dag import planned_steps
    from penstock.app.session import Session
    from penstock.cli.summary import table
    from penstock.domain.values import STAGES

    lines = planned_steps(system, overrides or (), Session.open())
    shown = table(f"Pipeline of {system}", "stage", "step", "kind", "takes the output of")
    for stage in STAGES:
        inside = [line for line in lines if line.stage == stage]
        for position, line in enumerate(inside):
            shown.add_row("" if position else stage, line.name, line.kind, ", ".join(line.after))
        if not inside:
            shown.add_row(stage, "–", "", "")
    answer_many("steps", lines, shown, as_json=as_json)
