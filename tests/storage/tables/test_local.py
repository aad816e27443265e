"""The table in a folder keeps the contract; and what only a folder can lose or somebody else can spoil."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from penstock.domain.errors import StorageError
from penstock.storage.tables.arrival import Appended
from penstock.storage.tables.local import LocalTable
from penstock.storage.tables.log import Commit, ConflictError, open_log
from penstock.storage.tables.open import open_table
from penstock.storage.workspace import Workspace
from penstock.testing.table_model import SCHEMA
from penstock.testing.tables import Desk, ObservationTableContract, hour, shown


class TestLocalTable(ObservationTableContract):
    def make_table(self, folder: Path) -> LocalTable:
        return open_table(Workspace.open(folder), SCHEMA)


def data_files(table: LocalTable) -> list[Path]:
    return sorted(table.folder.glob("revision=*/*.parquet"))


def test_what_a_killed_writer_left_is_never_read_and_goes_with_a_vacuum(
    table: LocalTable, desk: Desk
) -> None:
    desk.bring(shown(1.0), 5)
    [file] = data_files(table)
    (file.parent / "left-over.parquet").write_bytes(file.read_bytes())
    (file.parent / "half.parquet").write_bytes(file.read_bytes()[:100])
    assert desk.values(5) == [1.0]
    assert table.vacuum().files == 2
    assert data_files(table) == [file]


def test_a_refused_arrival_leaves_nothing(table: LocalTable, desk: Desk) -> None:
    desk.bring(shown(1.0), 5)
    files, log = data_files(table), sorted((table.folder / "_delta_log").iterdir())
    with pytest.raises(Exception, match="no rows"):
        desk.bring([], 6)
    assert data_files(table) == files
    assert sorted((table.folder / "_delta_log").iterdir()) == log


def test_a_file_that_was_lost_is_named(table: LocalTable, desk: Desk) -> None:
    desk.bring(shown(1.0), 5)
    [file] = data_files(table)
    file.unlink()
    with pytest.raises(StorageError, match=rf"it lacks the files revision=false/{file.name}.*Restore"):
        desk.values(5)


def test_a_file_that_is_damaged_is_told(table: LocalTable, desk: Desk) -> None:
    desk.bring(shown(1.0), 5)
    [file] = data_files(table)
    file.write_bytes(b"PAR1 and nothing else PAR1")
    with pytest.raises(StorageError, match=r"cannot read demo \(version 1\)"):
        desk.values(5)


def test_a_pinned_version_is_read_when_the_newest_files_are_lost(table: LocalTable, desk: Desk) -> None:
    for at in (5, 6, 7):
        desk.bring(shown(float(at)), at)
    cut, pinned = table.cut(as_of=hour(9)), data_files(table)
    table.pin(cut)
    assert table.compact().after == 1
    for file in set(data_files(table)) - set(pinned):
        file.unlink()
    assert table.read(cut)["value"].to_list() == [7.0]


def test_other_tools_travel_back_to_a_pinned_version(table: LocalTable, desk: Desk) -> None:
    for at in range(5, 30):
        desk.bring(shown(float(at)), at)
        if at == 10:
            cut = table.cut(as_of=hour(99))
            table.pin(cut)
    assert table.compact().before > 2
    assert table.vacuum().files > 2
    old = DeltaTable(table.folder, version=cut.version)
    assert sorted(row["value"] for row in old.to_pyarrow_table().to_pylist()) == [
        5.0,
        6.0,
        7.0,
        8.0,
        9.0,
        10.0,
    ]


def test_log_entries_are_kept_beyond_checkpoints(table: LocalTable, desk: Desk) -> None:
    for at in range(5, 50):
        desk.bring(shown(float(at)), at)
    log = table.folder / "_delta_log"
    assert list(log.glob("*.checkpoint.parquet"))
    for path in log.iterdir():
        os.utime(path, (0, 0))
    desk.bring(shown(1.0), 59)
    DeltaTable(table.folder).cleanup_metadata()
    assert len(list(log.glob("*.json"))) == table.version + 1
    assert desk.bring(shown(1.0), 60, mark="mark 1").repeated


def test_marks_and_looks_survive_a_checkpoint(table: LocalTable, desk: Desk) -> None:
    for at in range(5, 30):
        desk.bring(shown(float(at)), at)
    log = open_log(table.folder)
    assert all(log.knows(f"mark {number}") for number in range(1, 26))
    assert not log.knows("mark 26")
    assert [look.received_at for look in log.looks()] == [hour(at) for at in reversed(range(5, 30))]


def test_two_commits_on_one_version_conflict(table: LocalTable, desk: Desk) -> None:
    desk.bring(shown(1.0), 5)
    first, second = open_log(table.folder), open_log(table.folder)
    first.commit(Commit(actions=[], mark="first"))
    with pytest.raises(ConflictError):
        second.commit(Commit(actions=[], mark="second"))
    assert open_log(table.folder).knows("first")
    assert not open_log(table.folder).knows("second")


def test_an_append_that_lost_a_race_is_worked_out_again(
    table: LocalTable, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Somebody who holds no lease: commits equal rows just after this writer has looked.
    desk.bring(shown(1.0), 5)
    other = LocalTable(
        folder=table.folder, lease=table.lease.with_name("elsewhere"), schema=table.schema, id=table.id
    )
    raced: list[Appended] = []
    commit = LocalTable._commit

    def late(self: LocalTable, *arguments: object) -> Commit:
        if self.lease == table.lease and not raced:
            raced.append(Desk(table=other, number=10).bring(shown(2.0, 3.0), 6))
        return commit(self, *arguments)  # type: ignore[arg-type]  # passed through as they come

    monkeypatch.setattr(LocalTable, "_commit", late)
    done = desk.bring(shown(2.0, 4.0), 7)
    assert raced[0].revised == 1
    assert (done.added, done.revised, done.unchanged) == (0, 1, 1)
    assert desk.rows().height == 4
    assert table.vacuum().files == 2


def test_rows_cannot_be_deleted_by_others(table: LocalTable, desk: Desk) -> None:
    desk.bring(shown(1.0), 5)
    with pytest.raises(CommitFailedError, match=r"(?i)append"):
        DeltaTable(table.folder).delete()
    assert desk.values(5) == [1.0]
