"""The same digests, whoever runs the steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.proof.harness import Project


def test_executors_make_the_same(make_eight: Callable[[Path], Project], tmp_path: Path) -> None:
    results = [make_eight(tmp_path / str(jobs)).run("--jobs", str(jobs)).result for jobs in (1, 2, 4)]
    assert len({result.digest for result in results}) == 1
    digests = [{step.name: step.digest for step in result.steps} for result in results]
    assert digests[0] == digests[1] == digests[2]
    assert all({step.state for step in result.steps} == {"ran"} for result in results)
