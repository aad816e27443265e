from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.domain.errors import StepError
from penstock.domain.values import RunId
from penstock.engine.graph import Slot
from penstock.engine.watch import Declared
from penstock.engine.work import (
    Task,
    artifact_ref,
    measured,
    output_ref,
    private_scratch,
    resolve,
    run_task,
    variables,
)
from penstock.storage.codecs import load, save
from penstock.storage.local import LocalStore

if TYPE_CHECKING:
    from tests.engine.sample import steps
else:
    from engine.sample import steps

CLOCK_TICK_S = 0.01
"""What the operating system counts processor time of children in."""


def task(scratch: Path, name: str, **arguments: object) -> Task:
    return Task(
        run_id=RunId("run-1"),
        node=name,
        qualified=f"{steps.__name__}:{name}",
        arguments=arguments,
        inputs={},
        scratch=scratch,
        declared=Declared(),
    )


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "objects")


def test_a_task_loads_calls_and_saves(store: LocalStore, tmp_path: Path) -> None:
    given = output_ref(save(store, [1, 2, 3]))
    wanted = task(tmp_path / "scratch", "total", values=Slot("numbers"), extra=4)
    done = run_task(Task(**{**vars(wanted), "inputs": {"numbers": given}}), store, lambda _: None)
    assert load(store, artifact_ref(done.output)) == 10
    assert done.undeclared == ()
    assert done.seconds > 0
    assert done.peak_mb > 1


def test_a_full_disk_in_a_step_names_the_place(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(values: list[int]) -> int:
        raise OSError(28, "No space left on device", str(tmp_path / "big.bin"))

    monkeypatch.setattr(steps, "full", full, raising=False)
    with pytest.raises(
        StepError, match=r"Step 'full' .* cannot write .*big\.bin: the disk is full"
    ) as caught:
        run_task(task(tmp_path, "full", values=[]), store, lambda _: None)
    assert isinstance(caught.value.__cause__, OSError)


def test_steps_are_found_by_name_wrapped_or_not() -> None:
    assert resolve(f"{steps.__name__}:total") is steps.total.function
    assert resolve("os.path:join") is os.path.join


def test_references_survive_the_round_trip(store: LocalStore) -> None:
    ref = save(store, {"a": 1})
    assert artifact_ref(output_ref(ref)) == ref


def test_usage_is_measured() -> None:
    with measured() as usage:
        started, cpu_started = time.perf_counter(), time.process_time()
        while time.process_time() < cpu_started + 0.1:
            pass
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    assert usage.seconds >= seconds  # may be below 0.1: other threads of the process spend the same clock
    assert usage.cpu_seconds >= cpu_seconds - 2 * CLOCK_TICK_S
    assert usage.peak_mb > 1


def test_usage_is_measured_of_what_fails() -> None:
    with contextlib.suppress(ZeroDivisionError), measured() as usage:
        time.sleep(0.02)
        assert 1 / 0
    assert usage.seconds >= 0.02


def test_temporary_files_go_to_the_scratch_folder(tmp_path: Path) -> None:
    before = tempfile.tempdir
    with private_scratch(tmp_path / "scratch"):
        assert Path(tempfile.mkdtemp()).parent == tmp_path / "scratch"
    assert tempfile.tempdir == before


def test_a_step_sees_the_variables_that_count(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SAMPLE_A", "SAMPLE_B", "SAMPLE_C"):
        monkeypatch.setenv(name, "outside")
    monkeypatch.delenv("SAMPLE_D", raising=False)
    counted = {"SAMPLE_A": "counted", "SAMPLE_C": "counted", "SAMPLE_D": "counted"}
    with variables(counted, declared=frozenset({"SAMPLE_A", "SAMPLE_B"})):
        seen = {name: os.environ.get(f"SAMPLE_{name}") for name in "ABCD"}
    # A and B are declared: exactly what counts. C is not: the process's own. D was only in a file.
    assert seen == {"A": "counted", "B": None, "C": "outside", "D": "counted"}
    assert [os.environ.get(f"SAMPLE_{name}") for name in "ABCD"] == ["outside", "outside", "outside", None]
