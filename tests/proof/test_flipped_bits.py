"""One bit flipped in each stored file in turn: computed again or clearly refused, never a wrong result."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.proof.harness import Project

SEED = 20261121


@pytest.fixture(scope="module")
def finished(
    make_eight: Callable[[Path], Project], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Project, str]:
    project = make_eight(tmp_path_factory.mktemp("bits"))
    done = project.run()
    shutil.copytree(project.home, project.place / "kept")
    return project, done.result.headline


def restore(project: Project) -> None:
    project.forget()
    shutil.copytree(project.place / "kept", project.home)


def flip(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.chmod(0o644)
    path.write_bytes(data)


def files(project: Project, *patterns: str) -> list[str]:
    kept = project.place / "kept"
    found = (path for pattern in patterns for path in kept.glob(pattern))
    return sorted(
        path.relative_to(kept).as_posix() for path in found if path.is_file() and path.stat().st_size
    )


def test_a_flipped_bit_in_an_artifact_is_computed_again(finished: tuple[Project, str]) -> None:
    project, answer = finished
    chance = random.Random(SEED)
    names = files(project, "objects/??/*/**/*")
    assert len(names) >= 10
    for name in names:
        restore(project)
        flip(project.home / name, chance)
        done = project.run("--force")
        assert done.result.headline == answer
        project.assert_whole()


def test_a_flipped_bit_in_a_record_is_mended_or_refused(finished: tuple[Project, str]) -> None:
    project, answer = finished
    chance = random.Random(SEED)
    refused = 0
    for name in files(project, "manifests/**/*.json", "runs/*/*.jsonl", "doors/*.json"):
        restore(project)
        flip(project.home / name, chance)
        (project.home / "catalogue.sqlite").unlink()  # so that the manifests are read
        done = project.run()
        if done.code == 0:
            assert done.result.headline == answer
        else:
            assert done.code in (1, 2)
            assert "is damaged" in done.err or "newer" in done.err or "epoch" in done.err, done.err
            assert "Traceback" not in done.err
            refused += 1
    assert refused


def test_a_flipped_bit_in_the_index_is_mended(finished: tuple[Project, str]) -> None:
    project, answer = finished
    chance = random.Random(SEED)
    for _ in range(20):
        restore(project)
        flip(project.home / "catalogue.sqlite", chance)
        done = project.run("--force")
        assert done.result.headline == answer
        project.assert_whole()
