from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import typer

from penstock.cli.commands.root import SECTIONS

if TYPE_CHECKING:
    from tests.cli.samples import Command
else:
    from cli.samples import Command

COMMANDS = {name: listed for section in SECTIONS for name, listed in section.commands.items()}


def built(name: str) -> Any:
    return typer.main.get_command(importlib.import_module(COMMANDS[name].module).build())


def paths() -> Iterator[tuple[str, ...]]:
    """Yield every command, those inside groups by both words."""
    for name in COMMANDS:
        inside = getattr(built(name), "commands", None)
        if inside is None:
            yield (name,)
        else:
            yield from ((name, inner) for inner in inside)


def test_the_overview_lists_every_command_of_the_house() -> None:
    assert set(COMMANDS) == {
        *("systems", "run", "replay", "dag", "runs", "why", "reproduce", "config", "data", "models", "cache"),
        *("doctor", "new", "tape", "replay", "lineage", "cv", "smoke", "check", "review"),
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_the_overview_says_what_the_command_says_itself(name: str) -> None:
    command = built(name)
    told = COMMANDS[name].line
    inside = getattr(command, "commands", None)
    if inside is None:
        first = command.help.split("\n\n")[0].replace("\n", " ")
        assert first.startswith(told.rstrip(".").split(":")[0].split(" and compare")[0])
    else:
        assert told == f"{command.help.rstrip('.')}: {', '.join(inside)}."


@pytest.mark.parametrize("words", list(paths()), ids=" ".join)
def test_every_command_shows_an_example_that_parses(penstock: Command, words: tuple[str, ...]) -> None:
    said = penstock(*words, "--help")
    assert (said.code, said.err) == (0, "")
    assert f"Example: penstock {' '.join(words)}" in said.out
    command = built(words[0])
    for inner in words[1:]:
        command = command.commands[inner]
    example = command.epilog.removeprefix("Example: penstock ").split(" && ")[0].split()
    command.make_context(words[-1], example[len(words) :])


@pytest.mark.parametrize("words", [("-h",), ("run", "-h"), ("runs", "list", "-h")])
def test_the_short_option_shows_help_too(penstock: Command, words: tuple[str, ...]) -> None:
    said = penstock(*words)
    assert said.code == 0
    assert said.out.startswith("Usage: penstock")


def test_the_version_is_told(penstock: Command) -> None:
    said = penstock("--version")
    assert said.code == 0
    assert said.out.startswith("penstock 0.")
