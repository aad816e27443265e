from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from penstock.domain.errors import PipelineError, StorageError
from penstock.storage.classes import class_name, find_class, is_first_party, storable_name


@dataclass
class Here:
    pass


class Outer:
    class Inner:
        pass


Alias = Here


@pytest.mark.parametrize("cls", [Here, Outer.Inner, dict, Path])
def test_classes_are_found_by_their_names(cls: type) -> None:
    assert find_class(storable_name(cls)) is cls


@pytest.mark.parametrize(
    "name", [f"{__name__}:Alias", f"{__name__}:Outer", f"{__name__}:pytest", "x.y:Z", ":", "json"]
)
def test_only_the_true_name_counts(name: str) -> None:
    if name.endswith(":Outer"):
        assert find_class(name) is Outer
        return
    with pytest.raises(StorageError, match="no class has this name"):
        find_class(name)


def test_hidden_classes_are_refused() -> None:
    class Hidden:
        pass

    assert "<locals>" in class_name(Hidden)
    with pytest.raises(PipelineError, match="top level of an importable module"):
        storable_name(Hidden)


def test_shadowed_class_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "Here", Outer)
    with pytest.raises(PipelineError, match="could not find the class under this name"):
        storable_name(Alias)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("penstock.storage", True),
        ("__main__", True),
        (__name__, True),
        ("numpy.linalg", False),
        ("os", False),
        ("posix", False),
        ("builtins", False),
        ("subprocess", False),
        ("no_such_module", False),
    ],
)
def test_first_party_modules_are_known(name: str, expected: bool) -> None:
    assert is_first_party(name) is expected


def test_module_beside_the_script_is_first_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_module.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert is_first_party("own_module")
