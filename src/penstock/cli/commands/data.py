"""``penstock data list | show | diff | ingest | validate``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from penstock.cli.answers import AsJson, answer, answer_many
from penstock.cli.groups import group

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from penstock.app.datasets import DatasetPage

INGEST_EXAMPLE = "Example: penstock data ingest denmark --start 2023-01-01 --end 2023-07-01"
SHOWN_PERCENTS = (5, 50, 95)
SHOWN_SERIES = 5
DRIFT_NUMBERS = ("stability index", "shift of mean", "missing")


def build() -> typer.Typer:
    """Return the group of commands."""
    from penstock.cli.commands.data_intake import ingest, validate
    from penstock.cli.commands.data_tables import compact, list_tables

    app = group("Take data in, look at its versions, judge them.")
    app.command("list", epilog="Example: penstock data list denmark")(list_data)
    app.command(epilog="Example: penstock data show denmark@v1 --schema")(show)
    app.command(epilog="Example: penstock data diff denmark@v3 denmark@v4")(diff)
    app.command(epilog=INGEST_EXAMPLE)(ingest)
    app.command(epilog="Example: penstock data validate denmark --table")(validate)
    app.command("tables", epilog="Example: penstock data tables")(list_tables)
    app.command(epilog="Example: penstock data compact denmark")(compact)
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
            facts.source + (" (SIMULATED)" if facts.simulated else ""),
        )
    answer_many("datasets", versions, shown, as_json=as_json)


def show(
    reference: Annotated[str, typer.Argument(help="A version, such as denmark@v1.")],
    *,
    schema: Annotated[bool, typer.Option("--schema", help="Show the columns and their types.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one version.

    Its window, content digest and cleaning, the models trained on it, and a profile of its columns and series.
    """
    from rich.text import Text

    from penstock.app.datasets import show_dataset
    from penstock.app.session import Session

    found = show_dataset(Session.open(), reference)
    parts = (
        [_columns(found)]
        if schema
        else [Text("\n".join(_lines(found))), Text(), _columns(found), _series(found)]
    )
    answer(found, *parts, as_json=as_json)


def diff(
    before: Annotated[str, typer.Argument(help="A version, such as denmark@v3.")],
    after: Annotated[str, typer.Argument(help="Another version, such as denmark@v4.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Say which rows were added, revised and removed between two versions, and how far each column drifted."""
    from rich.text import Text

    from penstock.app.datasets import compare_datasets
    from penstock.app.session import Session
    from penstock.cli.summary import table

    found = compare_datasets(Session.open(), before, after)
    rows = found.changes
    shown = table(
        "Drift", "column", "stability index", "shift of mean", "missing", "note", numeric=DRIFT_NUMBERS
    )
    for column in found.drift.columns:
        numbers = (column.stability, column.shift, column.missing)
        shown.add_row(column.name, *("–" if one is None else f"{one:.4g}" for one in numbers), column.note)
    told = (
        f"{before} → {after}: {rows.added:,} rows added, {rows.revised:,} revised, {rows.removed:,} removed, "
        f"{rows.unchanged:,} unchanged"
    )
    examples = [
        f"{what}: {example}"
        for what, each in (
            ("added", rows.added_examples),
            ("revised", rows.revised_examples),
            ("removed", rows.removed_examples),
        )
        for example in each
    ]
    answer(found, Text("\n".join([told, *examples])), Text(), shown, as_json=as_json)


def _columns(found: DatasetPage) -> Table:
    from penstock.cli.summary import table

    heads = ("column", "type", "missing", "distinct", "least", *(f"{p} %" for p in SHOWN_PERCENTS), "most")
    shown = table(f"Columns of {found.version}", *heads, numeric=heads[2:4])
    for column in found.profile.columns:
        middle = [f"{column.percentiles[p]:.5g}" if column.percentiles else "–" for p in SHOWN_PERCENTS]
        ends = (_end(column.minimum), _end(column.maximum))
        shown.add_row(
            column.name,
            _kind(column.type),
            f"{column.missing:,}",
            f"{column.distinct:,}",
            ends[0],
            *middle,
            ends[1],
        )
    return shown


def _kind(name: str) -> str:
    """Return a type without what is the same in every panel."""
    return "Datetime UTC" if "UTC" in name else name.partition("(")[0]


def _end(value: float | str | None) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else f"{value:.5g}"


def _series(found: DatasetPage) -> RenderableType:
    from rich.text import Text

    from penstock.cli.summary import table

    lacking = [one for one in found.profile.worst if one.missing]
    if not lacking:
        return Text("\nNo series misses a step.")
    shown = table(
        "Series that miss most", "series", "rows", "missing", "from", "to", numeric=("rows", "missing")
    )
    for one in lacking[:SHOWN_SERIES]:
        span = [f"{end:%Y-%m-%d %H:%M}" if end else "–" for end in (one.first, one.last)]
        shown.add_row(one.series, f"{one.rows:,}", f"{one.missing:,}", *span)
    return shown


def _lines(found: DatasetPage) -> list[str]:
    version, facts = found.version, found.version.facts
    parent = f"{version.name}@v{version.parent}" if version.parent else "none"
    cleaned = ", ".join(f"{name} {count}" for name, count in facts.cleaning.items() if count)
    return [
        f"{version} · {facts.rows:,} rows · {facts.series:,} series · every {facts.frequency}",
        f"window    {facts.first:%Y-%m-%d %H:%M} … {facts.last:%Y-%m-%d %H:%M} UTC (both included)",
        f"source    {facts.source}{' (SIMULATED)' if facts.simulated else ''}",
        f"digest    {facts.digest}",
        *([f"cut       {facts.cut}"] if facts.cut else []),
        f"made by   {version.run_id}; parent {parent}",
        f"cleaning  {cleaned or 'nothing to clean'}",
        f"models    {', '.join(found.models) or 'none yet'}",
    ]
