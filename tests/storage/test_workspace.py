from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import StorageError, WorkspaceError
from penstock.storage.workspace import Workspace, default_root


def test_opening_makes_and_stamps_the_folder(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "new" / "workspace")
    assert json.loads((workspace.root / "workspace.json").read_text()) == {"format": 1}
    assert (workspace.root / ".gitignore").read_text() == "*\n"


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    first = Workspace.open(tmp_path)
    (tmp_path / ".gitignore").unlink()
    before = (tmp_path / "workspace.json").stat().st_mtime_ns
    assert Workspace.open(tmp_path) == first
    assert (tmp_path / "workspace.json").stat().st_mtime_ns == before


def test_folders_are_made_on_demand(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    assert not (tmp_path / "objects").exists()
    places = [
        workspace.objects,
        workspace.manifests,
        workspace.runs,
        workspace.locks,
        workspace.scratch,
        workspace.tracking,
    ]
    assert all(place.is_dir() and place.parent == tmp_path for place in places)
    assert len(set(places)) == len(places)
    assert workspace.catalogue.parent == tmp_path


def test_relative_root_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Workspace.open(Path("here")).root == tmp_path / "here"


@pytest.mark.parametrize("below", ["", "workspace"])
def test_file_in_place_of_the_folder_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match=r"file is not a folder; set PENSTOCK_HOME"):
        Workspace.open(tmp_path / "file" / below)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "read-only file system"),
        (errno.EACCES, "permission denied"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_refusing_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, message: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(WorkspaceError, match=message):
        Workspace.open(tmp_path / "new")


def test_read_only_workspace_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Workspace.open(tmp_path)
    monkeypatch.setattr(os, "access", lambda *_: False)  # as on a read-only disk; root passes mode bits
    with pytest.raises(WorkspaceError, match="is read-only; make it writable or set PENSTOCK_HOME"):
        Workspace.open(tmp_path)


@pytest.mark.parametrize("found", ["2", "0", "-1", '"1"', "null", "1.5", "[1]"])
def test_other_formats_are_refused(tmp_path: Path, found: str) -> None:
    (tmp_path / "workspace.json").write_text(f'{{"format": {found}}}')
    with pytest.raises(WorkspaceError, match="this Penstock reads formats 1 to 1; upgrade Penstock"):
        Workspace.open(tmp_path)


@pytest.mark.parametrize("stamp", [b"", b"{", b"[]", b"{}", b"\xff", b"7"])
def test_damaged_stamp_is_shown(tmp_path: Path, stamp: bytes) -> None:
    (tmp_path / "workspace.json").write_bytes(stamp)
    with pytest.raises(WorkspaceError, match="is not the stamp of a workspace"):
        Workspace.open(tmp_path)


@given(st.lists(st.from_regex(r"[a-zé .]{0,5}[a-z]", fullmatch=True), min_size=1, max_size=4))
def test_stored_paths_come_back(parts: list[str]) -> None:
    workspace = Workspace(Path("/somewhere/else"))
    path = workspace.root.joinpath(*parts)
    assert not workspace.relative(path).startswith("/")
    assert workspace.absolute(workspace.relative(path)) == path


@pytest.mark.parametrize("path", ["/etc/passwd", "..", "runs/../../x", "../workspace2/x"])
def test_paths_outside_are_refused(tmp_path: Path, path: str) -> None:
    workspace = Workspace.open(tmp_path / "workspace")
    with pytest.raises(StorageError, match="lies outside the workspace"):
        workspace.relative(Path(path))
    with pytest.raises(StorageError, match="would leave the workspace"):
        workspace.absolute(path)


@pytest.mark.parametrize("path", ["C:/x", "C:x", "..\\x", "\\\\host\\share", "a/../b"])
def test_stored_paths_of_other_systems_are_refused(path: str) -> None:
    with pytest.raises(StorageError, match="would leave the workspace"):
        Workspace(Path("/w")).absolute(path)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "/cwd/.penstock"),
        ({"PENSTOCK_HOME": ""}, "/cwd/.penstock"),
        ({"PENSTOCK_HOME": "  "}, "/cwd/.penstock"),
        ({"PENSTOCK_HOME": "/data"}, "/data"),
        ({"PENSTOCK_HOME": "data"}, "/cwd/data"),
        ({"PENSTOCK_HOME": "~/data"}, str(Path.home() / "data")),
    ],
)
def test_default_root(environ: dict[str, str], expected: str) -> None:
    assert default_root(environ, Path("/cwd")) == Path(expected)
