from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.engine.source import CodeClosure, SourceIndex
from penstock.engine.source.cache import FactsCache
from penstock.engine.source.locate import Locator

if TYPE_CHECKING:
    from tests.engine.source.mutations import MUTATIONS, Mutation, write
else:
    from engine.source.mutations import MUTATIONS, Mutation, write

RUNNER = """
import importlib, json, sys
sys.dont_write_bytecode = True
standard = set(sys.modules)
import asyncio, dataclasses, enum, functools, math
kept, math_functions, answers = set(sys.modules), dict(vars(math)), []
for folder, preload in json.load(sys.stdin):
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    for name in preload:
        importlib.import_module(name)
    target = importlib.import_module("steps").compute
    answers.append([target(x) for x in (2, 5, 6)])
    sys.path.remove(folder)
    for name in set(sys.modules) - kept:
        del sys.modules[name]
    vars(math).update(math_functions)
print(json.dumps(answers))
"""


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folder of every project before and after its edit, by its files."""
    made: dict[str, Path] = {}
    for mutation in MUTATIONS:
        for files in (mutation.files, mutation.apply(mutation.files)):
            key = key_of(files)
            if key not in made:
                made[key] = tmp_path_factory.mktemp("project")
                write(files, made[key])
    return made


@pytest.fixture(scope="session")
def results(folders: dict[str, Path]) -> dict[tuple[str, tuple[str, ...]], list[int]]:
    """What ``compute`` returns in each folder, found out in one fresh process."""
    wanted = {
        (key_of(files), mutation.preload)
        for mutation in MUTATIONS
        for files in (mutation.files, mutation.apply(mutation.files))
    }
    asked = sorted(wanted)
    request = json.dumps([(str(folders[key]), preload) for key, preload in asked])
    done = subprocess.run(
        [sys.executable, "-c", RUNNER], input=request, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(asked, json.loads(done.stdout), strict=True))


@pytest.fixture(scope="session")
def closures(folders: dict[str, Path]) -> dict[str, CodeClosure]:
    cache = FactsCache()
    return {key: closure_in(folder, cache) for key, folder in folders.items()}


def key_of(files: Mapping[str, str]) -> str:
    return json.dumps(files, sort_keys=True)


def closure_in(folder: Path, cache: FactsCache) -> CodeClosure:
    return index_of(folder, cache).closure("steps:compute")


def index_of(folder: Path, cache: FactsCache) -> SourceIndex:
    return SourceIndex(Locator((str(folder), *sys.path), loaded={}), cache)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
class TestMutation:
    def test_changes_the_result_as_it_says(
        self, mutation: Mutation, results: dict[tuple[str, tuple[str, ...]], list[int]]
    ) -> None:
        before = results[key_of(mutation.files), mutation.preload]
        after = results[key_of(mutation.apply(mutation.files)), mutation.preload]
        assert (before != after) == mutation.changes_result

    def test_changes_the_digest_exactly_if_it_changes_the_result(
        self, mutation: Mutation, closures: dict[str, CodeClosure]
    ) -> None:
        before = closures[key_of(mutation.files)]
        after = closures[key_of(mutation.apply(mutation.files))]
        assert (before.digest != after.digest) == mutation.changes_result, differing(before, after)
        assert (before.parts != after.parts) == mutation.changes_result


def differing(before: CodeClosure, after: CodeClosure) -> list[str]:
    return sorted({name for name, _ in before.parts.items() ^ after.parts.items()})


def test_names_are_unique() -> None:
    names = [mutation.name for mutation in MUTATIONS]
    assert len(names) == len(set(names))


def test_table_is_large_enough() -> None:
    assert sum(mutation.changes_result for mutation in MUTATIONS) >= 50
    assert sum(not mutation.changes_result for mutation in MUTATIONS) >= 20


def test_only_the_dynamic_project_falls_back(closures: dict[str, CodeClosure]) -> None:
    falling = {mutation.name: closures[key_of(mutation.files)].dynamic for mutation in MUTATIONS}
    assert {name for name, reasons in falling.items() if reasons} == {
        mutation.name for mutation in MUTATIONS if "option_0.py" in mutation.files
    }


@pytest.mark.parametrize("mutation", MUTATIONS[::4], ids=lambda mutation: mutation.name)
def test_what_was_learned_before_is_recalled_only_where_it_still_holds(
    mutation: Mutation, tmp_path: Path
) -> None:
    cache = FactsCache()
    before = mutation.files
    after = mutation.apply(before)
    write(before, tmp_path)
    first = index_of(tmp_path, cache)
    first.closure("steps:compute")
    again = index_of(tmp_path, cache)
    assert again.recall(first.learned())
    assert again.closure("steps:compute") is first.closure("steps:compute")
    for name in before.keys() - after.keys():
        (tmp_path / name).unlink()
    write(after, tmp_path)
    edited = index_of(tmp_path, cache)
    edited.recall(again.learned())
    assert edited.closure("steps:compute") == index_of(tmp_path, cache).closure("steps:compute")
