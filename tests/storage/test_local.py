from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from penstock.domain.errors import StorageError
from penstock.domain.values import Digest
from penstock.storage.local import LocalStore
from penstock.testing.stores import FILES, ArtifactStoreContract, address, files_in, writer


class TestLocalStore(ArtifactStoreContract[LocalStore]):
    def make_store(self, folder: Path) -> LocalStore:
        return LocalStore(folder)

    def raw_put(self, store: LocalStore, digest: Digest, files: Mapping[str, bytes]) -> None:
        place = store.root / digest[:2] / digest
        place.mkdir(parents=True)
        writer(files)(place)

    def raw_files(self, store: LocalStore, digest: Digest) -> dict[str, bytes] | None:
        place = store.root / digest[:2] / digest
        return files_in(place) if place.exists() else None

    def raw_damage(self, store: LocalStore, digest: Digest) -> None:
        file = store.root / digest[:2] / digest / "parts/0/array.npy"
        data = bytearray(file.read_bytes())
        data[7] ^= 0b100
        file.chmod(0o644)
        file.write_bytes(data)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def test_nothing_is_left_in_partial(store: LocalStore) -> None:
    store.put(writer(FILES))
    store.put(writer(FILES))
    store.delete(address(FILES))
    assert list((store.root / "partial").iterdir()) == []


def test_corrupt_artifact_is_kept_in_quarantine(store: LocalStore) -> None:
    digest = store.put(writer(FILES)).digest
    file = store.root / digest[:2] / digest / "value.json"
    file.chmod(0o644)
    file.write_bytes(b"{}")
    with pytest.raises(StorageError, match="quarantine"):
        store.get(digest)
    (aside,) = (store.root / "quarantine").iterdir()
    assert files_in(aside) == {**FILES, "value.json": b"{}"}


def test_bytecode_that_python_wrote_beside_stored_code_is_removed(store: LocalStore) -> None:
    digest = store.put(writer(FILES)).digest
    cache = store.root / digest[:2] / digest / "__pycache__"
    cache.mkdir()
    (cache / "loader.cpython-311.pyc").write_bytes(b"bytecode")
    assert files_in(store.get(digest)) == FILES
    assert not cache.exists()


def test_bytecode_does_not_hide_another_change(store: LocalStore) -> None:
    digest = store.put(writer(FILES)).digest
    folder = store.root / digest[:2] / digest
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "loader.cpython-311.pyc").write_bytes(b"bytecode")
    (folder / "more.json").write_bytes(b"{}")
    with pytest.raises(StorageError, match="corrupt"):
        store.get(digest)


def test_bytecode_that_was_stored_counts(store: LocalStore) -> None:
    files = {**FILES, "__pycache__/own.pyc": b"own"}
    digest = store.put(writer(files)).digest
    assert files_in(LocalStore(store.root).get(digest)) == files


def test_verified_artifact_is_not_hashed_again(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = store.put(writer(FILES)).digest
    store.get(digest)
    monkeypatch.setattr("penstock.storage.local.digest_file", lambda _: pytest.fail("hashed again"))
    assert store.get(digest).name == digest


def test_same_size_and_time_do_not_hide_a_change(store: LocalStore) -> None:
    digest = store.put(writer(FILES)).digest
    file = store.get(digest) / "value.json"
    before = file.stat()
    file.chmod(0o644)
    file.write_bytes(FILES["value.json"].replace(b"1", b"2"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(StorageError, match="corrupt"):
        store.get(digest)


@pytest.mark.parametrize("kind", ["file link", "folder link", "pipe"])
def test_only_regular_files_are_stored(store: LocalStore, tmp_path: Path, kind: str) -> None:
    def build(folder: Path) -> None:
        match kind:
            case "file link":
                (folder / "odd").symlink_to(tmp_path / "secret")
            case "folder link":
                (folder / "odd").symlink_to(tmp_path)
            case _:
                os.mkfifo(folder / "odd")

    with pytest.raises(StorageError, match="'odd': an artifact holds regular files only"):
        store.put(build)
    assert list(store.entries()) == []


def test_full_disk_is_reported_and_leaves_nothing(store: LocalStore) -> None:
    def build(folder: Path) -> None:
        (folder / "a").write_bytes(b"some")
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match=r"disk is full .* MB free.*penstock cache gc"):
        store.put(build)
    assert list((store.root / "partial").iterdir()) == []


def test_full_disk_told_by_a_library_is_recognised(store: LocalStore) -> None:
    def build(_folder: Path) -> None:
        raise RuntimeError("IO error: No space left on device (os error 28)")

    with pytest.raises(StorageError, match="disk is full"):
        store.put(build)


def test_store_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Not a directory"):
        LocalStore(tmp_path / "file" / "store").put(writer(FILES))


def test_size_limit_of_the_process_leaves_nothing(tmp_path: Path) -> None:
    script = """
import resource, sys
from pathlib import Path
from penstock.domain.errors import StorageError
from penstock.storage.local import LocalStore
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    LocalStore(Path(sys.argv[1])).put(lambda folder: (folder / "big").write_bytes(bytes(20_000)))
except StorageError as error:
    sys.exit(str(error))
"""
    done = run(script, tmp_path)
    assert "the disk is full" in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_killed_writer_leaves_nothing_half_written(store: LocalStore, tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from penstock.storage import local
def build(folder):
    (folder / "a").write_bytes(b"a" * 1000)
    os.kill(os.getpid(), 9)
local.LocalStore(Path(sys.argv[1])).put(build)
"""
    assert run(script, store.root).returncode == -9
    assert list(store.entries()) == []
    assert store.sweep(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert store.sweep(datetime.now(UTC) + timedelta(hours=1)) == 1
    assert list((store.root / "partial").iterdir()) == []


def test_eight_processes_store_the_same(store: LocalStore) -> None:
    script = """
import sys
from pathlib import Path
from penstock.storage.local import LocalStore
store = LocalStore(Path(sys.argv[1]))
for number in range(10):
    stored = store.put(lambda folder: (folder / "a").write_bytes(bytes([number]) * 1000))
    store.get(stored.digest)
"""
    processes = [subprocess.Popen([sys.executable, "-c", script, str(store.root)]) for _ in range(8)]
    assert [process.wait() for process in processes] == [0] * 8
    entries = list(store.entries())
    assert len(entries) == 10
    assert all(files_in(store.get(entry.digest)) for entry in entries)


def test_store_can_be_moved(store: LocalStore, tmp_path: Path) -> None:
    digest = store.put(writer(FILES)).digest
    store.root.rename(tmp_path / "moved")
    assert files_in(LocalStore(tmp_path / "moved").get(digest)) == FILES


def test_entries_leave_out_what_is_no_artifact(store: LocalStore) -> None:
    store.put(writer(FILES))
    (store.root / "ab" / "notes").mkdir(parents=True)
    assert [entry.digest for entry in store.entries()] == [address(FILES)]


def run(script: str, root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, str(root)], capture_output=True, text=True, check=False
    )
