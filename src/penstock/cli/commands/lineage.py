"""``penstock lineage``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.cli.answers import AsJson, answer
from penstock.cli.groups import single

if TYPE_CHECKING:
    from rich.tree import Tree

    from penstock.app.lineage import Thing

EXAMPLE = "Example: penstock lineage forecast:20261121-063012-denmark-1f3a/DK1/111/2023-06-30T00:00Z"


def build() -> typer.Typer:
    """Return the command."""
    app = single()
    app.command(epilog=EXAMPLE)(lineage)
    return app


def lineage(
    reference: Annotated[
        str,
        typer.Argument(
            help="A run id; data:denmark@v3; model:denmark@candidate; ingest:ID; forecast:RUN or forecast:RUN/SERIES/TIME."
        ),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Follow a forecast, model, run or dataset version back to the source, and forward again."""
    from rich.text import Text

    from penstock.app.lineage import lineage
    from penstock.app.session import Session

    found = lineage(Session.open(), reference)
    title = Text(f"{found.of.kind} {found.of.name}  {found.of.note}")
    trees = (_tree("comes from", found.back), _tree("led to", found.forward))
    answer(found, title, *trees, as_json=as_json)


def _tree(title: str, things: Sequence[Thing]) -> Tree:
    from rich.text import Text
    from rich.tree import Tree

    root = Tree(Text(title if things else f"{title}: nothing that is written down"))
    _grow(root, things)
    return root


def _grow(tree: Tree, things: Sequence[Thing]) -> None:
    from rich.text import Text

    for thing in things:
        _grow(tree.add(Text(f"{thing.kind} {thing.name}  {thing.note}")), thing.parts)
