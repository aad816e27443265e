from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from penstock.engine.source.locate import Found, Locator, dotted_name


@pytest.fixture
def locator(tmp_path: Path) -> Locator:
    return Locator((str(tmp_path), *sys.path), loaded={})


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def found(locator: Locator, name: str) -> Found:
    answer = locator.find(name)
    assert answer is not None
    return answer


def test_finds_modules_and_packages(locator: Locator, tmp_path: Path) -> None:
    module, package = write(tmp_path / "alone.py"), write(tmp_path / "pkg" / "__init__.py")
    inner = write(tmp_path / "pkg" / "inner.py")
    assert found(locator, "alone") == Found("alone", "first", module)
    assert found(locator, "pkg") == Found("pkg", "first", package, (package.parent,))
    assert found(locator, "pkg.inner") == Found("pkg.inner", "first", inner)


def test_finds_namespace_packages_in_all_their_folders(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name / "space" / f"{name}.py")
    locator = Locator((str(tmp_path / "one"), str(tmp_path / "two")), loaded={})
    assert found(locator, "space").search == (tmp_path / "one" / "space", tmp_path / "two" / "space")
    assert found(locator, "space.two").path == tmp_path / "two" / "space" / "two.py"


def test_prefers_what_the_interpreter_prefers(locator: Locator, tmp_path: Path) -> None:
    write(tmp_path / "both.py")
    package = write(tmp_path / "both" / "__init__.py")
    binary = write(tmp_path / "fast.abi3.so")
    write(tmp_path / "fast.py")
    shadow = write(tmp_path / "json.py")
    assert found(locator, "both").path == package
    assert found(locator, "fast").path == binary
    assert found(locator, "json") == Found("json", "first", shadow)


@pytest.mark.parametrize(
    ("name", "origin"),
    [("sys", "stdlib"), ("json", "stdlib"), ("_json", "stdlib"), ("numpy", "third"), ("penstock", "first")],
)
def test_tells_whose_code_it_is(locator: Locator, name: str, origin: str) -> None:
    assert found(locator, name).origin == origin


def test_penstock_is_first_party_wherever_it_is_installed(tmp_path: Path) -> None:
    write(tmp_path / "site-packages" / "penstock" / "__init__.py")
    write(tmp_path / "site-packages" / "other.py")
    locator = Locator((str(tmp_path / "site-packages"),), loaded={})
    assert found(locator, "penstock").origin == "first"
    assert found(locator, "other").origin == "third"


def test_says_when_there_is_none(locator: Locator, tmp_path: Path) -> None:
    write(tmp_path / "alone.py")
    assert [locator.find(name) for name in ("absent", "alone.inner", "absent.inner", "")] == [None] * 4


def test_takes_loaded_modules_from_where_they_were_loaded(tmp_path: Path) -> None:
    write(tmp_path / "one" / "twin.py")
    module = ModuleType("twin")
    module.__file__ = str(write(tmp_path / "two" / "twin.py"))
    locator = Locator((str(tmp_path / "one"),), loaded={"twin": module})
    assert found(locator, "twin").path == tmp_path / "two" / "twin.py"


def test_takes_relative_search_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "src" / "alone.py")
    write(tmp_path / "here.py")
    locator = Locator(("src", ""), loaded={})
    assert found(locator, "alone").path == tmp_path / "src" / "alone.py"
    assert found(locator, "here").path == tmp_path / "here.py"


def test_a_module_can_be_placed(locator: Locator, tmp_path: Path) -> None:
    placed = Found("script", "first", tmp_path / "elsewhere.py")
    locator.place(placed)
    assert locator.find("script") is placed


@pytest.mark.parametrize(
    ("path", "name"),
    [("a/b.py", "a.b"), ("a/__init__.py", "a"), ("a-b/c.py", None), ("__init__.py", None)],
)
def test_names_files(path: str, name: str | None) -> None:
    assert dotted_name(Path("/root") / path, Path("/root")) == name
