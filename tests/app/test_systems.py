from __future__ import annotations

from pathlib import Path

import pytest

from penstock.app.systems import find_system, list_systems
from penstock.domain.errors import UnknownNameError, UsageError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import nothing_here\n", r"No module named 'nothing_here' \(line 1 of .*system\.py\)\. Correct it"),
        ("\n1 / 0\n", r"ZeroDivisionError: division by zero \(line 2 of .*system\.py\)"),
        ("def (\n", r"SyntaxError: invalid syntax \(system\.py, line 1\)"),
        ("x = 1\n", r"SYSTEM is NoneType, not a penstock System"),
    ],
    ids=["import", "error", "syntax", "empty"],
)
def test_a_folder_that_cannot_be_loaded_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, text: str, message: str
) -> None:
    folder = tmp_path / f"broken_{request.node.callspec.id}"
    folder.mkdir()
    (folder / "system.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match=message):
        find_system(str(folder))


def test_a_folder_without_a_system_and_one_that_no_import_can_name(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"holds no system\.py; `penstock new NAME` makes a folder that does"
    ):
        find_system(str(tmp_path))
    folder = tmp_path / "two-words"
    folder.mkdir()
    (folder / "system.py").touch()
    with pytest.raises(UsageError, match="'two-words' is no Python name: rename it"):
        find_system(str(folder))


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="There is no system 'denmrk'; did you mean 'denmark'"):
        find_system("denmrk")


def test_installed_systems_are_listed_by_name() -> None:
    names = [line.name for line in list_systems()]
    assert names == sorted(names)
    assert {"denmark", "panel"} <= set(names)
