"""Compaction puts neighbours together and leaves large files alone."""

from __future__ import annotations

import pytest

from penstock.domain.errors import StorageError
from penstock.storage.tables import upkeep
from penstock.storage.tables.local import LocalTable
from penstock.storage.tables.log import open_log
from penstock.testing.tables import WINDOW, Desk, hour, shown


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "ROWS_PER_FILE", 4)


@pytest.mark.usefixtures("small_files")
def test_files_grow_to_their_size_and_no_further(table: LocalTable, desk: Desk) -> None:
    for name in "abcdefg":
        desk.bring(shown(1.0, series=name), 5, complete=False)
    assert desk.bring(shown(1.0, 1.0, 1.0, series="large"), 5, complete=False).added == 3
    done = table.compact()
    assert (done.before, done.after) == (7, 2)
    assert sorted(part.rows for part in open_log(table.folder).parts) == [3, 3, 4]
    assert table.compact().before == 0
    assert len(desk.values(5)) == 10


def test_first_sights_and_revisions_stay_apart(table: LocalTable, desk: Desk) -> None:
    for at in (5, 6, 7):
        desk.bring(shown(float(at), series="a") + shown(1.0, series=str(at)), at, complete=False)
    table.compact()
    parts = open_log(table.folder).parts
    assert [(part.revision, part.rows) for part in parts] == [(False, 4), (True, 2)]


def test_a_file_with_fewer_rows_than_its_log_says_stops_a_compaction(table: LocalTable, desk: Desk) -> None:
    for at in (5, 6):
        desk.bring(shown(1.0, 2.0, 3.0, series=str(at)), at, complete=False)
    first, second = sorted(table.folder.glob("revision=false/*"))
    desk.bring(shown(1.0, series="c"), 9, complete=False)
    third = next(path for path in table.folder.glob("revision=false/*") if path not in {first, second})
    first.write_bytes(third.read_bytes())
    version = open_log(table.folder).version
    with pytest.raises(StorageError, match=r"hold 5 rows, and its log says 7; nothing was changed"):
        table.compact()
    assert open_log(table.folder).version == version


def test_an_empty_table_needs_no_upkeep(table: LocalTable) -> None:
    assert table.compact().before == 0
    assert table.vacuum().files == 0
    assert table.cut(as_of=hour(1), window=WINDOW).version == 0
