"""The repository as its own subject: its files, its tests by id, its settings."""

from __future__ import annotations

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def pyproject() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


@pytest.fixture(scope="session")
def tracked_files() -> list[Path]:
    """Every file that belongs to the repository, new ones included, ignored ones not."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: nothing says which files belong to the repository")
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.fixture(scope="session")
def modules() -> dict[Path, ast.Module]:
    """The syntax trees of the shipped package."""
    return {path: parsed(path) for path in sorted((ROOT / "src").rglob("*.py"))}


@pytest.fixture(scope="session")
def test_ids() -> set[str]:
    """Every test by id: ``tests/x/test_y.py``, ``…::test_z``, ``…::TestA`` and ``…::TestA::test_z``."""
    ids: set[str] = set()
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        name = path.relative_to(ROOT).as_posix()
        ids.add(name)
        ids.update(f"{name}::{inner}" for inner in _tests_in(parsed(path)))
    return ids


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _tests_in(tree: ast.Module | ast.ClassDef) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield node.name
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield node.name
            yield from (f"{node.name}::{inner}" for inner in _tests_in(node))
