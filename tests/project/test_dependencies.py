"""What the package imports is what it asks for."""

from __future__ import annotations

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PART_OF = {"pydantic_core": "pydantic"}
"""Top-level names that another distribution brings and documents as its own."""

OF_EXTRAS = {"statsforecast": "classical_worker.py", "onnx": "graphs.py", "onnxruntime": "regressors.py"}
"""What belongs to an extra, and the one module that imports it: nothing else may need it."""


def imported(tree: ast.Module) -> set[str]:
    """Return the top-level names that a module imports at any depth, outside ``if TYPE_CHECKING`` too."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"penstock"}


def test_every_imported_distribution_is_declared(
    root: Path, pyproject: dict[str, Any], modules: dict[Path, ast.Module]
) -> None:
    declared = {canonicalize_name(Requirement(text).name) for text in pyproject["project"]["dependencies"]}
    owners = packages_distributions()
    undeclared = {
        f"{path.relative_to(root)} imports {name} ({', '.join(owners.get(name, ['not installed']))})"
        for path, tree in modules.items()
        for name in imported(tree)
        if PART_OF.get(name) not in declared
        and not {canonicalize_name(owner) for owner in owners.get(name, ())} & declared
        and not (name == "pytest" and "testing" in path.parts)
        and OF_EXTRAS.get(name) != path.name
    }
    assert sorted(undeclared) == []


def test_every_declared_distribution_is_explained(root: Path, pyproject: dict[str, Any]) -> None:
    page = (root / "docs/decisions/dependencies.md").read_text(encoding="utf-8").lower()
    groups = [pyproject["project"]["dependencies"], *pyproject["dependency-groups"].values()]
    groups += pyproject["project"]["optional-dependencies"].values()
    names = {canonicalize_name(Requirement(text).name) for group in groups for text in group}
    assert sorted(name for name in names if f"`{name}`" not in page) == []
