"""``penstock systems``."""

from __future__ import annotations

import typer

from penstock.cli.answers import AsJson, answer_many
from penstock.cli.groups import single


def build() -> typer.Typer:
    """Return the command."""
    app = single()
    app.command(epilog="Example: penstock systems")(systems)
    return app


def systems(*, as_json: AsJson = False) -> None:
    """List the systems that can be run."""
    from rich.text import Text

    from penstock.app.systems import list_systems
    from penstock.cli.summary import table

    lines = list_systems()
    shown = table("Systems", "system", "what it predicts")
    for line in lines:
        shown.add_row(line.name, line.title)
    hint = Text("A folder with a system.py is a system too: `penstock new NAME` makes one.")
    answer_many("systems", lines, shown, Text(), hint, as_json=as_json)
