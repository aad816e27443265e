"""``penstock data tables | compact``."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.cli.answers import AsJson, answer, answer_many

MEGABYTE = 10**6


def list_tables(*, as_json: AsJson = False) -> None:
    """List the observation tables that ingests have filled."""
    from penstock.app.session import Session
    from penstock.app.tables import list_tables
    from penstock.cli.summary import table

    found = list_tables(Session.open())
    numbers = ("version", "observations", "kept cuts", "MB")
    shown = table("Tables", "table", *numbers[:2], "from", "to", *numbers[2:], numeric=numbers)
    for one in found:
        span = [f"{end:%Y-%m-%d %H:%M}" if end else "–" for end in (one.first, one.last)]
        size = f"{one.size_bytes / MEGABYTE:.1f}"
        shown.add_row(one.name, f"{one.version}", f"{one.observations:,}", *span, f"{one.pinned}", size)
    answer_many("tables", found, shown, as_json=as_json)


def compact(
    name: Annotated[str, typer.Argument(help="A table, as `penstock data tables` shows it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Put a table's small files together and remove what nothing needs; published versions stay as they are."""
    from rich.text import Text

    from penstock.app.session import Session
    from penstock.app.tables import compact_table

    done = compact_table(Session.open(), name)
    told = (
        f"{done.name}: {done.files_before} files became {done.files_after}; {done.removed_files} that nothing needs "
        f"were removed ({done.removed_bytes / MEGABYTE:.1f} MB)."
    )
    answer(done, Text(told), as_json=as_json)
