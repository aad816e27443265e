from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from penstock.engine.source import CodeClosure, SourceIndex
from penstock.engine.source.locate import Locator


@pytest.fixture
def project(tmp_path: Path) -> Callable[[Mapping[str, str]], SourceIndex]:
    """Write a project and return an index that finds its modules, as a fresh process would."""

    def make(files: Mapping[str, str]) -> SourceIndex:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return SourceIndex(Locator((str(tmp_path), *sys.path), loaded={}))

    return make


@pytest.fixture
def closure_of(
    project: Callable[[Mapping[str, str]], SourceIndex],
) -> Callable[[Mapping[str, str]], CodeClosure]:
    """Return the closure of ``compute`` in ``steps.py`` of a project."""

    def make(files: Mapping[str, str]) -> CodeClosure:
        return project(files).closure("steps:compute")

    return make
