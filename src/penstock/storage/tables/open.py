"""The tables of a workspace: open one, find one by name, list all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError, StorageError, UnknownNameError, bounded, did_you_mean
from penstock.storage.locks import FileLock
from penstock.storage.tables import log, pins
from penstock.storage.tables.local import LEASE_WAIT_S, LocalTable
from penstock.storage.tables.log import TableLog, create_log, has_log, open_log
from penstock.storage.tables.schema import TableSchema, check_name

if TYPE_CHECKING:
    from penstock.storage.workspace import Workspace

_OWN_FOLDERS = {log.FOLDER, pins.FOLDER}


def open_table(
    workspace: Workspace, schema: TableSchema, *, lease_wait_s: float = LEASE_WAIT_S
) -> LocalTable:
    """Open the table ``schema.name``; make it if it is not there.

    Parameters
    ----------
    lease_wait_s
        How long a writer waits for another one, in seconds.

    Raises
    ------
    DataError
        The table is there and has another schema.
    StorageError
        What lies in its place is no table of Penstock, or one of a newer Penstock.
    """
    folder = workspace.tables / schema.name
    if not has_log(folder):
        _make(workspace, folder, schema, lease_wait_s)
    table = _table(workspace, open_log(folder), lease_wait_s)
    differences = table.schema.difference(schema)
    if differences:
        raise DataError(
            f"Table {schema.name!r} of {workspace.root} has another schema: {bounded(differences)}. Rows of two "
            "schemas do not mix: ingest into a table of another name, or into another workspace."
        )
    return table


def find_table(workspace: Workspace, name: str, *, lease_wait_s: float = LEASE_WAIT_S) -> LocalTable:
    """Open a table that is there.

    Raises
    ------
    UnknownNameError
        There is none of this name.
    StorageError
        What lies in its place is no table of Penstock, or one of a newer Penstock.
    """
    check_name(name)
    folder = workspace.tables / name
    if not has_log(folder):
        names = [path.name for path in _folders(workspace)]
        raise UnknownNameError(
            f"The workspace {workspace.root} has no table {name!r}{did_you_mean(name, names)}"
        )
    return _table(workspace, open_log(folder), lease_wait_s)


def tables(workspace: Workspace) -> list[LocalTable]:
    """Return all tables of a workspace, by name.

    Raises
    ------
    StorageError
        One of them is damaged, of another program, or of a newer Penstock.
    """
    return [_table(workspace, open_log(folder), LEASE_WAIT_S) for folder in _folders(workspace)]


def _folders(workspace: Workspace) -> list[Path]:
    return sorted(path for path in workspace.tables.iterdir() if has_log(path))


def _make(workspace: Workspace, folder: Path, schema: TableSchema, lease_wait_s: float) -> None:
    if folder.exists():
        foreign = sorted(path.name for path in folder.iterdir() if path.name not in _OWN_FOLDERS)
        if foreign:
            raise StorageError(
                f"{folder} is no table and is not empty: {bounded(foreign)}. Move it out of the workspace"
            )
    lease = FileLock(_lease(workspace, schema.name))
    lease.acquire(timeout_s=lease_wait_s)
    try:
        if not has_log(folder):
            create_log(folder, schema)
    finally:
        lease.release()


def _table(workspace: Workspace, found: TableLog, lease_wait_s: float) -> LocalTable:
    return LocalTable(
        folder=found.folder,
        lease=_lease(workspace, found.schema.name),
        schema=found.schema,
        id=found.id,
        lease_wait_s=lease_wait_s,
    )


def _lease(workspace: Workspace, name: str) -> Path:
    return workspace.locks / f"table-{name}.lock"
