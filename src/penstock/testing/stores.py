"""The contract of an artifact store: subclass :class:`ArtifactStoreContract` and say how to make one and look inside."""

# ruff: noqa: S101 - assertions are what a contract suite is made of

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Generic, TypeVar

import pytest

from penstock.domain.errors import ArtifactCorruptError, ArtifactMissingError, StorageError
from penstock.domain.values import Digest
from penstock.storage.artifacts import ArtifactStore

S = TypeVar("S", bound=ArtifactStore)
FILES = {"value.json": b'{"a":1}', "parts/0/array.npy": bytes(range(256)), "parts/1/empty": b""}
UNKNOWN = Digest("0" * 64)
THREADS = 8


def address(files: Mapping[str, bytes]) -> Digest:
    """Return the digest under which these files are stored, worked out the slow way."""
    lines = [
        name.encode() + b"\0" + hashlib.sha256(files[name]).hexdigest().encode() for name in sorted(files)
    ]
    return Digest(hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest())


def writer(files: Mapping[str, bytes]) -> Callable[[Path], None]:
    """Return a function that writes these files into a folder."""

    def write(folder: Path) -> None:
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    return write


def files_in(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder by relative name."""
    places = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    return {place.relative_to(folder).as_posix(): place.read_bytes() for place in places}


class ArtifactStoreContract(ABC, Generic[S]):
    """What every artifact store keeps; pytest collects the subclass.

    ``raw_put``, ``raw_files`` and ``raw_damage`` must go round the store, straight to where its bytes lie.
    """

    @abstractmethod
    def make_store(self, folder: Path) -> S:
        """Return a store whose content lies in ``folder``; a second one on the same folder shares it."""

    @abstractmethod
    def raw_put(self, store: S, digest: Digest, files: Mapping[str, bytes]) -> None:
        """Place files as the artifact ``digest``, whether or not they match it."""

    @abstractmethod
    def raw_files(self, store: S, digest: Digest) -> dict[str, bytes] | None:
        """Return the files of an artifact, or ``None`` if there is none."""

    @abstractmethod
    def raw_damage(self, store: S, digest: Digest) -> None:
        """Flip one bit of an artifact."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> S:
        """Return an empty store."""
        return self.make_store(tmp_path / "store")

    def test_put_stores_the_files_under_the_digest_of_their_bytes(self, store: S) -> None:
        """The address is the digest, so that two stores agree."""
        stored = store.put(writer(FILES))
        assert stored.digest == address(FILES)
        assert stored.size_bytes == sum(map(len, FILES.values()))
        assert self.raw_files(store, stored.digest) == FILES

    def test_get_returns_what_lies_there(self, store: S) -> None:
        """Reading does not depend on who wrote."""
        self.raw_put(store, address(FILES), FILES)
        assert files_in(store.get(address(FILES))) == FILES

    def test_equal_files_are_stored_once(self, store: S) -> None:
        """Putting is idempotent, whatever the order in which files are written."""
        first = store.put(writer(FILES))
        second = store.put(writer(dict(reversed(FILES.items()))))
        assert first == second
        assert [entry.digest for entry in store.entries()] == [first.digest]

    @pytest.mark.parametrize(
        "other",
        [{"value.json": b'{"a":2}'}, {"value.JSON": b'{"a":1}'}, {"a/value.json": b'{"a":1}'}, {}],
    )
    def test_names_and_bytes_make_the_digest(self, store: S, other: Mapping[str, bytes]) -> None:
        """Any difference gives another artifact."""
        assert store.put(writer(other)).digest != store.put(writer({"value.json": b'{"a":1}'})).digest

    def test_stored_artifact_cannot_be_written_through_what_get_returns(self, store: S) -> None:
        """Nobody alters a result by accident."""
        folder = store.get(store.put(writer(FILES)).digest)
        assert not any(path.stat().st_mode & 0o222 for path in folder.rglob("*") if path.is_file())

    def test_failing_build_stores_nothing(self, store: S) -> None:
        """The exception passes through and the store is as before."""

        def fail(folder: Path) -> None:
            writer(FILES)(folder)
            raise ValueError("half-way")

        with pytest.raises(ValueError, match="half-way"):
            store.put(fail)
        assert list(store.entries()) == []

    def test_missing_artifact_is_named(self, store: S) -> None:
        """The error says which artifact is missing."""
        with pytest.raises(ArtifactMissingError, match=f"no artifact {UNKNOWN}"):
            store.get(UNKNOWN)

    def test_flipped_bit_is_found_and_the_artifact_moved_aside(self, store: S) -> None:
        """A corrupt artifact is never returned, and can be stored again."""
        digest = store.put(writer(FILES)).digest
        store.get(digest)
        self.raw_damage(store, digest)
        with pytest.raises(ArtifactCorruptError, match=r"moved to .* computed again"):
            store.get(digest)
        assert not store.has(digest)
        assert store.put(writer(FILES)).digest == digest
        assert files_in(store.get(digest)) == FILES

    def test_another_reader_finds_the_flipped_bit_too(self, store: S, tmp_path: Path) -> None:
        """What one reader verified is not what another may trust."""
        digest = store.put(writer(FILES)).digest
        self.raw_damage(store, digest)
        with pytest.raises(ArtifactCorruptError, match=digest):
            self.make_store(tmp_path / "store").get(digest)

    @pytest.mark.parametrize("change", ["lost", "new", "renamed"])
    def test_lost_new_and_renamed_files_are_found(self, store: S, change: str) -> None:
        """The names of files are part of what is verified."""
        wrong = dict(FILES)
        if change != "new":
            data = wrong.pop("value.json")
        if change != "lost":
            wrong["other"] = data if change == "renamed" else b""
        self.raw_put(store, address(FILES), wrong)
        with pytest.raises(ArtifactCorruptError, match="corrupt"):
            store.get(address(FILES))

    def test_putting_over_a_corrupt_artifact_mends_it(self, store: S) -> None:
        """What was damaged is not taken for what is there already."""
        self.raw_put(store, address(FILES), {**FILES, "value.json": b"{}"})
        store.put(writer(FILES))
        assert self.raw_files(store, address(FILES)) == FILES

    def test_deleted_artifact_is_gone(self, store: S) -> None:
        """Deleting twice is no error."""
        digest = store.put(writer(FILES)).digest
        store.delete(digest)
        store.delete(digest)
        assert not store.has(digest)
        assert self.raw_files(store, digest) is None

    def test_entries_tell_size_and_last_use(self, store: S) -> None:
        """The least recently used can be found."""
        old = store.put(writer(FILES)).digest
        new = store.put(writer({"b": b"bb"})).digest
        time.sleep(0.02)
        store.touch(old)
        entries = {entry.digest: entry for entry in store.entries()}
        assert list(entries) == sorted([old, new])
        assert entries[new].size_bytes == len(b"bb")
        assert entries[old].last_used > entries[new].last_used
        assert abs(datetime.now(UTC) - entries[old].last_used) < timedelta(minutes=5)

    def test_storing_again_counts_as_use(self, store: S) -> None:
        """What a run just made must not be the first to go."""
        old = store.put(writer(FILES)).digest
        new = store.put(writer({"b": b"bb"})).digest
        time.sleep(0.02)
        store.put(writer(FILES))
        used = {entry.digest: entry.last_used for entry in store.entries()}
        assert used[old] > used[new]

    def test_touching_what_is_not_there_is_no_error(self, store: S) -> None:
        """It may have been evicted a moment ago."""
        store.touch(UNKNOWN)
        assert not store.has(UNKNOWN)

    @pytest.mark.parametrize("key", ["", "../" * 22, "a" * 63, "A" * 64, "/etc/passwd", "0" * 64 + "/.."])
    def test_keys_that_are_no_digests_are_refused(self, store: S, key: str) -> None:
        """No key leads out of the store."""
        for method in (store.get, store.has, store.delete, store.touch):
            with pytest.raises(StorageError, match="64 hexadecimal digits"):
                method(Digest(key))

    def test_many_threads_store_the_same(self, store: S) -> None:
        """All succeed, one artifact is there, and it is whole."""
        with ThreadPoolExecutor(THREADS) as pool:
            digests = list(pool.map(lambda _: store.put(writer(FILES)).digest, range(2 * THREADS)))
        assert set(digests) == {address(FILES)}
        assert files_in(store.get(digests[0])) == FILES

    def test_readers_find_the_whole_or_nothing(self, store: S) -> None:
        """While one thread stores and deletes, another, which verifies, never meets a part."""

        def churn() -> None:
            for _ in range(20):
                store.delete(store.put(writer(FILES)).digest)

        with ThreadPoolExecutor(1) as pool:
            work = pool.submit(churn)
            while not work.done():
                with contextlib.suppress(ArtifactMissingError):
                    store.get(address(FILES))
            work.result()
