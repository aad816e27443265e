"""Commands of the pages, run in this process: a process of their own costs seconds each."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.cli.commands import run_command_line

if TYPE_CHECKING:
    from tests.docs.test_tutorial import Command, RunHere, judge
else:
    from docs.test_tutorial import judge


@pytest.fixture
def run_here(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> RunHere:
    """Return a function that runs a command line of Penstock in a folder; nothing is tracked."""

    def call(command: Command, folder: Path) -> None:
        with monkeypatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("PENSTOCK_")]:
                patch.delenv(name)
            patch.setenv("COLUMNS", "160")
            patch.setenv("PENSTOCK_TRACKING_URI", "off")
            patch.chdir(folder)
            program, *words = shlex.split(command.line)
            assert program == "penstock"
            capfd.readouterr()
            code = run_command_line(words)
        said = capfd.readouterr()
        judge(command, code, f"{said.out}\n{said.err}")

    return call
