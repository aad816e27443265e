"""``penstock replay``."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penstock.cli.answers import AsJson, BestConfig, Jobs, Overrides, SystemArgument, answer
from penstock.cli.groups import single

if TYPE_CHECKING:
    from rich.console import RenderableType

    from penstock.app.replay import ReplayOptions, ReplayOutcome, ReplayResult
    from penstock.cli.invocation import Invocation
    from penstock.cli.progress import Progress

EXAMPLE = "Example: penstock replay denmark --from 2023-05-01 --to 2023-06-30 --every 1d --refit 7d --jobs 2"
CENT = 0.01
FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z"]


def build() -> typer.Typer:
    """Return the command."""
    app = single()
    app.command(epilog=EXAMPLE)(replay)
    return app


def replay(  # noqa: PLR0913 - the options of one command
    context: typer.Context,
    system: SystemArgument,
    overrides: Overrides = None,
    *,
    start: Annotated[
        datetime,
        typer.Option(
            "--from", formats=FORMATS, metavar="MOMENT", help="First cutoff; UTC where no zone is given."
        ),
    ],
    end: Annotated[
        datetime,
        typer.Option("--to", formats=FORMATS, metavar="MOMENT", help="End of the cutoffs, itself not one."),
    ],
    every: Annotated[
        str, typer.Option(metavar="SPAN", help="Distance of two cutoffs, such as 1d, 12h or 1mo.")
    ] = "1d",
    refit: Annotated[
        str, typer.Option(metavar="SPAN", help="How often the model is fitted again, in whole slots.")
    ] = "7d",
    config: BestConfig = None,
    jobs: Jobs = None,
    as_json: AsJson = False,
    log_format: Annotated[
        Literal["text", "json"], typer.Option(help="How progress is written to stderr.")
    ] = "text",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Look back: what a system would have said at every past cutoff, knowing only what was known then.

    The model is trained as configured, without a search. A later revision of a value is unseen before it was known.
    """
    from penstock.app.replay import ReplayOptions
    from penstock.app.session import default_jobs
    from penstock.cli.progress import progress

    invocation: Invocation = context.obj
    options = ReplayOptions(
        system=system,
        start=start,
        end=end,
        every=every,
        refit=refit,
        overrides=tuple(overrides or ()),
        config=config,
        jobs=jobs or default_jobs(invocation.environ),
        command=invocation.arguments,
    )
    outcome = _execute(options, progress(sys.stderr, log_format, quiet=quiet))
    answer(outcome.result, *_parts(outcome.result), as_json=as_json)


def _execute(options: ReplayOptions, shown: Progress) -> ReplayOutcome:
    from penstock.app.replay import replay
    from penstock.app.session import Session
    from penstock.app.tracking import describe, tracked

    session = Session.open()
    try:
        with tracked(session) as tracker:
            outcome = replay(options, session, [shown, tracker])
            describe(tracker, outcome.run, session)
            return outcome
    finally:
        shown.close()


def _parts(result: ReplayResult) -> list[RenderableType]:
    from rich.text import Text

    simulated = " · SIMULATED DATA" if result.simulated else ""
    title = Text(f"{result.system} · replay {result.run_id} · {result.status}{simulated}")
    return [
        title,
        Text(result.headline),
        Text(),
        *_scores(result),
        *_alarms(result),
        Text("\n".join(_lines(result)), no_wrap=True),
    ]


def _scores(result: ReplayResult) -> list[RenderableType]:
    from rich.text import Text

    from penstock.cli.summary import number, table

    if not result.metrics:
        return []
    names = list(next(iter(result.metrics.values())))
    shown = table("Scores (all slots)", "rung", *names, numeric=names)
    for rung, scores in result.metrics.items():
        shown.add_row(rung, *(number(scores.get(name)) for name in names))
    return [shown, Text()]


def _alarms(result: ReplayResult) -> list[RenderableType]:
    from rich.text import Text

    from penstock.cli.summary import number, table

    if not result.alarms:
        return []
    shown = table("Alarms it would have raised", "slot", "raised", "rolling error", "its median")
    for alarm in result.alarms:
        shown.add_row(
            f"{alarm.cutoff:%Y-%m-%d %H:%M}",
            f"{alarm.raised_at:%Y-%m-%d %H:%M}",
            number(alarm.error),
            number(alarm.median),
        )
    return [shown, Text()]


def _lines(result: ReplayResult) -> list[str]:
    shares = ", ".join(f"{how} {share:.0%}" for how, share in result.known.items())
    cost = (
        ""
        if result.cost is None
        else f", cost {result.cost:.2f}"
        if result.cost >= CENT
        else ", cost below a cent"
    )
    lines = [
        f"known     {shares}",
        f"took      {result.seconds:.1f} s, {result.cpu_seconds:.1f} CPU s{cost}, speed-up {result.speedup:.2f} ×",
        f"forecasts {result.forecasts}",
    ]
    if result.refused:
        lines.insert(1, f"refused   {result.refused} forecasts of single series; the report says why")
    if result.report:
        lines.append(f"report    {result.report}")
    return [*lines, f"rebuild   penstock reproduce {result.run_id}"]
