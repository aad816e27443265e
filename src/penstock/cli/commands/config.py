"""``penstock config show``."""

from __future__ import annotations

import typer

from penstock.cli.answers import AsJson, BestConfig, Overrides, SystemArgument, answer_many
from penstock.cli.groups import group


def build() -> typer.Typer:
    """Return the group of commands."""
    app = group("Look at configuration.")
    app.command(epilog="Example: penstock config show denmark model.learning_rate=0.05")(show)
    return app


def show(
    system: SystemArgument,
    overrides: Overrides = None,
    *,
    config: BestConfig = None,
    as_json: AsJson = False,
) -> None:
    """Show every value and where it comes from.

    The effective configuration, as a run with the same words would use it; secrets are masked.
    """
    from penstock.app.configuration import effective_config
    from penstock.app.session import Session
    from penstock.cli.summary import table

    lines = effective_config(system, overrides or (), Session.open(), config=config)
    shown = table(f"Configuration of {system}", "key", "value", "from")
    for line in lines:
        shown.add_row(line.key, line.shown, line.origin)
    answer_many("config", lines, shown, as_json=as_json)
