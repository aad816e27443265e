"""Groups of commands that name the nearest command, and one that imports a command only when it is called."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from penstock.domain.errors import did_you_mean

if TYPE_CHECKING:
    Formatter = Any
    Context = Any
    """Typer brings its own copy of click, in which these classes have no public names."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A command as the overview shows it: where it is implemented, and what it is for."""

    module: str
    line: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """Commands that stand together in the overview."""

    title: str
    commands: dict[str, Listed]


class NamingGroup(TyperGroup):
    """A group that answers an unknown command with the nearest one."""

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command that the first word names."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            ctx.fail(f"There is no command {name!r}{did_you_mean(name, self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)


class LazyGroup(NamingGroup):
    """The root: it knows its commands by name and imports the module of one when that one is called."""

    sections: tuple[Section, ...] = ()

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - the parser's interface
        """Return the names in the order of the overview."""
        return [name for section in self.sections for name in section.commands]

    def get_command(self, ctx: Context, cmd_name: str) -> Any:  # noqa: ARG002 - the parser's interface
        """Import and build one command."""
        for section in self.sections:
            if cmd_name in section.commands:
                built = typer.main.get_command(import_module(section.commands[cmd_name].module).build())
                built.name = cmd_name
                return built
        return None

    def format_commands(self, ctx: Context, formatter: Formatter) -> None:
        """Write the overview without importing any command."""
        longest = max(map(len, self.list_commands(ctx)))
        for section in self.sections:
            with formatter.section(section.title):
                rows = [(name.ljust(longest), listed.line) for name, listed in section.commands.items()]
                formatter.write_dl(rows)


def group(help_text: str) -> typer.Typer:
    """Return an empty group in the house's look."""
    made = typer.Typer(
        cls=NamingGroup,
        help=help_text,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        context_settings=HELP_OPTIONS,
    )
    made.callback()(_nothing)  # without a callback, a group of one command would be that command
    return made


def single() -> typer.Typer:
    """Return an application for one command in the house's look."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=HELP_OPTIONS)


HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


def _nothing() -> None:
    return
