"""The commands, a file for each noun or verb, and the outermost door where errors become messages."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import typer

from penstock.cli.commands.root import build
from penstock.cli.invocation import Invocation
from penstock.cli.streams import prepare_streams
from penstock.domain.errors import ExitCode, PenstockError

DEBUG_VARIABLE = "PENSTOCK_DEBUG"
COMPLETION_VARIABLE = "_PENSTOCK_COMPLETE"

WrongUse: type[Exception] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "UsageError")
"""What the parser raises. Typer brings its own copy of click, in which this class has no public name."""


def run_command_line(given: Invocation | Sequence[str]) -> int:
    """Run one command and return its exit code; errors become one clear message, not a traceback.

    ``PENSTOCK_DEBUG=1`` shows the traceback too.
    """
    invocation = given if isinstance(given, Invocation) else _invocation_now(given)
    prepare_streams()
    _add_variables_of(invocation.env_file)
    try:
        return _dispatch(invocation)
    except WrongUse as error:
        return _refuse_use(error)
    except BrokenPipeError:
        return int(ExitCode.DONE)  # the reader had enough; `main` closes the pipe
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the outermost door
        return _refuse(error)


def _invocation_now(arguments: Sequence[str]) -> Invocation:
    return Invocation(
        arguments=tuple(arguments), environ=dict(os.environ), folder=Path.cwd(), started_at=time.time()
    )


def _dispatch(invocation: Invocation) -> int:
    command = typer.main.get_command(build())
    if COMPLETION_VARIABLE in os.environ:
        command(prog_name="penstock")  # the shell asks; this ends the process
    try:
        with command.make_context("penstock", list(invocation.arguments), obj=invocation) as context:
            command.invoke(context)
    except typer.Exit as done:
        return int(done.exit_code)
    return int(ExitCode.DONE)


def _add_variables_of(file: Path) -> None:
    """Let steps see what ``.env`` holds; the real environment wins."""
    if file.is_file():
        from penstock.app.config.settings import load_settings

        try:
            os.environ.update(load_settings(os.environ, Path.cwd()).environ)
        except PenstockError:
            return  # the command that needs the settings tells what is wrong with them


def _refuse_use(error: Exception) -> int:
    context = getattr(error, "ctx", None)
    message = error.format_message()  # type: ignore[attr-defined] # every error of the parser has it
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{message}\n")
    elif context is None:
        sys.stderr.write(f"Error: {message}\n")
    else:
        sys.stderr.write(f"Error: {message}\n\n{context.get_usage()}\n")
        sys.stderr.write(f"`{context.command_path} --help` explains them.\n")
    return int(ExitCode.USAGE)


def _refuse(error: BaseException) -> int:
    if os.environ.get(DEBUG_VARIABLE, "").lower() in ("1", "true", "yes", "on"):
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    message, code = _explained(error)
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    sys.stderr.write(f"Error: {message}{notes}\n")
    return int(code)


def _explained(error: BaseException) -> tuple[str, ExitCode]:
    if isinstance(error, PenstockError):
        return str(error), error.exit_code
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        text = "Interrupted. Finished steps are kept; the same command continues."
        return text, ExitCode.INTERRUPTED
    if isinstance(error, OSError):
        return _told(error), ExitCode.FAILED
    text = f"{type(error).__name__}: {error}"
    hint = f"This is a fault of Penstock or of a plug-in; {DEBUG_VARIABLE}=1 shows where."
    return f"{text}\n{hint}", ExitCode.FAILED


def _told(error: OSError) -> str:
    """Say what the operating system refused, and where."""
    place = f": {error.filename}" if error.filename else ""
    hint = " Free some space, or set PENSTOCK_HOME to another disk." if error.errno == errno.ENOSPC else ""
    return f"{error.strerror or error}{place}.{hint}"
