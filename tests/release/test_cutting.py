from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from penstock.domain.errors import PipelineError
from penstock.release import cutting
from penstock.release.cutting import cut_out

ONE = '''
from __future__ import annotations
import math
import polars
from typing import TYPE_CHECKING
from penstock.cut_two import double, Unused
if TYPE_CHECKING:
    from penstock.cut_two import Shape

FACTOR = 3
"""Not told."""

def _helper(value: Shape) -> float:
    return math.sqrt(value) * FACTOR

def entry(value):
    return double(_helper(value))

def needy(value):
    return polars.len(value)

def hidden(value):
    import polars
    return polars.len(value)

class Base: ...
class Child(Base): ...
'''
TWO = """
_TWICE = 2
def _helper(value):
    return value * _TWICE
def double(value):
    return _helper(value)
class Unused: ...
class Base: ...
"""


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("cut_one", ONE), ("cut_two", TWO)):
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        module = ModuleType(f"penstock.{name}")
        module.__file__ = str(path)
        monkeypatch.setitem(sys.modules, module.__name__, module)


def cut(*names: str, **fields: str) -> str:
    entries = [("penstock.cut_one", name) for name in names]
    return cut_out(entries, libraries=("numpy",), title="Cut.", **fields)


def test_what_is_reached_is_taken_and_runs_alone() -> None:
    text = cut("entry", last="RESULT = entry(16.0)")
    scope: dict[str, object] = {"__name__": "cut"}
    exec(text, scope)
    assert scope["RESULT"] == 24.0
    assert "penstock." not in text.replace("# penstock.", "")
    assert not {"needy", "Unused", "polars"} & set(scope)
    assert "FACTOR = 3" in text


def test_own_names_of_two_modules_do_not_meet() -> None:
    text = cut("entry")
    assert text.count("def _helper(") == 1
    assert text.count("def _helper_of_cut_") == 1


@pytest.mark.parametrize("name", ["needy", "hidden"])
def test_another_library_is_refused(name: str) -> None:
    with pytest.raises(PipelineError, match=r"no single file can be cut: penstock\.cut_one.* needs polars"):
        cut(name)


def test_a_name_with_two_meanings_is_that_of_the_module_that_others_take_it_from() -> None:
    text = cut_out([("penstock.cut_one", "Child"), ("penstock.cut_two", "Base")], libraries=(), title="Cut.")
    assert "class Child(Base_of_cut_one)" in text


def test_a_name_that_two_modules_lend_is_refused() -> None:
    with pytest.raises(PipelineError, match=r"Base stands in penstock\.cut_one and in penstock\.cut_two"):
        cut_out([("penstock.cut_one", "Base"), ("penstock.cut_two", "Base")], libraries=(), title="Cut.")


def test_a_name_that_is_not_there_is_refused() -> None:
    path = Path(sys.modules["penstock.cut_one"].__file__ or "")
    path.write_text("from penstock.cut_two import lost\ndef entry(): return lost()\n")
    with pytest.raises(PipelineError, match="takes lost from"):
        cut("entry")


def test_equal_modules_give_equal_text() -> None:
    assert cut("entry") == cut("entry")
    assert cutting.PACKAGE == "penstock"
