from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from penstock.domain.errors import DataError, StepError
from penstock.domain.values import Resources
from penstock.engine.executors import InlineExecutor, PoolExecutor

if TYPE_CHECKING:
    from tests.engine.conftest import House
    from tests.engine.sample.steps import (
        Size,
        doubled,
        dying,
        failing_beside,
        given,
        level,
        lingering,
        numbers,
        sized,
        total,
    )
else:
    from engine.sample.steps import (
        Size,
        doubled,
        dying,
        failing_beside,
        given,
        level,
        lingering,
        numbers,
        sized,
        total,
    )


def pipeline(path: Path) -> dict[str, object]:
    values = numbers(5)
    return {
        "sum": total(doubled(values), extra=1),
        "text": given(path),
        "level": level(),
        "size": sized(Size(3, path)),
    }


def test_a_pool_makes_the_same_as_this_process(house: House, tmp_path: Path) -> None:
    path = tmp_path / "given.txt"
    path.write_text("given")
    house.environ = {"SAMPLE_LEVEL": "7"}
    inline = house.run(lambda: pipeline(path))
    other = type(house)(type(house.workspace).open(tmp_path / "other"), house.environ, PoolExecutor(2))
    try:
        pooled = other.run(lambda: pipeline(path))
    finally:
        other.executor.close()
    assert {step.report.state for step in pooled.record.steps} == {"ran"}
    assert [(step.fingerprint, step.output) for step in pooled.record.steps] == [
        (step.fingerprint, step.output) for step in inline.record.steps
    ]
    assert pooled.output("level") == "7"


def test_a_worker_that_dies_is_a_clear_error_and_the_rest_goes_on(house: House) -> None:
    house.executor = PoolExecutor(2)
    try:
        with pytest.raises(StepError, match=r"ran step 'dying' died: killed, or out of memory") as caught:
            house.run(lambda: dying(numbers(3)))
    finally:
        house.executor.close()
    assert "run the same command again" in str(caught.value)
    house.executor = InlineExecutor()
    assert house.states(lambda: total(numbers(3)))["numbers"] == "reused"


def test_no_step_of_a_failed_run_still_works_when_its_lock_is_free(pool: House, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(DataError, match="failed beside another"):
        pool.run(lambda: [lingering(str(pid)), failing_beside(str(pid))])
    assert not psutil.pid_exists(int(pid.read_text()))


def test_capacity_is_what_may_run_at_once() -> None:
    assert InlineExecutor().capacity == Resources(cpu=1)
    executor = PoolExecutor(3, memory_mb=100, gpu=1)
    assert executor.capacity == Resources(cpu=3, memory_mb=100, gpu=1)
    executor.close()
