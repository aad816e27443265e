"""What the last plan learned is recalled while the world looks the same, and forgotten when anything differs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from penstock.engine.source import CodeClosure, SourceIndex
from penstock.engine.source.cache import FactsCache
from penstock.engine.source.latest import next_index
from penstock.engine.source.locate import Locator
from penstock.engine.source.memory import Looks

FILES = {
    "steps.py": "from pkg import used\n\nNAME = 'table.csv'\n\n\ndef compute(x):\n    return used(x), NAME\n",
    "pkg/__init__.py": "from pkg.inner import used\n",
    "pkg/inner.py": "def used(x):\n    return x\n",
}
DYNAMIC = {"steps.py": "def compute(x):\n    return eval(x)\n"}
REGISTERED = {
    "steps.py": (
        "from importlib.metadata import entry_points\n\n\n"
        "def compute(x):\n    return [point.load()(x) for point in entry_points(group='plugs')]\n"
    ),
    "one.py": "def plug(x):\n    return x\n",
    "two.py": "def plug(x):\n    return -x\n",
}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., SourceIndex]:
    monkeypatch.chdir(tmp_path)

    def make(
        *search: Path, points: tuple[str, ...] = (), loaded: Mapping[str, Path] | None = None
    ) -> SourceIndex:
        modules = {}
        for name, path in (loaded or {}).items():
            modules[name] = type(sys)(name)
            modules[name].__file__ = str(path)
        locator = Locator((*map(str, search or (tmp_path,)), *sys.path), loaded=modules)
        return SourceIndex(locator, FactsCache(), entry_points=lambda group: points)

    return make


def put(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def closure(index: SourceIndex) -> CodeClosure:
    return index.closure("steps:compute")


def is_recalled(first: SourceIndex, second: SourceIndex) -> bool:
    """Whether the second index takes the closure over; what it answers must be right in any case."""
    known = closure(first)
    second.recall(first.learned())
    return closure(second) is known


def test_nothing_changed(index: Callable[..., SourceIndex], tmp_path: Path) -> None:
    put(tmp_path, FILES)
    first, second, third = index(), index(), index()
    assert is_recalled(first, second)
    assert is_recalled(second, third)
    assert third.module_of(tmp_path / "pkg/inner.py") == "pkg.inner"


@pytest.mark.parametrize(
    "change",
    [
        {"pkg/inner.py": "def used(x):\n    return 2 * x\n"},
        {"pkg.py": "def used(x):\n    return 3 * x\n", "pkg/__init__.py": ""},
        {"beside.py": "import pkg.inner\n\npkg.inner.used = abs\n"},
        {"table.csv": "1\n"},
        {"pkg/inner/__init__.py": "def used(x):\n    return 4 * x\n"},
    ],
    ids=[
        "an edit",
        "an edit and a file",
        "a new module that patches",
        "a file that is named",
        "a package in its place",
    ],
)
def test_a_change_is_seen(
    index: Callable[..., SourceIndex], tmp_path: Path, change: Mapping[str, str]
) -> None:
    first = index()
    before = closure(index(put(tmp_path, FILES)))
    closure(first)
    put(tmp_path, change)
    second = index()
    assert not is_recalled(first, second)
    assert closure(second) == closure(index())
    assert closure(second) != before


def test_an_edit_that_is_taken_back_is_no_change(index: Callable[..., SourceIndex], tmp_path: Path) -> None:
    first = index(put(tmp_path, FILES))
    closure(first)
    put(tmp_path, {"pkg/inner.py": "def used(x):\n    return 2 * x\n"})
    put(tmp_path, FILES)
    assert is_recalled(first, index())


def test_another_search_path_that_finds_the_same_is_no_change(
    index: Callable[..., SourceIndex], tmp_path: Path
) -> None:
    home = put(tmp_path / "home", FILES)
    empty, other = (
        tmp_path / "empty",
        put(tmp_path / "other", {"pkg/inner.py": "used = abs\n", "pkg/__init__.py": ""}),
    )
    first = index(home)
    assert is_recalled(first, index(empty, home))
    assert not is_recalled(first, index(other, home))


def test_a_file_that_is_named_is_looked_for_in_the_working_directory(
    index: Callable[..., SourceIndex], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, FILES)
    put(tmp_path / "there", {"table.csv": "1\n"})
    first, second = index(), index()
    closure(first)
    monkeypatch.chdir(tmp_path / "there")
    assert not is_recalled(first, second)
    assert closure(second).literal_paths == (tmp_path / "there/table.csv",)


def test_a_file_that_came_while_it_was_looked_for_holds_for_nobody(tmp_path: Path) -> None:
    looks = Looks()
    assert not looks.is_file(tmp_path, "table.csv")
    put(tmp_path, {"table.csv": "1\n"})
    assert not looks.still_hold()
    assert looks.is_file(tmp_path, "table.csv")
    assert not looks.still_hold()


def test_entry_points_count(index: Callable[..., SourceIndex], tmp_path: Path) -> None:
    put(tmp_path, REGISTERED)
    first, second = index(points=("plug=one:plug",)), index(points=("plug=two:plug",))
    assert is_recalled(first, index(points=("plug=one:plug",)))
    assert not is_recalled(first, second)
    assert "two:plug" in closure(second).parts


@pytest.mark.parametrize(("files", "recalled"), [(FILES, True), (DYNAMIC, False)], ids=["fixed", "dynamic"])
def test_what_is_loaded_elsewhere_counts_where_names_are_made(
    index: Callable[..., SourceIndex], tmp_path: Path, files: Mapping[str, str], recalled: bool
) -> None:
    home = put(tmp_path / "home", files)
    there = put(tmp_path / "there", {"far.py": "ANSWER = 42\n", "test_far.py": "ANSWER = 43\n"})
    first, second = index(home), index(home, loaded={"far": there / "far.py"})
    tested = index(home, loaded={"test_far": there / "test_far.py"})
    assert is_recalled(first, tested)
    assert is_recalled(first, second) == recalled
    assert ("far" in closure(second).parts) != recalled


def test_what_lies_in_many_roots_is_learned_afresh(index: Callable[..., SourceIndex], tmp_path: Path) -> None:
    roots = [
        put(tmp_path / str(number), {f"steps{number}.py": "def compute(x):\n    return x\n"})
        for number in range(9)
    ]
    first, second = index(*roots), index(*roots)
    found = [first.closure(f"steps{number}:compute") for number in range(8)]
    assert second.recall(first.learned())
    assert second.closure("steps0:compute") is found[0]
    first.closure("steps8:compute")
    assert not index(*roots).recall(first.learned())


def test_a_script_is_never_recalled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = put(tmp_path, {"script.py": "def compute(x):\n    return x\n"}) / "script.py"
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(script), raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    first, second = SourceIndex(), SourceIndex()
    known = first.closure("__main__:compute")
    second.recall(first.learned())
    again = second.closure("__main__:compute")
    assert again == known
    assert again is not known


def test_one_process_learns_once(tmp_path: Path) -> None:
    first = next_index(FactsCache(tmp_path / "one")).closure(next_index)
    assert next_index(FactsCache(tmp_path / "other")).closure(next_index) is first
    assert os.fspath(first.files[0]).endswith(".py")
