from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from penstock.domain.errors import PipelineError, StorageError
from penstock.storage.artifacts import ArtifactRef
from penstock.storage.codecs import load, save
from penstock.storage.codecs.trees import TreeCodec
from penstock.storage.local import LocalStore


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    (folder / "model" / "empty").mkdir(parents=True)
    (folder / "model" / "weights").write_bytes(b"weights")
    (folder / "CARD.md").write_text("card")
    return folder


def loaded(store: LocalStore, ref: ArtifactRef) -> Path:
    path = load(store, ref)
    assert isinstance(path, Path)
    return path


def test_file_comes_back_with_its_name(store: LocalStore, tree: Path) -> None:
    again = loaded(store, save(store, tree / "CARD.md"))
    assert (again.name, again.read_text()) == ("CARD.md", "card")
    assert again.is_relative_to(store.root)


def test_folder_comes_back(store: LocalStore, tree: Path) -> None:
    again = loaded(store, save(store, tree))
    assert (again / "model" / "weights").read_bytes() == b"weights"
    assert (again / "CARD.md").read_text() == "card"
    assert not (again / "CARD.md").stat().st_mode & 0o222


def test_source_may_go_and_the_copy_may_be_stored_again(store: LocalStore, tree: Path) -> None:
    ref = save(store, tree)
    shutil.rmtree(tree)
    again = save(store, loaded(store, ref))
    assert (again.digest, again.logical) == (ref.digest, ref.logical)


def test_name_of_a_folder_does_not_count_and_that_of_a_file_does(store: LocalStore, tree: Path) -> None:
    before, file = save(store, tree), save(store, tree / "CARD.md")
    assert save(store, tree.rename(tree.with_name("other"))).logical == before.logical
    moved = tree.with_name("other") / "CARD.md"
    assert save(store, moved).logical == file.logical
    assert save(store, moved.rename(moved.with_name("NOTE.md"))).logical != file.logical


def test_content_counts(store: LocalStore, tree: Path) -> None:
    before = save(store, tree)
    (tree / "model" / "weights").write_bytes(b"Weights")
    assert save(store, tree).logical != before.logical


def test_links_are_followed(store: LocalStore, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "model").symlink_to(tree / "model")
    (tmp_path / "links" / "CARD.md").symlink_to(tree / "CARD.md")
    ref = save(store, tmp_path / "links")
    assert ref.logical == save(store, tree).logical
    assert not any(path.is_symlink() for path in loaded(store, ref).rglob("*"))


def test_folder_that_contains_itself_is_refused(store: LocalStore, tree: Path) -> None:
    (tree / "loop").symlink_to(tree)
    with pytest.raises(StorageError, match="the link leads to a folder that it lies in"):
        save(store, tree)


def test_missing_file_is_told(store: LocalStore, tree: Path) -> None:
    with pytest.raises(
        PipelineError, match="there is no such file or folder; write it before returning its path"
    ):
        save(store, tree / "nothing")


def test_foreign_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="it has neither"):
        TreeCodec().read(tmp_path, "pathlib:PosixPath")
