"""Eight processes at once on the same pipeline, and what becomes of those who wait for one that dies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.proof.harness import Harm, Project
    from tests.proof.samples import STEPS
else:
    from proof.harness import Harm
    from proof.samples import STEPS

COPIES = 8


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_step_runs_once_and_all_get_the_same(
    jobs: int, make_eight: Callable[[Path], Project], tmp_path: Path
) -> None:
    alone = make_eight(tmp_path / "alone").run()
    project = make_eight(tmp_path / "together")
    all_done = project.runs("--jobs", str(jobs), harm=Harm(copies=COPIES))
    assert len({done.result.run_id for done in all_done}) == COPIES
    assert {done.result.digest for done in all_done} == {alone.result.digest}
    assert project.begun() == dict.fromkeys(STEPS, 1)
    ran = [step for done in all_done for step, state in done.states.items() if state == "ran"]
    assert sorted(ran) == sorted(STEPS)
    project.assert_whole()


@pytest.mark.parametrize("step", STEPS)
def test_who_waits_for_a_dead_process_goes_on(
    step: str, make_eight: Callable[[Path], Project], tmp_path: Path
) -> None:
    alone = make_eight(tmp_path / "alone").run()
    project = make_eight(tmp_path / "together")
    killed, *others = project.runs("seconds=0.2", harm=Harm(copies=3, kill_when=project.log / step))
    assert killed.code == -9
    assert {done.result.headline for done in others} == {alone.result.headline}
    assert max(project.begun().values()) <= 2
    assert sum(project.begun().values()) <= len(STEPS) + 1
    project.assert_whole()
