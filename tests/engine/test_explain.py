from __future__ import annotations

import pytest

from penstock.engine.explain import changes, named, why_it_ran
from penstock.engine.records import Ingredients, OutputRef, Parameter, ResultRecord, Undeclared

OLD = Ingredients(
    step="steps:total",
    code={"helpers:scale": "a", "steps:total": "a"},
    reads={"data.csv": "a"},
    params={"extra": Parameter(digest="1", shown="1")},
    inputs={"values": "a"},
    libraries={"numpy": "2.0"},
    environment={"python": "3.11", "env:SECRET": "a"},
)


def result(**changes: object) -> ResultRecord:
    made = ResultRecord(
        fingerprint="f",
        system="sample",
        node="total",
        ingredients=OLD,
        output=OutputRef(codec="values", type="builtins:int", logical="a", digest="d", size_bytes=1),
        run_id="run-1",
        seconds=0,
        cpu_seconds=0,
        peak_mb=0,
    )
    return made.model_copy(update=changes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"params": {"extra": Parameter(digest="2", shown="2")}}, "parameter extra: 1 → 2"),
        ({"params": {"extra": Parameter(digest="2", shown="1")}}, "parameter extra: 1 has other content"),
        ({"params": {}}, "parameter extra is gone (was 1)"),
        (
            {"params": {**OLD.params, "more": Parameter(digest="3", shown="3")}},
            "parameter more is new: 3",
        ),
        ({"inputs": {"values": "b"}}, "input values changed"),
        ({"code": {**OLD.code, "helpers:scale": "b"}}, "code helpers:scale changed"),
        ({"code": {"steps:total": "a"}}, "code helpers:scale is gone"),
        ({"code": {**OLD.code, "helpers:new": "a"}}, "code helpers:new is new"),
        ({"reads": {"data.csv": "b"}}, "file data.csv changed"),
        ({"libraries": {"numpy": "2.1"}}, "library numpy: 2.0 → 2.1"),
        ({"libraries": {}}, "library numpy: 2.0 → none"),
        ({"environment": {**OLD.environment, "python": "3.12"}}, "environment python: 3.11 → 3.12"),
        ({"environment": {**OLD.environment, "env:SECRET": "b"}}, "environment env:SECRET changed"),
    ],
)
def test_every_change_is_named(change: dict[str, object], said: str) -> None:
    assert changes(OLD, OLD.model_copy(update=change)) == (said,)


def test_nothing_changed() -> None:
    assert changes(OLD, OLD) == ()


def test_parameters_come_first() -> None:
    new = OLD.model_copy(
        update={"code": {}, "params": {"extra": Parameter(digest="2", shown="2")}, "libraries": {}}
    )
    assert [line.partition(" ")[0] for line in changes(OLD, new)] == ["parameter", "code", "code", "library"]


def test_the_reason_is_one_line() -> None:
    assert why_it_ran(None, ()) == "first time"
    assert why_it_ran(result(), ("code a changed",)) == "code a changed"
    assert why_it_ran(result(), ("code a changed", "b", "c")) == "code a changed and 2 more"
    assert why_it_ran(result(), ()) == "its last result is gone, damaged, or its surroundings changed"


def test_a_reason_with_long_values_is_cut_off() -> None:
    reason = why_it_ran(result(), ("parameter names: " + "x" * 900, "b"))
    assert len(reason) < 300
    assert reason.endswith("x… and 1 more")


def test_a_result_that_is_not_reusable_says_why() -> None:
    spoilt = result(undeclared=(Undeclared(kind="file", name="/a"),))
    assert why_it_ran(spoilt, ("code a changed",)) == "its last result is not reusable: undeclared file /a"


def test_what_was_touched_is_bounded() -> None:
    touched = tuple(Undeclared(kind="file", name=str(number)) for number in range(7))
    assert named(touched).endswith("undeclared file 4 and 2 more")
