"""``penstock check``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.cli.answers import AsJson, Jobs, Overrides, answer
from penstock.cli.groups import single

if TYPE_CHECKING:
    from penstock.app.check import CheckOptions
    from penstock.app.run import RunOutcome
    from penstock.cli.invocation import Invocation
    from penstock.cli.progress import Progress


def build() -> typer.Typer:
    """Return the command."""
    app = single()
    app.command(epilog="Example: penstock check denmark@champion checks.examples=50")(check)
    return app


def check(  # noqa: PLR0913 - the options of one command
    context: typer.Context,
    reference: Annotated[str, typer.Argument(help="A version or alias: denmark@v3, denmark@champion.")],
    overrides: Overrides = None,
    *,
    system: Annotated[
        str, typer.Option(metavar="SYSTEM", help="A system or its folder, if not that of the model's run.")
    ] = "",
    jobs: Jobs = None,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Ask a registered model for the declared properties again, on the data of now; nothing is trained.

    Configuration is that of the run that trained it, but for what is given here. Exit code 4 if an asserted check fails.
    """
    from penstock.app.check import CheckOptions, verdict_of
    from penstock.app.session import default_jobs
    from penstock.cli.progress import progress
    from penstock.cli.summary import summary_parts
    from penstock.domain.errors import ExitCode

    invocation: Invocation = context.obj
    options = CheckOptions(
        reference=reference,
        overrides=tuple(overrides or ()),
        system=system,
        jobs=jobs or default_jobs(invocation.environ),
        command=invocation.arguments,
    )
    outcome = _execute(options, progress(sys.stderr, "text", quiet=quiet))
    answer(outcome.result, *summary_parts(outcome.result), as_json=as_json)
    if not verdict_of(outcome).passed:
        raise typer.Exit(int(ExitCode.GATE_REFUSED))


def _execute(options: CheckOptions, shown: Progress) -> RunOutcome:
    from penstock.app.check import check
    from penstock.app.session import Session

    try:
        return check(options, Session.open(), [shown])
    finally:
        shown.close()
