"""A disk without room: a clear error, nothing half-written, and the run goes on once there is room again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.proof.harness import Done, Harm, Project
else:
    from proof.harness import Harm

SIZE_KB = 16 * 1024
ROOM_KB = (
    0,
    4,
    8,
    16,
    32,
    64,
    96,
    128,
    192,
    256,
    384,
    512,
    700,
    900,
    1200,
    1600,
    2000,
    2400,
    3000,
    4000,
    6000,
    12000,
)
LIMITS = (
    0,
    1,
    100,
    1_000,
    4_000,
    10_000,
    30_000,
    60_000,
    100_000,
    200_000,
    400_000,
    800_000,
    1_200_000,
    9_000_000,
)


def assert_clear(done: Done, home: Path) -> None:
    """The message names the place and the next step, and is no traceback."""
    assert done.code in (1, 2), (done.code, done.err)
    error = done.err[done.err.index("Error:") :]
    assert str(home) in error
    assert "disk is full" in error
    assert "Free space" in error
    assert "fault of Penstock" not in error
    assert "Traceback" not in done.err


def assert_goes_on(project: Project, kept: set[str], answer: str) -> None:
    begun = project.begun()
    done = project.run()
    assert done.result.headline == answer
    assert not {name for name, count in project.begun().items() if count > begun[name]} & kept
    project.assert_whole()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own; mounting one needs Linux and root."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_KB}k", "tmpfs", str(place)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(command, check=False).returncode:
        pytest.skip("a small file system can be mounted by root on Linux only; the next proof limits sizes")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk(small_disk: Path, make_eight: Callable[[Path], Project], tmp_path: Path) -> None:
    project = make_eight(tmp_path / "project")
    project.home.symlink_to(small_disk / "home")
    answer = make_eight(tmp_path / "roomy").run().result.headline
    failures = 0
    for room_kb in ROOM_KB:
        subprocess.run(["rm", "-rf", str(small_disk / "home")], check=True)
        (small_disk / "home").mkdir()
        fill(small_disk, room_kb)
        done = project.run()
        kept = project.committed()
        (small_disk / "filler").unlink()
        if done.code:
            assert_clear(done, project.home)
            failures += 1
        assert_goes_on(project, kept, answer)
    assert 5 <= failures < len(ROOM_KB)


def fill(disk: Path, room_kb: int) -> None:
    facts = os.statvfs(disk)
    with (disk / "filler").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, facts.f_bavail * facts.f_frsize - room_kb * 1024)


def test_a_limit_on_file_sizes(make_eight: Callable[[Path], Project], tmp_path: Path) -> None:
    answer = make_eight(tmp_path / "roomy").run().result.headline
    failures = 0
    for limit in LIMITS:
        project = make_eight(tmp_path / str(limit))
        done = project.run(harm=Harm(file_limit_bytes=limit))
        kept = project.committed()
        if done.code:
            assert_clear(done, project.home)
            failures += 1
        assert_goes_on(project, kept, answer)
    assert 5 <= failures < len(LIMITS)
