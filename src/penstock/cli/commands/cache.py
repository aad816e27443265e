"""``penstock cache ls | gc``."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.cli.answers import AsJson, answer, answer_many
from penstock.cli.groups import group

MEGABYTE = 2**20


def build() -> typer.Typer:
    """Return the group of commands."""
    app = group("See what the workspace holds, and make room.")
    app.command("ls", epilog="Example: penstock cache ls")(ls)
    app.command("gc", epilog="Example: penstock cache gc --max-size 5GB --yes")(gc)
    return app


def ls(*, as_json: AsJson = False) -> None:
    """List artifacts, least recently used first."""
    from rich.text import Text

    from penstock.app.cache import list_cache
    from penstock.app.session import Session
    from penstock.cli.summary import table

    items = list_cache(Session.open())
    shown = table("Artifacts", "digest", "MB", "last used", "needed", "made by", numeric=("MB",))
    for item in items:
        shown.add_row(
            item.digest[:12],
            f"{item.size_bytes / MEGABYTE:,.2f}",
            f"{item.last_used:%Y-%m-%d %H:%M}",
            "yes" if item.kept else "",
            ", ".join(item.steps) or ("code or data of a run" if item.kept else ""),
        )
    total = sum(item.size_bytes for item in items) / MEGABYTE
    answer_many("artifacts", items, shown, Text(f"{len(items)} artifacts, {total:,.1f} MB"), as_json=as_json)


def gc(
    *,
    max_size: Annotated[str, typer.Option(metavar="SIZE", help="Leave at most so much, such as 5GB.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Remove; without it only say what would be removed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove artifacts that nothing needs.

    The least recently used go first. Nothing that a release, a dataset version or the record of a run needs is
    removed, and nothing at all without --yes.
    """
    from rich.text import Text

    from penstock.app.cache import collect_garbage, parse_size
    from penstock.app.session import Session

    done = collect_garbage(Session.open(), max_size=max_size, dry_run=not yes)
    word = "would be removed (--yes removes)" if done.dry_run else "removed"
    freed, left = done.freed_bytes / MEGABYTE, done.left_bytes / MEGABYTE
    lines = [f"{len(done.removed)} artifacts, {freed:,.1f} MB {word}; {left:,.1f} MB left"]
    if done.abandoned_bytes:
        lines.append(f"{done.abandoned_bytes / MEGABYTE:,.1f} MB that killed runs had left {word}")
    if done.left_bytes > parse_size(max_size):
        lines.append(
            f"That is more than {max_size}: releases, dataset versions and records of runs need the rest."
        )
    answer(done, Text("\n".join(lines)), as_json=as_json)
