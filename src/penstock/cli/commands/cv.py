"""``penstock cv plan | show``."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from penstock.cli.answers import AsJson, Overrides, RunArgument, SystemArgument, answer
from penstock.cli.groups import group

if TYPE_CHECKING:
    from rich.table import Table

    from penstock.app.cv import FoldPlanResult, FoldTable
    from penstock.cli.progress import Progress


def build() -> typer.Typer:
    """Return the group of commands."""
    app = group("Look at the folds that a search is judged by.")
    app.command("plan", epilog="Example: penstock cv plan denmark split.folds=5")(plan_folds)
    app.command(epilog="Example: penstock cv show 20261121-063012-denmark-1f3a")(show)
    return app


def plan_folds(
    system: SystemArgument,
    overrides: Overrides = None,
    *,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Show where folds and final window begin and end, and their sizes.

    The data are read and prepared as for a run; nothing is trained, tried or published.
    """
    from penstock.cli.progress import progress

    found = _planned(system, tuple(overrides or ()), progress(sys.stderr, "text", quiet=quiet))
    answer(found, _windows(found), as_json=as_json)


def show(run: RunArgument, *, as_json: AsJson = False) -> None:
    """Show what the best trial of a run did on every fold: fit time, predict time, metrics."""
    from rich.text import Text

    from penstock.app.cv import fold_table
    from penstock.app.session import Session
    from penstock.cli.summary import number

    found = fold_table(Session.open(), run)
    score = f"Over all folds, weighted: {found.metric} {number(found.score)}."
    answer(found, _folds(found), Text(score), as_json=as_json)


def _planned(system: str, overrides: tuple[str, ...], shown: Progress) -> FoldPlanResult:
    from penstock.app.cv import plan_folds
    from penstock.app.session import Session

    try:
        return plan_folds(system, overrides, Session.open(), [shown])
    finally:
        shown.close()


def _windows(found: FoldPlanResult) -> Table:
    from penstock.cli.summary import table

    sizes = ("steps", "rows", "cutoffs", "forecasts")
    shown = table(
        f"Folds of {found.system}: {found.horizon} steps of {found.frequency} after every cutoff (UTC)",
        *("fold", "trains from", "to", "steps", "rows", "forecasts from", "to", "cutoffs", "forecasts"),
        numeric=sizes,
    )
    for window in found.windows:
        shown.add_row(
            window.name,
            *(_stamp(window.train_start), _stamp(window.train_end)),
            *(f"{window.train_steps:,}", f"{window.train_rows:,}"),
            *(_stamp(window.first), _stamp(window.last)),
            *(f"{len(window.cutoffs):,}", f"{window.forecasts:,}"),
        )
    return shown


def _folds(found: FoldTable) -> Table:
    from penstock.cli.summary import number, table

    metrics = list(found.folds[0].metrics)
    numeric = ("rows", "weight", "fit s", "predict s", *metrics)
    shown = table(
        f"Folds of trial {found.trial}, the best (UTC)",
        *("fold", "trained up to", "forecast up to", *numeric),
        numeric=numeric,
    )
    for row in found.folds:
        shown.add_row(
            str(row.fold),
            *(_stamp(row.train_end), _stamp(row.last)),
            *(f"{row.rows:,}", f"{row.weight:.0%}"),
            *(number(row.fit_seconds, 3), number(row.predict_seconds, 3)),
            *(number(row.metrics[name]) for name in metrics),
        )
    return shown


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
