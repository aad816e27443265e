"""``penstock doctor``."""

from __future__ import annotations

import typer

from penstock.cli.answers import AsJson, answer_many
from penstock.cli.groups import single


def build() -> typer.Typer:
    """Return the command."""
    app = single()
    app.command(epilog="Example: penstock doctor")(doctor)
    return app


def doctor(*, as_json: AsJson = False) -> None:
    """Look whether Penstock can work here: interpreter, libraries, workspace, catalogue, artifacts, disk."""
    from penstock.app.doctor import diagnose
    from penstock.cli.summary import table
    from penstock.domain.errors import ExitCode

    findings = diagnose()
    shown = table("Findings", "subject", "verdict", "detail")
    for finding in findings:
        shown.add_row(finding.subject, finding.verdict, finding.detail)
    answer_many("findings", findings, shown, as_json=as_json)
    if any(finding.verdict == "broken" for finding in findings):
        raise typer.Exit(int(ExitCode.FAILED))
