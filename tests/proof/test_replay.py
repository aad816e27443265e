"""Replays killed at random moments until they are done: no finished chunk is repeated, and the answer is the same."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from penstock.engine.journal import Journal
from penstock.testing.panels import START

if TYPE_CHECKING:
    from tests.app.past import CONFIG, SYSTEM, history
    from tests.proof.harness import Done, Harm, Project
    from tests.proof.test_kills import assert_dead, moments_until
else:
    from app.past import CONFIG, SYSTEM, history
    from proof.harness import Harm
    from proof.test_kills import assert_dead, moments_until

SEED = 20261121
CHUNKS = 8
COMMAND = (
    *("replay", "sample", "--json", "--quiet", "--every", "6h", "--refit", "2d"),
    *("--from", f"{START + timedelta(days=10):%Y-%m-%d}", "--to", f"{START + timedelta(days=14):%Y-%m-%d}"),
    *("model.kind=linear", "replay.chunk=2"),
)


@pytest.mark.parametrize(("jobs", "wanted"), [(1, 35), (2, 15)])
@pytest.mark.timeout(900)
def test_killed_replays_go_on_and_repeat_no_finished_chunk(
    jobs: int, wanted: int, make_project: Callable[..., Project], tmp_path: Path
) -> None:
    history().write_parquet(tmp_path / "history.parquet")

    def project(name: str) -> Project:
        files = {"system.py": SYSTEM, "config.yaml": f"history: {tmp_path / 'history.parquet'}\n{CONFIG}"}
        return make_project(files, tmp_path / name)

    undisturbed = replay(project("undisturbed"), jobs)
    answer = result(undisturbed)
    moments = moments_until(undisturbed.seconds, random.Random(SEED + jobs))
    kills = 0
    while kills < wanted:
        kills += replay_until_done(project(str(kills)), jobs, answer, moments)


def replay(project: Project, jobs: int, harm: Harm | None = None) -> Done:
    command = (*COMMAND, "--jobs", str(jobs))
    return project.launcher.run(project.place, command, project.environment(), harm)[0]


def result(done: Done) -> tuple[str, Any]:
    assert done.code == 0, done.err
    told = json.loads(done.out)
    return told["digest"], told["metrics"]


def replay_until_done(project: Project, jobs: int, answer: tuple[str, Any], moments: Iterator[float]) -> int:
    """Replay and kill until a replay ends by itself; return how many were killed."""
    kills = 0
    while True:
        kept, before = project.committed(), committed_by_runs(project)
        done = replay(project, jobs, Harm(kill_after_s=next(moments)))
        news = committed_by_runs(project) - before
        assert not set(news) & kept, "a finished chunk was repeated"
        assert_dead(done.workers)
        if done.code != -9:
            assert result(done) == answer
            assert set(committed_by_runs(project).values()) == {1}
            assert sum(name.startswith("slots-") for name in project.committed()) == CHUNKS
            return kills
        kills += 1


def committed_by_runs(project: Project) -> Counter[str]:
    """Return how often runs, killed ones too, say that they committed each step."""
    lines = [
        line
        for journal in (project.home / "runs").glob("*/journal.jsonl")
        for line in Journal(path=journal).read()
    ]
    return Counter(str(line["step"]) for line in lines if line["event"] == "step_committed")
