"""``penstock data ingest | validate``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.cli.answers import AsJson, Overrides, SystemArgument, answer

if TYPE_CHECKING:
    from rich.table import Table

    from penstock.app.ingest import IngestOptions, IngestResult
    from penstock.app.validate import Validation
    from penstock.cli.invocation import Invocation
    from penstock.cli.progress import Progress

MOMENT = "2023-05-01, or 2023-05-01T06:00Z; without a zone it is UTC."


def ingest(  # noqa: PLR0913 - the options of one command
    context: typer.Context,
    system: SystemArgument,
    overrides: Overrides = None,
    *,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help=f"Begin of the window: {MOMENT} Default: all that a file or simulator shows, what is new of a service.",
        ),
    ] = None,
    end: Annotated[
        str | None, typer.Option(metavar="TIME", help="End of the window, not itself in it. Default: now.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="Publish what was known then. Default: now.")
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch/--no-fetch", help="Ask the source, or only publish what the table knows.")
    ] = True,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Fetch rows from a system's source into its table, and publish what is known as a dataset version.

    The same window may be fetched any number of times, by any number of processes: only what is new is kept.
    """
    from rich.text import Text

    from penstock.app.ingest import IngestOptions, moment

    invocation: Invocation = context.obj
    options = IngestOptions(
        system=system,
        overrides=tuple(overrides or ()),
        start=moment(start, "--start") if start else None,
        end=moment(end, "--end") if end else None,
        as_of=moment(as_of, "--as-of") if as_of else None,
        fetch=fetch,
        command=invocation.arguments,
    )
    found = _ingested(options, _shown(quiet=quiet))
    notes = (f"Noted: {note}" for note in found.noted)
    lines = [*(one.told for one in found.landed), *notes, f"Published {found.dataset}."]
    answer(found, Text("\n".join(lines)), as_json=as_json)


def validate(
    system: SystemArgument,
    overrides: Overrides = None,
    *,
    table: Annotated[
        bool, typer.Option("--table", help="Judge what the table knows now, not what the source shows.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask every rule about a system's data; raise a banner for each broken one, and clear those that hold again.

    With dataset=NAME@vN that version is judged. Exit code 3 if a rule is broken.
    """
    from rich.text import Text

    from penstock.app.session import Session
    from penstock.app.validate import validate
    from penstock.domain.errors import ExitCode

    found = validate(system, tuple(overrides or ()), Session.open(), table=table)
    standing = [f"! {banner}" for banner in found.banners]
    answer(found, _rules(found), Text("\n".join(standing or ["No banner stands."])), as_json=as_json)
    if found.report.broken:
        raise typer.Exit(int(ExitCode.BAD_DATA))


def _shown(*, quiet: bool) -> Progress:
    from penstock.cli.progress import progress

    return progress(sys.stderr, "text", quiet=quiet)


def _ingested(options: IngestOptions, shown: Progress) -> IngestResult:
    from penstock.app.ingest import ingest
    from penstock.app.session import Session
    from penstock.app.tracking import tracked

    session = Session.open()
    try:
        with tracked(session) as tracker:
            return ingest(options, session, [shown, tracker])
    finally:
        shown.close()


def _rules(found: Validation) -> Table:
    from penstock.cli.summary import table

    report = found.report
    title = f"{found.system}: {report.rows:,} rows, {report.series:,} series"
    shown = table(title, "rule", "verdict", "found", numeric=())
    for rule in report.rules:
        shown.add_row(rule.rule, rule.verdict, "" if rule.verdict == "passed" else str(rule))
    return shown
