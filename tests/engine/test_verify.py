from __future__ import annotations

from datetime import UTC, datetime

import pytest

from penstock.domain.results import StepReport
from penstock.engine.records import OutputRef, RunRecord, StepRecord
from penstock.engine.verify import compare, surroundings_differences

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def step(name: str, logical: str | None, *, effect: bool = False, digest: str = "d") -> StepRecord:
    output = None
    if logical is not None:
        output = OutputRef(codec="values", type="builtins:int", logical=logical, digest=digest, size_bytes=1)
    report = StepReport(name=name, stage="train", state="ran", reason="first time")
    return StepRecord(report=report, effect=effect, output=output)


def run(*steps: StepRecord, **more: object) -> RunRecord:
    made = RunRecord(
        run_id="run-1",
        system="sample",
        pipeline="sample",
        status="done",
        started_at=NOW,
        finished_at=NOW,
        steps=steps,
        libraries={"numpy": "2.0"},
        environment={"python": "3.11"},
    )
    return made.model_copy(update=more)


def test_equal_logical_digests_are_equal_whatever_the_bytes() -> None:
    found = compare(run(step("a", "1")), run(step("a", "1", digest="other")))
    assert found.is_equal
    assert found.first_difference is None


def test_the_first_difference_is_the_first_in_the_order_of_the_run() -> None:
    found = compare(
        run(step("a", "1"), step("b", "2"), step("c", "3")),
        run(step("c", "x"), step("b", "x"), step("a", "1")),
    )
    assert not found.is_equal
    assert found.first_difference is not None
    assert found.first_difference.step == "b"
    assert [item.verdict for item in found.steps] == ["equal", "differs", "differs"]


@pytest.mark.parametrize("repeated", [run(), run(step("a", None))])
def test_a_step_that_was_not_repeated_is_missing(repeated: RunRecord) -> None:
    found = compare(run(step("a", "1")), repeated)
    assert [item.verdict for item in found.steps] == ["missing"]
    assert not found.is_equal


def test_effects_are_not_judged() -> None:
    found = compare(run(step("a", "1", effect=True)), run(step("a", "2", effect=True)))
    assert [item.verdict for item in found.steps] == ["effect"]
    assert found.is_equal


def test_surroundings_that_differ_are_named() -> None:
    other = run(libraries={"numpy": "2.1", "polars": "2.0"}, environment={})
    assert surroundings_differences(run(), other) == (
        "library numpy: 2.0 → 2.1",
        "library polars: none → 2.0",
        "environment python: 3.11 → none",
    )
    assert compare(run(), other).surroundings == surroundings_differences(run(), other)
    assert surroundings_differences(run(), run()) == ()
