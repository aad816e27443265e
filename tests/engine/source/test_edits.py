"""Every small edit of the sample projects, made by a machine: none that changes a result may leave the digest."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

from penstock.engine.source import CodeClosure, SourceIndex
from penstock.engine.source.cache import FactsCache
from penstock.engine.source.locate import Locator

if TYPE_CHECKING:
    from tests.engine.source.mutations import write
    from tests.engine.source.projects import PROJECTS
else:
    from engine.source.mutations import write
    from engine.source.projects import PROJECTS

RUNNER = """
import importlib, json, sys
sys.dont_write_bytecode = True
import asyncio, contextvars, dataclasses, enum, functools, itertools, logging, math
kept, math_functions, answers = set(sys.modules), dict(vars(math)), []
for folder, preload in json.load(sys.stdin):
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        for name in preload:
            importlib.import_module(name)
        target = importlib.import_module("steps").compute
        answers.append([target(x) for x in (2, 5, 6)])
    except BaseException:
        answers.append(None)
    sys.path.remove(folder)
    for name in set(sys.modules) - kept:
        del sys.modules[name]
    vars(math).update(math_functions)
print(json.dumps(answers))
"""


class OneEdit(ast.NodeTransformer):
    """Makes the edit number ``wanted`` of all that this kind of edit could make."""

    kinds: ClassVar[list[type[OneEdit]]] = []

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.seen = 0

    def __init_subclass__(cls) -> None:
        OneEdit.kinds.append(cls)

    def is_turn(self) -> bool:
        self.seen += 1
        return self.seen - 1 == self.wanted


class AnotherConstant(OneEdit):
    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, bool) or not isinstance(node.value, int | str) or not self.is_turn():
            return node
        return ast.Constant(node.value + 1 if isinstance(node.value, int) else f"{node.value}q")


class AnotherOperator(OneEdit):
    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if self.is_turn():
            node.op = ast.Add() if isinstance(node.op, ast.Sub) else ast.Sub()
        return node


class AnotherComparison(OneEdit):
    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        if self.is_turn():
            node.ops[0] = ast.Eq() if isinstance(node.ops[0], ast.NotEq) else ast.NotEq()
        return node


class OneMore(OneEdit):
    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        return ast.BinOp(node, ast.Add(), ast.Constant(1)) if node.args and self.is_turn() else node


class StatementRemoved(OneEdit):
    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name in ("body", "orelse"):
            statements = getattr(node, name, None)
            if isinstance(statements, list) and statements:
                kept = [statement for statement in statements if not self.is_turn()]
                setattr(node, name, kept or ([ast.Pass()] if name == "body" else []))
        return super().generic_visit(node)


class StatementsSwapped(OneEdit):
    def generic_visit(self, node: ast.AST) -> ast.AST:
        body = getattr(node, "body", None)
        if isinstance(body, list):
            for index in range(len(body) - 1):
                if self.is_turn():
                    body[index : index + 2] = reversed(body[index : index + 2])
        return super().generic_visit(node)


def edited(files: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every edit with its name."""
    for name in (name for name in files if name.endswith(".py")):
        for kind in OneEdit.kinds:
            wanted = 0
            while True:
                edit = kind(wanted)
                tree = edit.visit(ast.parse(files[name]))
                if edit.seen <= wanted:
                    break
                text = ast.unparse(ast.fix_missing_locations(tree))
                yield f"{name}: {kind.__name__} {wanted}", {**files, name: f"{text}\n"}
                wanted += 1


def results(folders: list[Path], preload: tuple[str, ...]) -> list[list[int] | None]:
    request = json.dumps([(str(folder), preload) for folder in folders])
    done = subprocess.run(
        [sys.executable, "-c", RUNNER], input=request, capture_output=True, text=True, check=True
    )
    answers: list[list[int] | None] = json.loads(done.stdout.splitlines()[-1])
    return answers


def closure_in(folder: Path, cache: FactsCache) -> CodeClosure | None:
    try:
        return SourceIndex(Locator((str(folder), *sys.path), loaded={}), cache).closure("steps:compute")
    except Exception:  # noqa: BLE001 - a target that cannot be found is not served from anywhere
        return None


@pytest.mark.proof
@pytest.mark.parametrize(("files", "preload"), PROJECTS.values(), ids=PROJECTS.keys())
def test_no_edit_that_changes_a_result_leaves_the_digest(
    tmp_path: Path, files: dict[str, str], preload: tuple[str, ...]
) -> None:
    plain = {
        name: f"{ast.unparse(ast.parse(text))}\n" if name.endswith(".py") else text
        for name, text in files.items()
    }
    variants = [("no edit", plain), *edited(plain)]
    folders = [tmp_path / str(number) for number in range(len(variants))]
    for folder, (_, content) in zip(folders, variants, strict=True):
        write(content, folder)
    before, *after = results(folders, preload)
    assert before is not None
    cache = FactsCache()
    known = closure_in(folders[0], cache)
    assert known is not None
    stale = [
        name
        for (name, _), folder, result in zip(variants[1:], folders[1:], after, strict=True)
        if result not in (before, None)
        and (now := closure_in(folder, cache)) is not None
        and now.digest == known.digest
    ]
    assert stale == []
    assert sum(result not in (before, None) for result in after) >= 10
