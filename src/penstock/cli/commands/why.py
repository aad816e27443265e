"""``penstock why``."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.cli.answers import AsJson, RunArgument, answer
from penstock.cli.groups import single

SHOWN_ITEMS = 12
SHOWN_CHARACTERS = 140


def build() -> typer.Typer:
    """Return the command."""
    app = single()
    app.command(epilog="Example: penstock why 20261121-063012-denmark-1f3a fit_candidate")(why)
    return app


def why(
    run: RunArgument,
    step: Annotated[str, typer.Argument(help="Name of a step of the run.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Say why a step ran, or why its earlier result was reused."""
    from rich.text import Text

    from penstock.app.session import Session
    from penstock.app.why import explain

    found = explain(Session.open(), run, step)
    lines = [f"{found.step} {found.state}: {found.reason}"]
    lines += [f"  changed: {change}" for change in found.changes]
    lines += [f"  touched without being declared: {touch}" for touch in found.undeclared]
    lines += [f"  counts in full, because of dynamic dispatch: {reason}" for reason in found.dynamic]
    for kind, items in found.depends_on.items():
        lines += [f"depends on {kind}:"] if items else []
        lines += [f"  {_cut(item)}" for item in items[:SHOWN_ITEMS]]
        if len(items) > SHOWN_ITEMS:
            lines.append(f"  … and {len(items) - SHOWN_ITEMS} more (--json shows all)")
    answer(found, Text("\n".join(lines)), as_json=as_json)


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"
