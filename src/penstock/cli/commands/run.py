"""``penstock run``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penstock.cli.answers import BestConfig, Jobs, Overrides, SystemArgument, say
from penstock.cli.groups import single

if TYPE_CHECKING:
    from penstock.app.run import RunOptions, RunOutcome
    from penstock.cli.invocation import Invocation
    from penstock.cli.progress import Progress

EXAMPLE = "Example: penstock run panel data=sales.csv target=units time=day series=shop horizon=28"
PLANNING = "Planning ...\r"
"""Imports take seconds on a busy machine; the first line of the tree is drawn over this word."""
REUSED = {
    "state": "reused",
    "reason": "nothing changed",
    "seconds": 0.0,
    "cpu_seconds": 0.0,
    "peak_mb": 0.0,
    "cost": None,
}
"""What every step of an unchanged run reports."""


def build() -> typer.Typer:
    """Return the command."""
    app = single()
    app.command(epilog=EXAMPLE)(run)
    return app


def run(  # noqa: PLR0913 - the options of one command
    context: typer.Context,
    system: SystemArgument,
    overrides: Overrides = None,
    *,
    config: BestConfig = None,
    space: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Search this space (YAML: parameter: {low: …, high: …}), not tune.space."
        ),
    ] = None,
    jobs: Jobs = None,
    forecast_to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the forecast there: .parquet or .csv.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    log_format: Annotated[
        Literal["text", "json"], typer.Option(help="How progress is written to stderr.")
    ] = "text",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Plan afresh even if nothing seems to have changed.")
    ] = False,
) -> None:
    """Run a system: from raw data to a registered model, a forecast and a report."""
    if not quiet and log_format == "text" and sys.stderr.isatty():
        sys.stderr.write(PLANNING)
        sys.stderr.flush()
    from penstock.app.run import RunOptions
    from penstock.cli.progress import progress

    del force  # it keeps the front door shut, in penstock.cli.main
    invocation: Invocation = context.obj
    options = RunOptions(
        system=system,
        overrides=tuple(overrides or ()),
        config=config,
        space=space,
        jobs=jobs or _default_jobs(invocation),
        forecast_to=_writable(forecast_to),
        command=invocation.arguments,
    )
    outcome = _execute(options, progress(sys.stderr, log_format, quiet=quiet))
    _answer(outcome, invocation, as_json=as_json)


def _default_jobs(invocation: Invocation) -> int:
    from penstock.app.session import default_jobs

    return default_jobs(invocation.environ)


def _writable(wanted: Path | None) -> Path | None:
    """Refuse a place for the forecast before hours of training, not after them."""
    if wanted is not None:
        from penstock.app.forecast_files import require_place

        require_place(wanted)
    return wanted


def _execute(options: RunOptions, shown: Progress) -> RunOutcome:
    from penstock.app.outcome import require_forecast
    from penstock.app.run import run
    from penstock.app.session import Session
    from penstock.app.tracking import describe, tracked

    session = Session.open()
    try:
        with tracked(session) as tracker:
            outcome = run(options, session, [shown, tracker])
            describe(tracker, outcome, session)
        require_forecast(outcome.result, options.forecast_to)
        return outcome
    finally:
        shown.close()


def _answer(outcome: RunOutcome, invocation: Invocation, *, as_json: bool) -> None:
    from penstock.cli.summary import summary_text, wants_colour

    result = outcome.result
    _keep_door(outcome, invocation)
    say(result.model_dump_json() if as_json else summary_text(result, colour=wants_colour()))


def _keep_door(outcome: RunOutcome, invocation: Invocation) -> None:
    """Let the same command be answered at once while nothing changes."""
    from penstock.cli.summary import summary_text
    from penstock.engine.frontdoor import Recorded

    result = outcome.result
    if outcome.watched is None:
        return
    reused = result.model_copy(
        update={"steps": tuple(step.model_copy(update=REUSED) for step in result.steps)}
    )
    text = f"Unchanged since run {result.run_id}: nothing to do.\n\n{summary_text(reused)}"
    standing = Recorded(run_id=result.run_id, text=text, json=reused.model_dump_json())
    invocation.door().keep(standing, outcome.watched)
