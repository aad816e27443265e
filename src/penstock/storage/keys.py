"""The secret of a workspace: what pseudonyms are made with. It never leaves the folder of its own."""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING

from penstock.domain.errors import WorkspaceError
from penstock.storage.atomic import create_atomic

if TYPE_CHECKING:
    from penstock.storage.workspace import Workspace

FOLDER = "keys"
FILE = "personal.key"
BYTES = 32


def personal_key(workspace: Workspace) -> bytes:
    """Return the key of this workspace for personal names; made when it is first asked for.

    It lies in a folder that only its owner may enter. Whoever loses it gets other pseudonyms from then on: models that
    were trained before do not know these.

    Raises
    ------
    WorkspaceError
        If the file does not hold a key.
    StorageError
        If it cannot be written.
    """
    folder = workspace.root / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / FILE
    create_atomic(path, token_hex(BYTES).encode())
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except ValueError as error:
        raise WorkspaceError(
            f"{path} does not hold a key; restore it from a backup of the workspace"
        ) from error
    if len(key) != BYTES:
        raise WorkspaceError(
            f"{path} holds {len(key)} bytes instead of {BYTES}; restore it from a backup of the workspace"
        )
    return key


def carry_key(here: Workspace, there: Workspace) -> None:
    """Give another workspace the key of this one, if it has one: the same names get the same pseudonyms there."""
    if (here.root / FOLDER).is_dir():
        key = personal_key(here)
        (there.root / FOLDER).mkdir(mode=0o700, exist_ok=True)
        create_atomic(there.root / FOLDER / FILE, key.hex().encode())
