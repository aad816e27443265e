"""The tutorial runs: files are written, commands executed, and what they are said to print is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

PAGE = Path(__file__).parents[2] / "docs/tutorial.md"
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.+?)(?:\s+# exit (\d))?$")


ANSWERED_HERE = re.compile(r"penstock (run panel|config show|models|runs) ")
"""What needs no process of its own, because it imports no code of the reader's."""


@dataclass(frozen=True)
class Command:
    """One line after ``$``, the exit code it must have, and the lines it must print (``…`` is anything)."""

    line: str
    code: int
    printed: tuple[str, ...]


RunHere: TypeAlias = Callable[[Command, Path], None]


def commands(block: str) -> list[Command]:
    found: list[Command] = []
    for line in block.splitlines():
        match = COMMAND.match(line)
        if match is not None:
            found.append(Command(match[1], int(match[2] or 0), ()))
        else:
            last = found.pop()
            found.append(Command(last.line, last.code, (*last.printed, line)))
    return found


def run(command: Command, folder: Path) -> None:
    """Run a command in a shell, as a reader does; nothing is tracked."""
    bin_folder = str(Path(sys.executable).parent)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")}
    environ["PATH"] = os.pathsep.join([bin_folder, environ.get("PATH", os.defpath)])
    environ |= {"COLUMNS": "160", "PENSTOCK_TRACKING_URI": "off"}
    done = subprocess.run(
        ["bash", "-c", command.line],
        check=False,
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=240,
    )
    judge(command, done.returncode, f"{done.stdout}\n{done.stderr}")


def judge(command: Command, code: int, printed: str) -> None:
    assert code == command.code, f"$ {command.line}\n{printed}"
    for line in command.printed:
        pattern = ".*".join(r"\s+".join(map(re.escape, part.split())) for part in line.split("…"))
        assert re.search(pattern, printed), f"$ {command.line}\nnot printed: {line}\n{printed}"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_tutorial_runs(tmp_path: Path, run_here: RunHere) -> None:
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert {language for language, _, _ in blocks} == {"python", "yaml", "console"}
    for language, title, text in blocks:
        if language == "console":
            for command in commands(text):
                (run_here if ANSWERED_HERE.match(command.line) else run)(command, tmp_path)
        else:
            assert title, "a block that is not run needs a file name"
            (tmp_path / title).parent.mkdir(exist_ok=True)
            (tmp_path / title).write_text(text, encoding="utf-8")


def test_the_system_of_the_tutorial_keeps_the_rules_of_the_house() -> None:
    blocks = {title: text for _, title, text in BLOCK.findall(PAGE.read_text(encoding="utf-8"))}
    assert len(blocks["bakery/system.py"].splitlines()) < 150
    compile(blocks["bakery/system.py"], "bakery/system.py", "exec")
