"""The entry point: the front door first, pinned surroundings second, the full command line last."""

from __future__ import annotations

import atexit
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from penstock.cli.invocation import Invocation

if TYPE_CHECKING:
    from penstock.engine.frontdoor import Recorded

EXECUTING_COMMANDS = frozenset({"run", "reproduce", "replay", "cv", "smoke", "check"})
"""Commands that run steps: these must run under the pinned surroundings."""

INTERRUPTED = 130
"""Exit code after Ctrl-C; ``domain.errors`` names it too, but is not imported yet when it may be needed."""


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    started_at = time.time()
    try:
        code = _run(started_at)
    except KeyboardInterrupt:
        code = INTERRUPTED
    _leave(_flushed(code))


def _run(started_at: float) -> int:
    invocation = _invocation(started_at)
    if invocation.command in EXECUTING_COMMANDS and not invocation.asks_for_help:
        from penstock.engine.surroundings import pin

        restart = pin(os.environ)
        invocation = _invocation(started_at)
        recorded = _standing(invocation)
        if recorded is not None:
            sys.stdout.write((recorded.json if invocation.wants_json else recorded.text) + "\n")
            return recorded.exit_code
        if restart:
            _start_again()
    from penstock.cli.commands import run_command_line

    return run_command_line(invocation)


def _invocation(started_at: float) -> Invocation:
    return Invocation(
        arguments=tuple(sys.argv[1:]),
        environ=dict(os.environ),
        folder=Path.cwd(),
        started_at=started_at,
    )


def _standing(invocation: Invocation) -> Recorded | None:
    if invocation.command != "run" or "--force" in invocation.arguments:
        return None
    return invocation.door().answer()


def _start_again() -> NoReturn:
    # The hash seed and the locale count only from the start of an interpreter. Without -P, modules in the working
    # directory would hide installed ones.
    import subprocess

    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined] # noqa: SLF001 - multiprocessing relies on it too
    command = [sys.executable, *flags, "-P", "-m", "penstock", *sys.argv[1:]]
    if os.name == "posix":
        os.execv(sys.executable, command)  # noqa: S606 - ourselves, with the same arguments
    sys.exit(subprocess.call(command))  # noqa: S603 - ourselves, with the same arguments


def _flushed(code: int) -> int:
    """Write what is still buffered; whoever read our output may have had enough of it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes once more when it ends, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _leave(code: int) -> NoReturn:
    """End the process as ``sys.exit`` does, but leave its memory to the operating system.

    Freeing it object by object takes longer than many a step once scikit-learn or pandas is loaded. Threads are
    awaited and exit functions run as always.
    """
    threading = sys.modules.get("threading")
    if threading is not None:
        threading._shutdown()  # noqa: SLF001 - what the interpreter itself calls first
    atexit._run_exitfuncs()  # noqa: SLF001 - and then
    sys.stderr.flush()
    os._exit(_flushed(code))
