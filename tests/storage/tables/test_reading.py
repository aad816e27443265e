"""Reads open only the files that can matter, and slicing by time changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.domain.windows import Window
from penstock.storage.tables import reading
from penstock.storage.tables.local import LocalTable
from penstock.testing.tables import Desk, hour, shown


def spoil(files: set[Path]) -> None:
    for file in files:
        file.write_bytes(b"not to be opened")


def files_of(table: LocalTable) -> set[Path]:
    return set(table.folder.glob("revision=*/*"))


def test_files_outside_the_window_are_not_opened(table: LocalTable, desk: Desk) -> None:
    desk.bring(shown(1.0), 5, window=Window(hour(0), hour(1)))
    needed = files_of(table)
    desk.bring(shown(1.0, 2.0)[1:], 5, window=Window(hour(1), hour(2)))
    spoil(files_of(table) - needed)
    assert desk.values(9, Window(hour(0), hour(1))) == [1.0]


def test_files_of_later_knowledge_are_not_opened(table: LocalTable, desk: Desk) -> None:
    desk.bring(shown(1.0), 5)
    needed = files_of(table)
    desk.bring(shown(2.0), 6)
    spoil(files_of(table) - needed)
    assert desk.values(5.5) == [1.0]


def test_files_of_later_versions_are_not_opened(table: LocalTable, desk: Desk) -> None:
    desk.bring(shown(1.0), 5)
    cut, needed = table.cut(as_of=hour(99)), files_of(table)
    desk.bring(shown(2.0), 6)
    spoil(files_of(table) - needed)
    assert table.read(cut)["value"].to_list() == [1.0]


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 1000])
def test_slices_change_nothing(
    table: LocalTable, desk: Desk, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    desk.bring(shown(1.0, 2.0, 3.0, 4.0) + shown(5.0, 6.0, 7.0, series="b"), 5)
    desk.bring(shown(9.0, 2.0, None, 4.0) + shown(5.0, 8.0, series="b"), 6)
    cut = table.cut(as_of=hour(6))
    whole = table.read(cut)
    assert whole["value"].to_list() == [9.0, 5.0, 2.0, 8.0, None, 4.0]
    monkeypatch.setattr(reading, "ROWS_PER_SLICE", rows)
    assert table.read(cut).equals(whole)
