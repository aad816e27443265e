"""``penstock models promote | rollback | history | diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from penstock.cli.answers import AsJson, answer, answer_many

if TYPE_CHECKING:
    from rich.table import Table

    from penstock.app.promote import Moved
    from penstock.release.gates import Finding

PROMOTE_EXAMPLE = "Example: penstock models promote denmark@v3 --acknowledge --why holidays"
ROLLBACK_EXAMPLE = "Example: penstock models rollback denmark --at 2026-11-20"
HISTORY_EXAMPLE = "Example: penstock models history denmark --alias champion"
DIFF_EXAMPLE = "Example: penstock models diff denmark@champion denmark@candidate"
CELL = 40

Why = Annotated[str, typer.Option(help="The reason, for the history.")]
Reference = Annotated[str, typer.Argument(help="A version or alias: denmark@v3, denmark@candidate.")]


def promote(
    reference: Reference,
    *,
    to: Annotated[
        str, typer.Option(help="The alias that shall stand for it; any but candidate.")
    ] = "champion",
    why: Why = "",
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="Say that the report of its run was read.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let an alias that serves stand for a release, if its evidence passes every gate.

    Asserted checks passed, better than every rung of the ladder, probably better than the champion on the same
    windows, no slice harmed, the report read. A refusal names gate, number and threshold, and ends with code 4.
    """
    from penstock.app.promote import PromoteOptions, promote
    from penstock.app.session import Session

    options = PromoteOptions(reference=reference, alias=to, why=why, acknowledged=acknowledge)
    _answer(promote(options, Session.open()), as_json=as_json)


def rollback(  # noqa: PLR0913 - the options of one command
    name: Annotated[str, typer.Argument(help="A model, such as denmark.")],
    *,
    to: Annotated[str, typer.Option(help="The version; without it the one that served before.")] = "",
    at: Annotated[
        str, typer.Option(help="The version that served then: a time, or a date for its end; UTC.")
    ] = "",
    alias: Annotated[str, typer.Option(help="The alias that shall go back.")] = "champion",
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Let an alias stand again for a release that it stood for before."""
    from penstock.app.ingest import moment
    from penstock.app.promote import RollbackOptions, moment_of, rollback
    from penstock.app.session import Session

    options = RollbackOptions(
        model=name,
        alias=alias,
        version=to,
        at=moment_of(at, moment(at, "--at")) if at else None,
        why=why,
    )
    _answer(rollback(options, Session.open()), as_json=as_json)


def history(
    name: Annotated[str, typer.Argument(help="A model, such as denmark.")],
    *,
    alias: Annotated[str | None, typer.Option(help="Only moves of this alias.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show every move of the aliases of a model: who, when, why, and what it had to pass."""
    from penstock.app.promote import move_history
    from penstock.app.session import Session
    from penstock.cli.summary import table

    moves = move_history(Session.open(), name, alias)
    shown = table("Moves", "when (UTC)", "alias", "from", "to", "who", "gate", "why")
    for move in moves:
        passed = f"{move.gate}: {len(move.findings)} passed" if move.gate else "none"
        shown.add_row(
            f"{move.moved_at:%Y-%m-%d %H:%M}",
            move.alias,
            move.before,
            f"v{move.version}",
            move.who,
            passed,
            move.why,
        )
    answer_many("moves", moves, shown, as_json=as_json)


def diff(before: Reference, after: Reference, *, as_json: AsJson = False) -> None:
    """Show everything in which two releases differ.

    Their bundles, data and metrics, and the code, configuration, environment and libraries of the runs behind them.
    """
    from rich.text import Text

    from penstock.app.compare_models import compare_models
    from penstock.app.session import Session
    from penstock.cli.summary import table

    found = compare_models(Session.open(), before, after)
    shown = table("Differences", "kind", "name", before, after)
    for difference in found:
        shown.add_row(difference.kind, difference.name, *(_short(value) for value in difference.values))
    answer_many(
        "differences", found, shown if found else Text("The releases do not differ."), as_json=as_json
    )


def _answer(moved: Moved, *, as_json: bool) -> None:
    from rich.text import Text

    name = f"{moved.model}@v{moved.version}"
    if moved.changed:
        told = (
            f"{moved.alias} of {moved.model}: {moved.before} → v{moved.version}, by {moved.who} ({moved.why})"
        )
    else:
        told = f"{name} is {moved.alias} already, since {moved.moved_at:%Y-%m-%d %H:%M} UTC: nothing to do."
    answer(moved, Text(told), Text(), _findings(moved.findings), as_json=as_json)


def _findings(findings: tuple[Finding, ...]) -> Table:
    from penstock.cli.summary import number, table

    shown = table("Gates passed", "gate", "number", "threshold", "detail", numeric=("number", "threshold"))
    for finding in findings:
        shown.add_row(finding.name, number(finding.value), number(finding.threshold), finding.detail)
    return shown


def _short(value: object) -> str:
    from penstock.cli.summary import number

    if value is None:
        return "–"
    text = number(value) if isinstance(value, float) else str(value)
    return text if len(text) <= CELL else f"{text[: CELL - 1]}…"
