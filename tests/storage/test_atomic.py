from __future__ import annotations

import errno
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from penstock.domain.errors import StorageError
from penstock.storage.atomic import create_atomic, disk_errors, free_mb, write_atomic

Write = Callable[[Path, bytes], object]
WRITERS = pytest.mark.parametrize("write", [write_atomic, create_atomic])


def failing(number: int) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@WRITERS
def test_bytes_arrive_and_nothing_else(tmp_path: Path, write: Write) -> None:
    path = tmp_path / "new" / "file"
    write(path, b"data")
    assert path.read_bytes() == b"data"
    assert list(path.parent.iterdir()) == [path]


def test_write_replaces(tmp_path: Path) -> None:
    write_atomic(tmp_path / "file", b"old")
    write_atomic(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_create_keeps_what_is_there(tmp_path: Path) -> None:
    assert create_atomic(tmp_path / "file", b"first")
    assert not create_atomic(tmp_path / "file", b"second")
    assert (tmp_path / "file").read_bytes() == b"first"
    assert len(list(tmp_path.iterdir())) == 1


def test_of_many_creators_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: create_atomic(path, bytes([number]) * 100), range(8)))
    assert sum(won) == 1
    assert path.read_bytes() == bytes([won.index(True)]) * 100


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_create_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(os, "link", failing(number))
    assert create_atomic(tmp_path / "file", b"first")
    assert not create_atomic(tmp_path / "file", b"second")
    assert (tmp_path / "file").read_bytes() == b"first"
    assert len(list(tmp_path.iterdir())) == 1


@WRITERS
@pytest.mark.parametrize("call", ["fsync", "write"])
def test_full_disk_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write, call: str
) -> None:
    old = tmp_path / "old"
    old.write_bytes(b"old")
    with monkeypatch.context() as patch:
        if call == "fsync":
            patch.setattr(os, "fsync", failing(errno.ENOSPC))
        else:
            patch.setattr(Path, "open", failing(errno.EDQUOT))
        with pytest.raises(
            StorageError, match=r"cannot write .*disk is full \([\d,]+ MB free\).* then run again"
        ):
            write(old if write is write_atomic else tmp_path / "new", b"new")
    assert old.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [old]


@WRITERS
def test_folder_that_is_a_file_passes_through(tmp_path: Path, write: Write) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        write(tmp_path / "file" / "below", b"data")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "x"), "disk is full"),
        (OSError(errno.EFBIG, "x"), "size limit"),
        (OSError(errno.EROFS, "x"), "read-only file system. Make the folder writable"),
        (OSError("600000 requested and 445936 written"), "disk is full"),
        (RuntimeError("failed: No space left on device (os error 28)"), "disk is full"),
    ],
)
def test_disk_faults_are_told(tmp_path: Path, error: Exception, message: str) -> None:
    with pytest.raises(StorageError, match=message) as caught, disk_errors(tmp_path):
        raise error
    assert caught.value.__cause__ is error


def test_other_errors_pass_unchanged(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="x"), disk_errors(tmp_path):
        raise KeyError("x")
    with pytest.raises(StorageError, match="no space left in this text"), disk_errors(tmp_path):
        raise StorageError("no space left in this text")


def test_free_space_of_a_path_that_is_not_there_yet(tmp_path: Path) -> None:
    assert free_mb(tmp_path / "a" / "b") > 0
