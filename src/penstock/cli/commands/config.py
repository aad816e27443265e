"""``penstock config show``."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.cli.answers import AsJson, BestConfig, Overrides, answer_many
from penstock.cli.groups import group


def build() -> typer.Typer:
    """Return the group of commands."""
    app = group("Look at configuration.")
    app.command(epilog="Example: penstock config show denmark model.learning_rate=0.05")(show)
    return app


def show(
    system: Annotated[
        str | None,
        typer.Argument(help="A system's name, or a folder that holds a system.py; none: the settings."),
    ] = None,
    overrides: Overrides = None,
    *,
    config: BestConfig = None,
    as_json: AsJson = False,
) -> None:
    """Show every value and where it comes from.

    The effective configuration, as a run with the same words would use it; secrets are masked. Without a system, the
    settings of this machine: the variables of .env.default.
    """
    if system is None:
        _show_settings(as_json=as_json)
        return
    from penstock.app.configuration import effective_config
    from penstock.app.session import Session
    from penstock.cli.summary import table

    lines = effective_config(system, overrides or (), Session.open(), config=config)
    shown = table(
        f"Configuration of {system}", "key", "from", "value"
    )  # the widest last: nothing is padded to it
    for line in lines:
        shown.add_row(line.key, line.origin, line.shown)
    answer_many("config", lines, shown, as_json=as_json)


def _show_settings(*, as_json: bool) -> None:
    from rich.text import Text

    from penstock.app.configuration import effective_settings
    from penstock.cli.summary import table

    lines, unknown = effective_settings()
    shown = table("Settings of this machine", "variable", "from", "value")
    for line in lines:
        shown.add_row(line.variable, line.origin, line.shown)
    hint = Text("`penstock config show SYSTEM` shows the configuration of a system.")
    answer_many("settings", lines, shown, Text(), *map(Text, unknown), hint, as_json=as_json)
