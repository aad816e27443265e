"""``penstock new``: a folder with a system of the user's own."""

from __future__ import annotations

import importlib.util
import keyword
import re
import shutil
from importlib import resources
from pathlib import Path

from penstock.app.systems import system_names
from penstock.domain.errors import UsageError

TEMPLATE = "template"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def create_system(name: str, folder: Path) -> Path:
    """Make ``folder/name`` with a system that runs as it is: whole, or not at all.

    Raises
    ------
    UsageError
        If ``name`` cannot be the name of a system, or something of that name is there already.
    """
    _refuse_name(name)
    made = folder / name
    if made.exists():
        raise UsageError(f"{made} is there already; choose another name or folder.")
    beside = folder / f".{name}.part"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        _fill(beside, name)
        beside.rename(made)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return made


def _refuse_name(name: str) -> None:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise UsageError(
            f"{name!r} cannot name a system; use lower-case letters, digits and _, a letter first, "
            "and no word of Python's own."
        )
    if name in system_names():
        raise UsageError(f"{name!r} is the name of an installed system; choose another.")
    if importlib.util.find_spec(name) is not None:
        raise UsageError(f"{name!r} is the name of an installed Python module; choose another.")


def _fill(folder: Path, name: str) -> None:
    template = resources.files("penstock.app") / TEMPLATE
    for file in sorted(template.iterdir(), key=lambda item: item.name):
        if file.is_file():
            text = file.read_text(encoding="utf-8").replace("SYSTEM_NAME", name)
            (folder / file.name.removesuffix(".in")).write_text(text, encoding="utf-8")
