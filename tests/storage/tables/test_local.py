"""The table in a folder keeps the contract, and what only a folder can lose."""

from __future__ import annotations

from pathlib import Path

from penstock.storage.tables.local import LocalTable
from penstock.storage.tables.open import open_table
from penstock.storage.workspace import Workspace
from penstock.testing.table_model import SCHEMA
from penstock.testing.tables import ObservationTableContract


class TestLocalTable(ObservationTableContract):
    def make_table(self, folder: Path) -> LocalTable:
        return open_table(Workspace.open(folder), SCHEMA)
