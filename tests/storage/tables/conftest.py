"""A workspace with the table of the samples."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.storage.tables.local import LocalTable
from penstock.storage.tables.open import open_table
from penstock.storage.workspace import Workspace
from penstock.testing.table_model import SCHEMA
from penstock.testing.tables import Desk


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "home")


@pytest.fixture
def table(workspace: Workspace) -> LocalTable:
    return open_table(workspace, SCHEMA)


@pytest.fixture
def desk(table: LocalTable) -> Desk:
    return Desk(table=table)
