"""How commands answer: one JSON value for machines, or a table for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import RenderableType

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
RunArgument: TypeAlias = Annotated[str, typer.Argument(help="Run id, as `penstock runs list` shows it.")]
SystemArgument: TypeAlias = Annotated[
    str, typer.Argument(help="A system's name, or a folder that holds a system.py.")
]
Overrides: TypeAlias = Annotated[list[str] | None, typer.Argument(help="Configuration: key=value …")]
BestConfig: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="NAME@vN",
        help="Train a configuration that won an earlier search, such as denmark/best_config@v2, without searching.",
    ),
]


Jobs: TypeAlias = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Steps to run at once, in worker processes; without it one, or as PENSTOCK_EXECUTOR says.",
    ),
]


def say(text: str) -> None:
    """Write a result; typer's own ``echo`` would force UTF-8 upon a terminal that asked for something else."""
    sys.stdout.write(f"{text}\n")


def answer(value: BaseModel, *shown: RenderableType, as_json: bool) -> None:
    """Print one value."""
    say(value.model_dump_json() if as_json else _text(shown))


def answer_many(plural: str, values: Sequence[BaseModel], *shown: RenderableType, as_json: bool) -> None:
    """Print a list of values; as JSON it stands under its plural noun."""
    if as_json:
        say(json.dumps({plural: [value.model_dump(mode="json") for value in values]}))
    elif not values and _is_table(shown[0]):
        say(f"There are no {plural} to show.")
    else:
        say(_text(shown))


def _is_table(shown: RenderableType) -> bool:
    from rich.table import Table

    return isinstance(shown, Table)


def _text(shown: Sequence[RenderableType]) -> str:
    from penstock.cli.summary import as_text

    return as_text(*shown)
