"""Runs of eight steps, killed at random moments until they are done."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from tests.proof.harness import Harm, Project
    from tests.proof.samples import STEPS
else:
    from proof.harness import Harm
    from proof.samples import STEPS

SEED = 20261121


@pytest.mark.parametrize(("jobs", "wanted"), [(1, 80), (2, 20)])
@pytest.mark.timeout(900)
def test_killed_runs_go_on_and_repeat_nothing(
    jobs: int, wanted: int, make_eight: Callable[[Path], Project], tmp_path: Path
) -> None:
    undisturbed = make_eight(tmp_path / "undisturbed").run("--jobs", str(jobs))
    answer = undisturbed.result.headline
    moments = moments_until(undisturbed.seconds, random.Random(SEED + jobs))
    kills = 0
    for number in range(wanted):
        if kills < wanted:
            kills += run_until_done(make_eight(tmp_path / str(number)), jobs, answer, moments)
    assert kills >= wanted


def moments_until(seconds: float, chance: random.Random) -> Iterator[float]:
    """Yield moments to kill at, in seconds after the start of a process."""
    while True:
        yield chance.uniform(0.05, 1.0) * seconds


def run_until_done(project: Project, jobs: int, answer: str, moments: Iterator[float]) -> int:
    """Run and kill until a run ends by itself; return how many were killed."""
    kills = 0
    while True:
        begun, kept = project.begun(), project.committed()
        done = project.run("--jobs", str(jobs), harm=Harm(kill_after_s=next(moments)))
        again = {name for name, count in project.begun().items() if count > begun[name]}
        assert not again & kept, "a committed step ran again"
        assert_dead(done.workers)
        if done.code != -9:
            assert done.result.headline == answer
            assert project.committed() == set(STEPS)
            project.assert_whole()
            return kills
        kills += 1


def assert_dead(pids: Sequence[int]) -> None:
    """No worker outlives its coordinator: it would compute beside the run that goes on."""
    until = time.monotonic() + 5
    while any(map(is_alive, pids)):
        assert time.monotonic() < until, "a worker outlives its coordinator"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
