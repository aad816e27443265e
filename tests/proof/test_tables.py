"""Observation tables under kills, races and full disks: nothing lost, nothing twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.domain.errors import StorageError

if TYPE_CHECKING:
    import polars as pl
    from tests.proof import table_writer
    from tests.proof.test_full_disk import fill

    from penstock.storage.tables.local import LocalTable
else:
    from proof import table_writer
    from proof.test_full_disk import fill

SEED = 20261121
KILLS = 50
WRITERS = 8
SIZE_KB = 16_384
ROOM_KB = (0, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024, 2048)
LIMITS = (1, 100, 700, 1_500, 2_500, 5_000, 20_000, 50_000, 10_000_000)


def start(home: Path, task: str, *more: str) -> subprocess.Popen[str]:
    """Start a writer and wait until it is ready to go."""
    process = subprocess.Popen(
        [sys.executable, str(Path(table_writer.__file__)), str(home), task, *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def said(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate(timeout=120)
    return out


def every_row(table: LocalTable) -> pl.DataFrame:
    """Return all that was ever stored, but for the numbers of versions, which count attempts at upkeep too."""
    return table.history(table.cut(as_of=table_writer.LAST)).drop("sequence")


def assert_whole(table: LocalTable, expected: pl.DataFrame) -> None:
    """The table holds these rows, and after upkeep the same in files that all are needed."""
    assert every_row(table).equals(expected)
    table.compact()
    table.vacuum()
    assert every_row(table).equals(expected)
    files = {path.name for path in table.folder.glob("revision=*/*")}
    assert len(files) == 2


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Every row of a table that nobody disturbed."""
    home = tmp_path_factory.mktemp("undisturbed")
    table_writer.ingest(home)
    rows = every_row(table_writer.table_in(home))
    assert rows["deleted"].sum() > 10
    assert rows["revision"].sum() > 1000
    return rows


@pytest.mark.timeout(900)
def test_killed_ingests_lose_nothing_and_double_nothing(expected: pl.DataFrame, tmp_path: Path) -> None:
    chance, kills, number = random.Random(SEED), 0, 0
    seconds = undisturbed_seconds(tmp_path / "timed")
    while kills < KILLS:
        home = tmp_path / str(number)
        while not finished(home, chance.uniform(0, 0.8) * seconds):
            kills += 1
        assert_whole(table_writer.table_in(home), expected)
        number += 1
    assert number >= 2


def undisturbed_seconds(home: Path) -> float:
    process = start(home, "ingest")
    begun = time.monotonic()
    go(process)
    assert said(process) == "done\n"
    return time.monotonic() - begun


def finished(home: Path, kill_after_s: float) -> bool:
    """Ingest, kill after so many seconds, and tell whether the writer was done before."""
    process = start(home, "ingest")
    go(process)
    try:
        process.wait(timeout=kill_after_s)
    except subprocess.TimeoutExpired:
        process.kill()
    out = said(process)
    assert (out, process.returncode) in {("", -9), ("done\n", -9), ("done\n", 0)}
    return bool(out)


def test_overlapping_windows_at_once_make_one_copy(tmp_path: Path) -> None:
    processes = [start(tmp_path / "home", "overlap", str(number)) for number in range(WRITERS)]
    for process in processes:
        go(process)
    assert [said(process) for process in processes] == ["done\n"] * WRITERS
    table = table_writer.table_in(tmp_path / "home")
    [whole] = table_writer.arrivals(0, WRITERS + 3, count=1)
    rows = every_row(table)
    assert rows.select("time", "series", "value").equals(whole.rows.sort("time", "series"))
    assert not rows["revision"].any()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own; mounting one needs Linux and root."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_KB}k", "tmpfs", str(place)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(command, check=False).returncode:
        pytest.skip("a small file system can be mounted by root on Linux only; the next proof limits sizes")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_leaves_the_table_as_it_was(
    small_disk: Path, expected: pl.DataFrame, tmp_path: Path
) -> None:
    failures = 0
    for room_kb in ROOM_KB:
        home = small_disk / str(room_kb)
        failures += ingest_with_room(home, small_disk, room_kb)
        assert_whole(table_writer.table_in(home), expected)
        subprocess.run(["rm", "-rf", str(home)], check=True)
    assert 5 <= failures < len(ROOM_KB)


def ingest_with_room(home: Path, disk: Path, room_kb: int) -> bool:
    """Ingest with so much room after the first arrival, then with all of it; tell whether it had to fail first."""
    table = table_writer.table_in(home)
    table.append(next(table_writer.arrivals()))
    before = every_row(table)
    fill(disk, room_kb)
    fault = fault_of_ingest(home)
    assert not fault or ("disk is full" in fault and "Free space" in fault)
    assert every_row(table).height >= before.height
    (disk / "filler").unlink()
    table_writer.ingest(home)
    return bool(fault)


def fault_of_ingest(home: Path) -> str:
    try:
        table_writer.ingest(home)
    except StorageError as error:
        return str(error)
    return ""


def test_a_limit_on_file_sizes_leaves_the_table_as_it_was(expected: pl.DataFrame, tmp_path: Path) -> None:
    failures = 0
    for limit in LIMITS:
        home = tmp_path / str(limit)
        table_writer.table_in(home)
        process = start(home, "limited", str(limit))
        go(process)
        out = said(process)
        if process.returncode:
            assert "disk is full" in out
            assert "a size limit was reached" in out
            failures += 1
        table_writer.ingest(home)
        assert_whole(table_writer.table_in(home), expected)
    assert 3 <= failures < len(LIMITS)
