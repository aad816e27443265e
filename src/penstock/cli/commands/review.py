"""``penstock review``."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.cli.answers import AsJson, answer
from penstock.cli.groups import single


def build() -> typer.Typer:
    """Return the command."""
    app = single()
    app.command(epilog="Example: penstock review --json")(review)
    return app


def review(
    names: Annotated[list[str] | None, typer.Argument(help="Only these models; compared with all.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List only the models that are unlike their peers, and why.

    The newest version of every model is compared with all others; whatever is usual is not shown.
    """
    from rich.console import RenderableType
    from rich.text import Text

    from penstock.app.review import review
    from penstock.app.session import Session
    from penstock.cli.summary import table

    found = review(Session.open(), names or ())
    line = f"{found.reviewed} models reviewed, {len(found.suspects)} to look at"
    rule = (
        f"Unlike: more than {found.threshold:g} robust deviations from the median of at least {found.fewest_peers} "
        "models; fewer are held against fixed limits."
    )
    parts: list[RenderableType] = [Text(line)]
    if found.suspects:
        shown = table("To look at", "model", "run", "why")
        for suspect in found.suspects:
            for place, reason in enumerate(suspect.reasons):
                head = (suspect.name, suspect.run_id) if place == 0 else ("", "")
                shown.add_row(*head, reason.detail)
        parts += [shown, Text(rule)]
    answer(found, *parts, as_json=as_json)
