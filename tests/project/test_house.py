"""The rules of the house that no linter knows: sizes, direction of imports, words that must not appear."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from statistics import median, quantiles
from typing import Any

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def bodies(modules: dict[Path, ast.Module]) -> dict[str, int]:
    """Return the length in lines of each function's body: no signature, no docstring."""
    lengths: dict[str, int] = {}
    for path, tree in modules.items():
        for node in ast.walk(tree):
            if isinstance(node, FUNCTION):
                first = 1 if ast.get_docstring(node) is not None and len(node.body) > 1 else 0
                end, start = node.end_lineno or 0, node.body[first].lineno
                lengths[f"{path.name}:{node.lineno} {node.name}"] = end - start + 1
    return lengths


def test_modules_are_small(modules: dict[Path, ast.Module]) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules}
    filled = {path: length for path, length in lengths.items() if length}
    assert [str(path) for path, length in filled.items() if length > 500] == []
    assert median(filled.values()) < 150


def test_functions_are_small(modules: dict[Path, ast.Module]) -> None:
    lengths = bodies(modules)
    assert [name for name, length in lengths.items() if length > 60] == []
    assert median(lengths.values()) < 8
    assert quantiles(lengths.values(), n=20)[-1] < 30


def test_the_layers_are_exhaustive_and_nothing_is_ignored(pyproject: dict[str, Any]) -> None:
    contracts = pyproject["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["type"] == "layers")
    assert layers["exhaustive"] is True
    assert set(layers["exhaustive_ignores"]) == {"__main__", "testing"}
    assert all("ignore_imports" not in contract for contract in contracts)


def test_the_contract_about_test_kits_names_every_package(root: Path, pyproject: dict[str, Any]) -> None:
    contracts = pyproject["tool"]["importlinter"]["contracts"]
    kits = next(contract for contract in contracts if contract["type"] == "forbidden")
    packages = {f"penstock.{path.parent.name}" for path in (root / "src/penstock").glob("*/__init__.py")}
    assert packages - {"penstock.testing"} <= set(kits["source_modules"])


def test_every_module_with_annotations_defers_them(modules: dict[Path, ast.Module]) -> None:
    annotated = (ast.FunctionDef, ast.AsyncFunctionDef, ast.AnnAssign)
    eager = [
        str(path)
        for path, tree in modules.items()
        if any(isinstance(node, annotated) for node in ast.walk(tree))
        and not any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
    ]
    assert eager == []


def test_a_todo_carries_the_number_of_its_issue(tracked_files: list[Path]) -> None:
    loose = [
        f"{path.name}: {line.strip()}"
        for path in tracked_files
        if path.suffix == ".py" and path != Path(__file__)
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"#\s*(TODO|FIXME|XXX)(?!\(#\d+\))", line)
    ]
    assert loose == []


def test_no_place_of_one_machine_is_written_down(tracked_files: list[Path]) -> None:
    pattern = re.compile(rb"(?<![\w.])/(?:root|work|home/(?!anna\b)[a-z]+|Users/[a-z]+)/")
    found = [
        str(path)
        for path in tracked_files
        if path != Path(__file__) and pattern.search(path.read_bytes()) is not None
    ]
    assert found == []


def test_every_variable_named_in_the_package_is_a_setting(modules: dict[Path, ast.Module]) -> None:
    from penstock.app.config.settings import Settings, variable

    known = {variable(field) for field in Settings.model_fields}
    named = {
        (path.name, name)
        for path in modules
        for name in re.findall(r"\bPENSTOCK_[A-Z]+(?:_[A-Z]+)*\b(?!\$)", path.read_text(encoding="utf-8"))
    }
    assert sorted(f"{file}: {name}" for file, name in named if name not in known) == []
