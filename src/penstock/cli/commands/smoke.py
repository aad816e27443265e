"""``penstock smoke``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.cli.answers import AsJson, SystemArgument, answer
from penstock.cli.groups import single

if TYPE_CHECKING:
    from rich.text import Text

    from penstock.app.smoke import SmokeResult
    from penstock.cli.invocation import Invocation
    from penstock.cli.progress import Progress


def build() -> typer.Typer:
    """Return the command."""
    app = single()
    app.command(epilog="Example: penstock smoke denmark")(smoke)
    return app


def smoke(
    context: typer.Context,
    system: SystemArgument,
    *,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Try a system's whole pipeline on tiny data, and judge its error by a bound.

    The file smoke.yaml in the system's folder says what makes a run tiny, and the bound. The workspace of it is thrown
    away. Exit code 4 if the error is above the bound.
    """
    from penstock.cli.progress import progress
    from penstock.domain.errors import ExitCode

    invocation: Invocation = context.obj
    found = _smoked(system, invocation, progress(sys.stderr, "text", quiet=quiet))
    answer(found, _shown(found), as_json=as_json)
    if not found.passed:
        raise typer.Exit(int(ExitCode.GATE_REFUSED))


def _smoked(system: str, invocation: Invocation, shown: Progress) -> SmokeResult:
    from penstock.app.smoke import smoke

    try:
        return smoke(system, invocation.environ, listeners=[shown])
    finally:
        shown.close()


def _shown(found: SmokeResult) -> Text:
    from rich.text import Text

    from penstock.app.smoke import told

    made = ", ".join(name for name in (found.dataset, found.model) if name)
    lines = [*(f"  {text}" for text in found.overrides), f"made {made}, and threw it away", told(found)]
    return Text("\n".join(["with", *lines]))
