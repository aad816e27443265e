from __future__ import annotations

import errno
import logging
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.domain.errors import DataError, StepError, StorageError
from penstock.domain.events import Event, MetricsLogged, RunFinished, StepFinished
from penstock.domain.values import Resources
from penstock.engine.journal import Journal
from penstock.engine.records import ResultRecord, RunRecord
from penstock.engine.work import Task, TaskResult, run_task

if TYPE_CHECKING:
    from tests.engine.conftest import House
    from tests.engine.sample.steps import doubled, failing, interrupted, numbers, refusing, telling, total

    from penstock.storage.artifacts import ArtifactStore
else:
    from engine.sample.steps import doubled, failing, interrupted, numbers, refusing, telling, total


def sample() -> dict[str, object]:
    values = numbers(4)
    return {"sum": total(doubled(values)), "values": values}


def test_outputs_are_found_by_name(house: House) -> None:
    done = house.run(sample)
    assert (done.output("sum"), done.output("values"), done.output("doubled")) == (
        12,
        [0, 1, 2, 3],
        [0, 2, 4, 6],
    )
    with pytest.raises(KeyError):
        done.output("absent")


def test_a_second_run_reuses_and_makes_the_same(house: House) -> None:
    first, second = house.run(sample), house.run(sample)
    assert [step.report.state for step in first.record.steps] == ["ran"] * 3
    assert [step.report.state for step in second.record.steps] == ["reused"] * 3
    assert [step.output for step in first.record.steps] == [step.output for step in second.record.steps]
    assert "since run run-1" in second.record.steps[0].report.reason


def test_only_what_depends_on_a_change_runs_again(house: House) -> None:
    def run(extra: int) -> dict[str, str]:
        return house.states(lambda: total(doubled(numbers(4)), extra))

    assert run(0) == {"numbers": "ran", "doubled": "ran", "total": "ran"}
    assert run(1) == {"numbers": "reused", "doubled": "reused", "total": "ran"}
    assert run(0) == {"numbers": "reused", "doubled": "reused", "total": "reused"}


def test_an_equal_output_stops_the_change(house: House) -> None:
    """A step that runs again and makes the same lets everything after it stand."""
    assert set(house.states(lambda: total(doubled(numbers(0)))).values()) == {"ran"}
    again = house.states(lambda: total(doubled(numbers(-5))))
    assert again == {"numbers": "ran", "doubled": "reused", "total": "reused"}


def test_the_manifest_says_what_was_done(house: House) -> None:
    record = house.run(sample).record
    kept = house.engine().catalogue.get("run", "run-1", RunRecord)
    assert kept is not None
    assert kept.body == record
    assert (record.status, record.pipeline, record.outputs) == (
        "done",
        "sample",
        {"sum": "total", "values": "numbers"},
    )
    assert (record.command, record.overrides, record.config) == (("run", "sample"), ("a=1",), {"a": 1})
    assert record.libraries["pydantic"]
    assert record.environment["python"]
    assert record.step("doubled") is not None
    assert record.step("absent") is None
    assert [line["event"] for line in Journal(path=house.workspace.runs / "run-1/journal.jsonl").read()] == [
        "run_started",
        *["step_committed"] * 3,
        "run_finished",
    ]


def test_a_price_gives_costs(house: House) -> None:
    priced = house.run(sample, price_per_cpu_hour=2.0).record.steps[0].report
    assert priced.cost == pytest.approx(priced.cpu_seconds / 1800, abs=1e-6)
    assert house.run(lambda: numbers(9)).record.steps[0].report.cost is None


def test_a_failed_step_leaves_the_finished_ones(house: House) -> None:
    with pytest.raises(
        StepError, match=r"Step 'failing' \(.*:failing\) failed: ValueError: no luck with 4"
    ) as caught:
        house.run(lambda: total([failing(numbers(4))]))
    assert isinstance(caught.value.__cause__, ValueError)
    kept = house.engine().catalogue.get("run", "run-1", RunRecord)
    assert kept is not None
    states = {step.report.name: step.report.state for step in kept.body.steps}
    assert states == {"numbers": "ran", "failing": "failed", "total": "skipped"}
    assert kept.body.status == "failed"
    assert "no luck" in str(kept.body.error)
    assert house.states(lambda: total(numbers(4)))["numbers"] == "reused"


def test_an_error_of_ours_passes_with_the_name_of_the_step(house: House) -> None:
    with pytest.raises(DataError, match="these data are bad") as caught:
        house.run(lambda: refusing(numbers(1)))
    assert caught.value.__notes__ == ["in step 'refusing'"]


def test_an_interrupted_run_says_so(house: House) -> None:
    with pytest.raises(KeyboardInterrupt):
        house.run(lambda: interrupted(numbers(1)))
    kept = house.engine().catalogue.get("run", "run-1", RunRecord)
    assert kept is not None
    assert kept.body.status == "interrupted"
    assert isinstance(house.ears.heard[-1], RunFinished)


def test_events_come_in_order(house: House) -> None:
    house.run(lambda: telling(2))
    assert house.ears.names() == [
        "RunStarted",
        "StepStarted",
        *["StepProgress", "TrialFinished"] * 2,
        "MetricsLogged",
        "StepFinished",
        "RunFinished",
    ]
    assert (
        MetricsLogged(run_id=house.ears.heard[0].run_id, step="telling", group="model", metrics={"mae": 1.5})
        in house.ears.heard
    )


def test_a_listener_that_fails_is_dropped(house: House, caplog: pytest.LogCaptureFixture) -> None:
    calls = []

    class Broken:
        def on(self, event: Event) -> None:
            calls.append(event)
            raise RuntimeError("broken")

    house.ears = Broken()  # type: ignore[assignment] # the fault under test
    with caplog.at_level(logging.ERROR):
        assert house.run(sample).record.status == "done"
    assert len(calls) == 1
    assert "A listener failed" in caplog.text


@dataclass
class Batch:
    """An executor that keeps what it is given and finishes all of it at once."""

    wanted: int
    capacity: Resources = field(default_factory=lambda: Resources(cpu=8))
    given: list[tuple[Task, Future[TaskResult]]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def submit(self, task: Task, store: ArtifactStore, emit: object) -> Future[TaskResult]:
        future: Future[TaskResult] = Future()
        self.given.append((task, future))
        if len(self.given) == self.wanted:
            for each, waiting in self.given:
                try:
                    waiting.set_result(run_task(each, store, lambda _: None))
                except StepError as error:
                    waiting.set_exception(error)
        return future

    def deliver(self, emit: object) -> None:
        self.told.append("delivered")

    def close(self) -> None:
        pass


def test_what_finished_beside_a_failure_is_kept(house: House) -> None:
    house.executor = Batch(wanted=3)
    with pytest.raises(StepError, match="no luck"):
        house.run(lambda: [failing([1]), numbers(3), numbers(4)])
    results = house.engine().catalogue.find("result", ResultRecord)
    assert sorted(entry.body.node for entry in results) == ["numbers", "numbers.2"]


def test_last_words_of_a_worker_come_before_the_end_of_its_step(pool: House) -> None:
    pool.run(lambda: telling(50))
    names = pool.ears.names()
    assert names.count("TrialFinished") == 50
    assert names[-2:] == ["StepFinished", "RunFinished"]
    finished = [event for event in pool.ears.heard if isinstance(event, StepFinished)]
    assert finished[0].params == {"rounds": "50"}


def test_a_full_disk_is_told_wherever_it_strikes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Journal, event: str, **_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Journal, "write", full)
    with pytest.raises(StorageError, match=r"workspace: the disk is full .* Free space"):
        house.run(sample)


def test_another_error_of_the_system_passes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Journal, event: str, **_: object) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(Journal, "write", broken)
    with pytest.raises(OSError, match="Bad file"):
        house.run(sample)


def test_paths_in_the_workspace_are_relative(house: House, tmp_path: Path) -> None:
    house.run(sample)
    for path in house.workspace.manifests.rglob("*.json"):
        assert str(tmp_path) not in path.read_text()
    moved = tmp_path / "moved"
    house.workspace.root.rename(moved)
    house.workspace = type(house.workspace).open(moved)
    assert set(house.states(sample).values()) == {"reused"}
