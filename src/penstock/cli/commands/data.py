"""``penstock data list | show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from penstock.cli.answers import AsJson, answer, answer_many
from penstock.cli.groups import group

if TYPE_CHECKING:
    from penstock.app.datasets import DatasetPage


def build() -> typer.Typer:
    """Return the group of commands."""
    app = group("Look at dataset versions.")
    app.command("list", epilog="Example: penstock data list denmark")(list_data)
    app.command(epilog="Example: penstock data show denmark@v1 --schema")(show)
    return app


def list_data(
    name: Annotated[str | None, typer.Argument(help="Only versions of this dataset.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List dataset versions, newest first."""
    from penstock.app.datasets import list_datasets
    from penstock.app.session import Session
    from penstock.cli.summary import table

    versions = list_datasets(Session.open(), name)
    shown = table(
        "Datasets", "dataset", "rows", "series", "from", "to", "digest", "source", numeric=("rows", "series")
    )
    for version in versions:
        facts = version.facts
        shown.add_row(
            str(version),
            f"{facts.rows:,}",
            f"{facts.series:,}",
            f"{facts.first:%Y-%m-%d %H:%M}",
            f"{facts.last:%Y-%m-%d %H:%M}",
            facts.digest[:12],
            facts.source,
        )
    answer_many("datasets", versions, shown, as_json=as_json)


def show(
    reference: Annotated[str, typer.Argument(help="A version, such as denmark@v1.")],
    *,
    schema: Annotated[bool, typer.Option("--schema", help="Show the columns and their types.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one version.

    Its window, content digest and cleaning, and the models trained on it.
    """
    from rich.text import Text

    from penstock.app.datasets import show_dataset
    from penstock.app.session import Session
    from penstock.cli.summary import table

    found = show_dataset(Session.open(), reference)
    columns = table(f"Columns of {found.version}", "column", "type")
    for name, kind in found.version.facts.columns.items():
        columns.add_row(name, kind)
    answer(found, columns if schema else Text("\n".join(_lines(found))), as_json=as_json)


def _lines(found: DatasetPage) -> list[str]:
    version, facts = found.version, found.version.facts
    parent = f"{version.name}@v{version.parent}" if version.parent else "none"
    cleaned = ", ".join(f"{name} {count}" for name, count in facts.cleaning.items() if count)
    return [
        f"{version} · {facts.rows:,} rows · {facts.series:,} series · every {facts.frequency}",
        f"window    {facts.first:%Y-%m-%d %H:%M} … {facts.last:%Y-%m-%d %H:%M} UTC (both included)",
        f"source    {facts.source}{' (SIMULATED)' if facts.simulated else ''}",
        f"digest    {facts.digest}",
        f"made by   {version.run_id}; parent {parent}",
        f"cleaning  {cleaned or 'nothing to clean'}",
        f"models    {', '.join(found.models) or 'none yet'}",
    ]
