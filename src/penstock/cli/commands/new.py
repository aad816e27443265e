"""``penstock new``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.answers import say
from penstock.cli.groups import single


def build() -> typer.Typer:
    """Return the command."""
    app = single()
    app.command(epilog="Example: penstock new bakery && penstock run bakery")(new)
    return app


def new(
    name: Annotated[str, typer.Argument(help="Name of the system: lower-case letters, digits and _.")],
    *,
    folder: Annotated[Path, typer.Option(help="Where the system's folder is made.")] = Path(),
) -> None:
    """Make a folder with a system of your own that runs as it is."""
    from penstock.app.new import create_system

    made = create_system(name, folder)
    say(
        f"Made {made}: `penstock run {made}` runs it as it is.\n"
        f"Then put your data into {made / 'data.csv'} and read them in the step `sales` of {made / 'system.py'}."
    )
