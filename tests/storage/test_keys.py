from __future__ import annotations

from pathlib import Path

import pytest

from penstock.domain.errors import WorkspaceError
from penstock.storage.keys import BYTES, FILE, FOLDER, carry_key, personal_key
from penstock.storage.workspace import Workspace


def test_a_workspace_keeps_its_key(tmp_path: Path) -> None:
    one, other = Workspace.open(tmp_path / "one"), Workspace.open(tmp_path / "other")
    key = personal_key(one)
    assert len(key) == BYTES
    assert personal_key(one) == key != personal_key(other)
    assert (tmp_path / "one" / FOLDER).stat().st_mode & 0o077 == 0


def test_the_key_can_be_given_to_another_workspace(tmp_path: Path) -> None:
    one, other = Workspace.open(tmp_path / "one"), Workspace.open(tmp_path / "other")
    carry_key(one, other)
    assert not (tmp_path / "other" / FOLDER).exists()
    key = personal_key(one)
    carry_key(one, other)
    assert personal_key(other) == key


@pytest.mark.parametrize(
    ("text", "message"), [("not hex", "does not hold a key"), ("abcd", "holds 2 bytes instead")]
)
def test_a_damaged_key_is_never_replaced(tmp_path: Path, text: str, message: str) -> None:
    workspace = Workspace.open(tmp_path)
    personal_key(workspace)
    (tmp_path / FOLDER / FILE).write_text(text)
    with pytest.raises(WorkspaceError, match=f"{message}.*restore it from a backup"):
        personal_key(workspace)
