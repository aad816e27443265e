"""Opening tables: made once, found by name, and refused when something else lies there."""

from __future__ import annotations

import json
import shutil
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake

from penstock.domain.errors import DataError, LockTimeoutError, StorageError, UnknownNameError
from penstock.storage.locks import FileLock
from penstock.storage.tables.local import LocalTable
from penstock.storage.tables.open import find_table, open_table, tables
from penstock.storage.tables.schema import TableSchema
from penstock.storage.workspace import Workspace
from penstock.testing.table_model import SCHEMA
from penstock.testing.tables import Desk, hour, shown

OTHER = TableSchema.of("other", time="at", keys=(), values={"price": "number", "local": "local_time"})


def test_opening_again_finds_the_same_table(workspace: Workspace, table: LocalTable) -> None:
    assert open_table(workspace, SCHEMA) == find_table(workspace, "demo") == table


def test_tables_are_listed_by_name(workspace: Workspace, table: LocalTable) -> None:
    other = open_table(workspace, OTHER)
    assert tables(workspace) == [table, other]
    assert [one.schema for one in tables(workspace)] == [SCHEMA, OTHER]
    assert other.id != table.id


def test_a_missing_table_is_named_with_the_nearest(workspace: Workspace, table: LocalTable) -> None:
    with pytest.raises(UnknownNameError, match=r"no table 'dema'; did you mean 'demo'"):
        find_table(workspace, "dema")
    assert tables(workspace) == [table]


def test_another_schema_is_refused(workspace: Workspace, table: LocalTable) -> None:
    changed = TableSchema.of("demo", time="time", keys=("series",), values={"value": "whole"})
    with pytest.raises(DataError, match=r"another schema: value value: number here, whole there"):
        open_table(workspace, changed)


def test_a_workspace_may_be_moved(workspace: Workspace, desk: Desk, tmp_path: Path) -> None:
    desk.bring(shown(1.0), 5)
    desk.bring(shown(2.0), 6)
    cut = desk.table.cut(as_of=hour(5))
    desk.table.pin(cut)
    shutil.move(workspace.root, tmp_path / "elsewhere")
    moved = find_table(Workspace.open(tmp_path / "elsewhere"), "demo")
    assert moved.read(cut)["value"].to_list() == [1.0]
    assert Desk(table=moved, number=2).bring(shown(3.0), 7).revised == 1
    assert moved.compact().before == 2
    assert moved.vacuum().files == 1
    assert moved.read(cut)["value"].to_list() == [1.0]


def test_a_folder_with_other_things_is_refused(workspace: Workspace) -> None:
    (workspace.tables / "demo").mkdir()
    (workspace.tables / "demo" / "notes.txt").write_text("mine")
    with pytest.raises(StorageError, match=r"is no table and is not empty: notes\.txt"):
        open_table(workspace, SCHEMA)


def test_what_a_killed_maker_left_is_taken_over(workspace: Workspace) -> None:
    (workspace.tables / "demo" / "_delta_log").mkdir(parents=True)
    assert tables(workspace) == []
    assert open_table(workspace, SCHEMA).version == 0


def test_a_table_of_another_program_is_refused(workspace: Workspace) -> None:
    write_deltalake(workspace.tables / "demo", pl.DataFrame({"a": [1]}))
    with pytest.raises(StorageError, match=r"is a Delta table, but none of Penstock"):
        open_table(workspace, SCHEMA)
    with pytest.raises(StorageError, match=r"is a Delta table, but none of Penstock"):
        find_table(workspace, "demo")


@pytest.mark.parametrize("found", ["2", "0", "new"])
def test_a_table_of_a_newer_format_is_refused(workspace: Workspace, table: LocalTable, found: str) -> None:
    entry = table.folder / "_delta_log" / f"{0:020d}.json"
    entry.write_text(entry.read_text().replace('"penstock.format":"1"', f'"penstock.format":"{found}"'))
    with pytest.raises(
        StorageError, match=rf"has format {found}, and this Penstock reads formats 1 to 1; upgrade"
    ):
        open_table(workspace, SCHEMA)


def test_a_table_that_needs_a_newer_reader_is_refused(workspace: Workspace, table: LocalTable) -> None:
    entry = table.folder / "_delta_log" / f"{0:020d}.json"
    lines = [json.loads(line) for line in entry.read_text().splitlines()]
    for line in lines:
        if "protocol" in line:
            line["protocol"] = {
                "minReaderVersion": 3,
                "minWriterVersion": 7,
                "readerFeatures": ["timeMachine"],
                "writerFeatures": ["timeMachine"],
            }
    entry.write_text("\n".join(json.dumps(line) for line in lines))
    with pytest.raises(StorageError, match=r"timeMachine.*newer program; upgrade Penstock"):
        open_table(workspace, SCHEMA).read(table.cut(as_of=hour(1)))


def test_a_damaged_log_is_named(workspace: Workspace, table: LocalTable) -> None:
    (table.folder / "_delta_log" / f"{0:020d}.json").write_text("{")
    with pytest.raises(StorageError, match=str(table.folder)):
        open_table(workspace, SCHEMA)


def test_a_replaced_table_is_noticed(workspace: Workspace, table: LocalTable) -> None:
    shutil.rmtree(table.folder)
    open_table(workspace, SCHEMA)
    with pytest.raises(StorageError, match="was replaced by another one"):
        Desk(table=table).bring(shown(1.0), 5)


def test_a_writer_waits_for_a_bounded_time_and_names_the_holder(
    workspace: Workspace, table: LocalTable
) -> None:
    impatient = open_table(workspace, SCHEMA, lease_wait_s=0.0)
    with FileLock(table.lease), pytest.raises(LockTimeoutError, match=r"held by process \d+"):
        Desk(table=impatient).bring(shown(1.0), 5)
    assert Desk(table=impatient).bring(shown(1.0), 5).added == 1


def test_readers_do_not_wait_for_writers(table: LocalTable, desk: Desk) -> None:
    desk.bring(shown(1.0), 5)
    with FileLock(table.lease):
        assert desk.values(5) == [1.0]


def test_every_kind_of_value_survives(workspace: Workspace) -> None:
    schema = TableSchema.of(
        "kinds",
        time="time",
        keys=(),
        values={
            "text": "text",
            "whole": "whole",
            "flag": "flag",
            "instant": "instant",
            "local": "local_time",
            "date": "date",
        },
    )
    values = ("æ", 2**60, True, hour(9), datetime(2023, 5, 1, 2), date(2023, 5, 1))  # noqa: DTZ001 - local
    rows = pl.DataFrame([(hour(0), *values), (hour(1), *[None] * 6)], schema=schema.types(), orient="row")
    table = open_table(workspace, schema)
    desk = Desk(table=table)
    assert desk.bring(rows, 5).added == 2
    assert desk.bring(rows, 6).unchanged == 2
    assert table.read(table.cut(as_of=hour(5))).drop("known_at", "known_how").equals(rows)


def test_other_tools_read_the_table(table: LocalTable, desk: Desk) -> None:
    desk.bring(shown(1.0), 5)
    desk.bring(shown(2.0), 6)
    found = pl.scan_delta(table.folder).sort("known_at").collect()
    assert found["value"].to_list() == [1.0, 2.0]
    assert DeltaTable(table.folder).metadata().configuration["delta.appendOnly"] == "true"
