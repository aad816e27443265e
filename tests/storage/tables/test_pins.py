"""Pins: immutable, ordered, and never guessed."""

from __future__ import annotations

import pytest

from penstock.domain.errors import StorageError
from penstock.storage.tables.local import LocalTable
from penstock.testing.tables import Desk, hour, shown


def test_pins_come_oldest_version_first(table: LocalTable, desk: Desk) -> None:
    cuts = []
    for at in (5, 6, 7):
        desk.bring(shown(float(at)), at)
        cuts.append(table.cut(as_of=hour(at)))
    for cut in reversed(cuts):
        table.pin(cut)
    assert table.pinned() == cuts


def test_nothing_is_removed_while_a_pin_cannot_be_read(table: LocalTable, desk: Desk) -> None:
    for at in (5, 6, 7):
        desk.bring(shown(float(at)), at)
    table.pin(table.cut(as_of=hour(5)))
    [pin] = (table.folder / "_pins").iterdir()
    pin.write_text("{}")
    table.compact()
    with pytest.raises(StorageError, match=r"cannot read the pin .*nothing is removed"):
        table.vacuum()
    assert len(list(table.folder.glob("revision=*/*"))) == 4


def test_a_version_whose_files_are_gone_is_pinned_where_its_rows_are(table: LocalTable, desk: Desk) -> None:
    for at in (5, 6, 7):
        desk.bring(shown(float(at)), at)
    cut = table.cut(as_of=hour(6))
    table.compact()
    table.vacuum()
    table.pin(cut)
    for at in (8, 9):
        desk.bring(shown(float(at)), at)
    table.compact()
    assert table.vacuum().files == 2
    assert table.read(cut)["value"].to_list() == [6.0]
