from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.domain.errors import PipelineError, StepError
from penstock.domain.events import Event, StepFinished, StepWaiting
from penstock.engine.journal import Journal
from penstock.engine.records import EffectRecord, Undeclared
from penstock.storage.locks import FileLock

if TYPE_CHECKING:
    from tests.engine.conftest import Ears, House
    from tests.engine.sample.steps import (
        given,
        hurried,
        noted,
        numbers,
        peeking,
        resuming,
        sent,
        total,
        unsaveable,
        wrongly_declared,
    )
else:
    from engine.conftest import Ears
    from engine.sample.steps import (
        given,
        hurried,
        noted,
        numbers,
        peeking,
        resuming,
        sent,
        total,
        unsaveable,
        wrongly_declared,
    )


def test_the_same_call_twice_runs_once(house: House) -> None:
    states = house.states(lambda: total(numbers(3), total(numbers(3))))
    assert states == {"numbers": "ran", "total": "ran", "numbers.2": "reused", "total.2": "ran"}


def test_the_same_call_twice_runs_once_in_a_pool(pool: House) -> None:
    states = pool.states(lambda: [numbers(3), numbers(3), numbers(3)])
    assert sorted(states.values()) == ["ran", "reused", "reused"]


def test_an_undeclared_file_is_named_and_the_result_not_reused(house: House, tmp_path: Path) -> None:
    (tmp_path / "peeked.txt").write_text("one")
    first = house.run(lambda: peeking(str(tmp_path)))
    (step,) = first.record.steps
    assert step.undeclared == (Undeclared(kind="file", name=str(tmp_path / "peeked.txt")),)
    assert "will not be reused: undeclared file" in step.report.reason
    (tmp_path / "peeked.txt").write_text("two")
    second = house.run(lambda: peeking(str(tmp_path)))
    assert second.output("peeking") == "two"
    assert second.record.steps[0].report.reason.startswith("its last result is not reusable: undeclared file")
    assert first.output("peeking") == "one"


def test_what_a_limit_of_time_cut_short_is_tried_again_and_what_follows_reused(house: House) -> None:
    first, second = (house.run(lambda: total(hurried("limit_s=60"))) for _ in range(2))
    assert [step.report.state for step in first.record.steps] == ["ran", "ran"]
    assert first.record.steps[0].undeclared == (Undeclared(kind="limit of time", name="limit_s=60"),)
    assert [step.report.state for step in second.record.steps] == ["ran", "reused"]
    assert second.record.steps[0].report.reason.startswith(
        "its last result is not reusable: undeclared limit of time limit_s=60"
    )


def test_a_file_edited_while_its_step_runs_spoils_the_result(house: House, tmp_path: Path) -> None:
    path = tmp_path / "given.txt"
    path.write_text("one")

    class Editor:
        def on(self, event: object) -> None:
            if type(event).__name__ == "StepStarted":
                path.write_text("two")

    house.ears = Editor()  # type: ignore[assignment] # only listens
    edited = house.run(lambda: given(path))
    assert edited.output("given") == "two"
    assert edited.record.steps[0].undeclared == (
        Undeclared(kind="edit during the run of file", name=str(path)),
    )
    path.write_text("one")
    house.ears = type(house)(house.workspace).ears
    assert house.run(lambda: given(path)).output("given") == "one"


def test_a_step_whose_file_is_missing_is_refused(house: House) -> None:
    with pytest.raises(PipelineError, match=r"declares that it reads 'absent.txt', but .* does not exist"):
        house.run(wrongly_declared)


def test_an_output_that_no_codec_knows_fails_with_its_type(house: House) -> None:
    with pytest.raises(PipelineError, match="object"):
        house.run(unsaveable)


def test_a_step_goes_on_from_what_a_failed_attempt_left(house: House, tmp_path: Path) -> None:
    with pytest.raises(StepError, match="first time"):
        house.run(lambda: resuming(str(tmp_path)))
    assert len(list(house.workspace.scratch.iterdir())) == 1
    assert house.run(lambda: resuming(str(tmp_path))).output("resuming") == "left behind"
    assert list(house.workspace.scratch.iterdir()) == []


@dataclass(kw_only=True)
class LetsGoWhenAwaited(Ears):
    """Holds the lock for somebody else until a run says that it waits."""

    lock: FileLock

    def on(self, event: Event) -> None:
        super().on(event)
        if isinstance(event, StepWaiting):
            self.lock.release()


def test_who_waits_for_another_process_says_so_once_and_goes_on(house: House) -> None:
    fingerprint = house.run(lambda: numbers(3)).record.steps[0].fingerprint
    other = type(house)(type(house.workspace).open(house.workspace.root.parent / "other"))
    lock = FileLock(other.workspace.locks / f"{fingerprint}.lock")
    lock.acquire()
    other.ears = LetsGoWhenAwaited(lock=lock)
    assert other.states(lambda: numbers(3)) == {"numbers": "ran"}
    waiting = [event for event in other.ears.heard if isinstance(event, StepWaiting)]
    assert [event.step for event in waiting] == ["numbers"]
    assert "process" in waiting[0].holder


def test_locks_are_given_back_after_a_failure(house: House, tmp_path: Path) -> None:
    with pytest.raises(StepError):
        house.run(lambda: resuming(str(tmp_path)))
    assert [path.name for path in house.workspace.locks.iterdir()] == ["catalogue.lock"]


def test_an_effect_is_carried_out_once_for_its_key(house: House, tmp_path: Path) -> None:
    first = house.run(lambda: sent(7, str(tmp_path)))
    second = house.run(lambda: sent(7, str(tmp_path), aside=1))
    assert (tmp_path / "sent.txt").read_text() == "7 by run-1\n"
    report = second.record.steps[0].report
    assert (report.state, report.reason) == ("reused", "carried out by run run-1 for the same value")
    assert first.output("sent") == second.output("sent") == "sent 7"
    assert house.states(lambda: sent(8, str(tmp_path))) == {"sent": "ran"}


def test_an_effect_without_a_key_is_carried_out_in_every_run(house: House, tmp_path: Path) -> None:
    for _ in range(2):
        assert house.states(lambda: noted(7, str(tmp_path))) == {"noted": "ran"}
    assert (tmp_path / "sent.txt").read_text() == "7 by run-1\n7 by run-2\n"


def test_an_effect_may_touch_the_world(house: House, tmp_path: Path) -> None:
    (tmp_path / "sent.txt").write_text("")
    step = house.run(lambda: sent(7, str(tmp_path))).record.steps[0]
    assert step.undeclared == ()
    assert step.report.reason == "an effect, not yet carried out for this value"
    assert list(house.workspace.scratch.iterdir()) == []


def test_an_effect_is_journalled_before_and_after(house: House, tmp_path: Path) -> None:
    house.run(lambda: sent(7, str(tmp_path)))
    lines = list(Journal(path=house.workspace.runs / "run-1/journal.jsonl").read())
    assert [line["event"] for line in lines][1:-1] == ["effect_begins", "step_committed"]
    assert house.engine().catalogue.get("effect", str(lines[1]["key"]), EffectRecord) is not None


def test_parameters_are_shown_when_a_step_ends(house: House) -> None:
    house.run(lambda: total(numbers(3), extra=4))
    finished = [event for event in house.ears.heard if isinstance(event, StepFinished)]
    assert [event.params for event in finished] == [{"count": "3"}, {"extra": "4"}]
