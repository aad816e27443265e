"""``penstock models list | show | promote | rollback | history | diff``."""

from __future__ import annotations

from typing import Annotated

import typer

from penstock.cli.answers import AsJson, answer, answer_many
from penstock.cli.groups import group

SHOWN_METRICS = 3


def build() -> typer.Typer:
    """Return the group of commands."""
    from penstock.cli.commands import models_moves as moves

    app = group("Look at registered models, and let them serve.")
    app.command("list", epilog="Example: penstock models list denmark")(list_models)
    app.command(epilog="Example: penstock models show denmark@candidate")(show)
    app.command(epilog=moves.PROMOTE_EXAMPLE)(moves.promote)
    app.command(epilog=moves.ROLLBACK_EXAMPLE)(moves.rollback)
    app.command(epilog=moves.HISTORY_EXAMPLE)(moves.history)
    app.command(epilog=moves.DIFF_EXAMPLE)(moves.diff)
    return app


def list_models(
    name: Annotated[str | None, typer.Argument(help="Only versions of this model.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List models and aliases, newest first."""
    from penstock.app.models import list_models
    from penstock.app.session import Session
    from penstock.cli.summary import metrics_line, table

    models = list_models(Session.open(), name)
    shown = table("Models", "model", "aliases", "dataset", "run", "metrics")
    for model in models:
        shown.add_row(
            f"{model.name}@v{model.version}",
            ", ".join(model.aliases),
            model.dataset or "–",
            model.run_id,
            metrics_line(model.metrics, SHOWN_METRICS),
        )
    answer_many("models", models, shown, as_json=as_json)


def show(
    reference: Annotated[str, typer.Argument(help="A version or alias: denmark@v1, denmark@candidate.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one model.

    Its origin, its metrics, and the history of its aliases.
    """
    from rich.text import Text

    from penstock.app.models import show_model
    from penstock.app.session import Session
    from penstock.cli.summary import metrics_line

    found = show_model(Session.open(), reference)
    lines = [
        f"{found.name}@v{found.version} · aliases: {', '.join(found.aliases) or 'none'}",
        f"run       {found.run_id}",
        f"dataset   {found.dataset or '–'}",
        f"bundle    {found.bundle}",
        f"digest    {found.digest}",
        f"metrics   {metrics_line(found.metrics)}",
        *(f"evidence  {name}: {value}" for name, value in found.evidence.items()),
        *(f"history   {line}" for line in found.history),
    ]
    answer(found, Text("\n".join(lines)), as_json=as_json)
