"""The command ``penstock`` itself: its options, and the list of its commands."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.cli.groups import HELP_OPTIONS, LazyGroup, Listed, Section

HELP = "Carries raw data to a tested, packaged, registered model, and its forecasts to a file."
EXAMPLE = "Example: penstock run denmark"


def _listed(module: str, line: str) -> Listed:
    return Listed(module=f"penstock.cli.commands.{module}", line=line)


SECTIONS = (
    Section(
        title="Work",
        commands={
            "systems": _listed("systems", "List the systems that can be run."),
            "new": _listed("new", "Make a folder with a system of your own that runs as it is."),
            "run": _listed(
                "run", "Run a system: from raw data to a registered model, a forecast and a report."
            ),
            "smoke": _listed(
                "smoke", "Try a system's whole pipeline on tiny data, and judge its error by a bound."
            ),
            "check": _listed(
                "check",
                "Ask a registered model for the declared properties again, on the data of now; nothing is trained.",
            ),
            "replay": _listed("replay", "Look back: what a system would have said at every past cutoff."),
            "reproduce": _listed("reproduce", "Execute a run again and compare every digest."),
        },
    ),
    Section(
        title="Look",
        commands={
            "runs": _listed("runs", "Look at runs: list, show, tree, compare."),
            "cv": _listed("cv", "Look at the folds that a search is judged by: plan, show."),
            "why": _listed("why", "Say why a step ran, or why its earlier result was reused."),
            "models": _listed(
                "models",
                "Look at registered models, and let them serve: list, show, promote, rollback, history, diff.",
            ),
            "review": _listed("review", "List only the models that are unlike their peers, and why."),
            "data": _listed(
                "data",
                "Take data in, look at its versions, judge them: list, show, diff, ingest, validate, tables, compact.",
            ),
            "lineage": _listed(
                "lineage",
                "Follow a forecast, model, run or dataset version back to the source, and forward again.",
            ),
            "config": _listed("config", "Look at configuration: show."),
            "dag": _listed("dag", "Look at pipelines without running them: show."),
        },
    ),
    Section(
        title="Care",
        commands={
            "cache": _listed("cache", "See what the workspace holds, and make room: ls, gc."),
            "tape": _listed(
                "tape", "Stand in for a service on this machine, and record one: serve, record, faults."
            ),
            "doctor": _listed("doctor", "Look whether Penstock can work here."),
        },
    ),
)


class Root(LazyGroup):
    """All commands of Penstock."""

    sections = SECTIONS


def _show_version(wanted: bool) -> None:
    if wanted:
        import penstock
        from penstock.cli.answers import say

        say(f"penstock {penstock.__version__}")
        raise typer.Exit


def build() -> typer.Typer:
    """Return the command line application."""
    app = typer.Typer(
        cls=Root,
        help=HELP,
        epilog=EXAMPLE,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings=HELP_OPTIONS,
    )
    app.callback()(_penstock)
    return app


def _penstock(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show log messages.")] = False,
) -> None:
    del version  # its callback has answered already
    import logging
    import sys

    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    if not verbose:
        # sources tell of retries themselves, in words
        logging.getLogger("stamina").setLevel(logging.ERROR)
