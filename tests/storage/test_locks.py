from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from penstock.domain.errors import LockTimeoutError, StorageError
from penstock.storage.locks import FileLock

HOLD = """
import sys, time
from pathlib import Path
from penstock.storage.locks import FileLock
lock = FileLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "locks" / "a.lock"


def hold(path: Path, script: str = HOLD) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_two_locks_on_one_path_exclude_each_other(path: Path) -> None:
    with FileLock(path) as first:
        assert first.held
        second = FileLock(path)
        with pytest.raises(
            LockTimeoutError, match=rf"held by process {os.getpid()} on .*; gave up after 0 s"
        ):
            second.acquire(timeout_s=0)
        assert not second.held
    second.acquire(timeout_s=0)
    second.release()


def test_locks_on_other_paths_do_not_meet(path: Path) -> None:
    with FileLock(path), FileLock(path.with_name("b.lock")) as other:
        assert other.held


def test_waiting_ends_when_the_holder_releases(path: Path) -> None:
    told: list[str] = []
    first, second = FileLock(path), FileLock(path)

    def let_go(holder: str) -> None:
        told.append(holder)
        first.release()

    first.acquire()
    second.acquire(timeout_s=10, on_wait=let_go)
    assert len(told) == 1
    assert told[0].startswith(f"process {os.getpid()} on ")
    second.release()


def test_free_lock_tells_nobody_to_wait(path: Path) -> None:
    lock = FileLock(path)
    lock.acquire(on_wait=pytest.fail)
    lock.release()


def test_timeout_is_kept(path: Path) -> None:
    with FileLock(path):
        started = time.monotonic()
        with pytest.raises(LockTimeoutError, match=r"gave up after 0\.1 s"):
            FileLock(path).acquire(timeout_s=0.1)
        assert time.monotonic() - started >= 0.1


def test_lock_is_not_re_entrant(path: Path) -> None:
    with FileLock(path) as lock, pytest.raises(StorageError, match="already held by this object"):
        lock.acquire()


def test_releasing_a_free_lock_is_no_error(path: Path) -> None:
    FileLock(path).release()


def test_lock_file_says_nothing_by_being_there(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("process 1 on elsewhere")
    with FileLock(path) as lock:
        assert lock.holder().startswith(f"process {os.getpid()} on ")


def test_holder_is_unknown_without_a_note(path: Path) -> None:
    assert FileLock(path).holder() == "another process"


def test_lock_is_released_when_its_holder_is_killed(path: Path) -> None:
    process = hold(path)
    lock = FileLock(path)
    with pytest.raises(LockTimeoutError, match=f"process {process.pid} on"):
        lock.acquire(timeout_s=0)
    process.send_signal(signal.SIGKILL)
    lock.acquire(timeout_s=10)
    lock.release()
    process.communicate()


def test_forked_child_does_not_keep_the_lock_of_its_killed_parent(path: Path) -> None:
    script = HOLD.replace("print(", "import os\nif os.fork() == 0: time.sleep(30); os._exit(0)\nprint(")
    process = hold(path, script)
    process.send_signal(signal.SIGKILL)
    lock = FileLock(path)
    lock.acquire(timeout_s=20)
    lock.release()
    assert process.stdout is not None
    process.stdout.close()
    process.wait()


def test_removed_file_does_not_let_two_in(path: Path) -> None:
    first = FileLock(path)
    first.acquire()
    path.unlink()
    second = FileLock(path)
    second.acquire(
        timeout_s=0
    )  # a new file, a new lock: nobody may remove the file of a held lock but its holder
    third = FileLock(path)
    with pytest.raises(LockTimeoutError, match="held by"):
        third.acquire(timeout_s=0)
    first.release(remove=True)
    with pytest.raises(LockTimeoutError, match="held by"):
        third.acquire(timeout_s=0)
    second.release()


@pytest.mark.parametrize("remove", [False, True])
def test_at_most_one_of_many_is_inside(path: Path, remove: bool) -> None:
    inside, most = [0], [0]

    def work(_: int) -> None:
        lock = FileLock(path)
        lock.acquire(timeout_s=30)
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.0005)
        inside[0] -= 1
        lock.release(remove=remove)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(80)))
    assert most == [1]
    assert path.exists() is not remove


def test_lock_file_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot open the lock file"):
        FileLock(tmp_path / "file" / "a.lock").acquire()
