from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from penstock.domain.errors import DataError
from penstock.sources.reading.faults import ROW, Faults
from penstock.sources.reading.tables import read_table


def _read(path: Path, *columns: str) -> pl.DataFrame:
    return read_table(path, columns or ("ds", "y"), Faults(path))


def _written(folder: Path, content: bytes, name: str = "load.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separator_is_found(tmp_path: Path, separator: str) -> None:
    path = _written(tmp_path, f"ds{separator} y \n1{separator}2\n".encode())
    assert _read(path).rows() == [(1, "1", "2")]


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbfds,y\n1,2\n", b"ds,y\r\n1,2\r\n", b"ds,y\n1,2", b'"ds","y"\n"1",2\n']
)
def test_spellings_of_one_table(tmp_path: Path, content: bytes) -> None:
    assert _read(_written(tmp_path, content)).rows() == [(1, "1", "2")]


def test_blank_lines_are_left_out_but_counted(tmp_path: Path) -> None:
    table = _read(_written(tmp_path, b"ds,y\n1,2\n\n3,4\n"))
    assert table[ROW].to_list() == [1, 3]


def test_only_the_columns_asked_for_are_read(tmp_path: Path) -> None:
    assert _read(_written(tmp_path, b"a,y,b,ds\n1,2,3,4\n")).columns == [ROW, "ds", "y"]


_BAD = {
    "is empty": (b"", "load.csv", r"is empty \(0 bytes\)"),
    "is an empty Parquet file": (b"", "load.parquet", r"is empty \(0 bytes\)"),
    "has no header": (b"\n1,2\n", "load.csv", "the first line is empty; it must name the columns"),
    "has a header only": (b"ds,y\n", "load.csv", "has columns but no rows"),
    "has blank rows only": (b"ds,y\n,\n\n", "load.csv", "has columns but no rows"),
    "lacks a column": (
        b"ds,Y,z\n1,2,3\n",
        "load.csv",
        "no column 'y'; did you mean 'Y'.*there are: ds, Y, z",
    ),
    "doubles a name": (b"ds,y,y\n1,2,3\n", "load.csv", "more than once: 'y'; rename all but one"),
    "is Latin 1": (b"ds,y\n1,\xe6\n", "load.csv", "line 2 is not UTF-8"),
    "is UTF-16": ("ds,y\n1,2\n".encode("utf-16"), "load.csv", "holds UTF-16, not CSV text"),
    "is Excel": (b"PK\x03\x04...", "load.csv", "holds Excel or zip, not CSV text"),
    "is Parquet by another name": (b"PAR1...", "load.csv", "holds Parquet, not CSV text"),
    "is CSV by another name": (b"ds,y\n1,2\n", "load.parquet", "is not a readable Parquet file"),
    "has a strange ending": (
        b"ds,y\n1,2\n",
        "load.xlsx",
        "ending '.xlsx' is not known; allowed: .csv, .csv.gz",
    ),
    "has a long row": (b"ds,y\n1,2\n3,4,5\n", "load.csv", "more than 2 fields in row 2"),
    "is cut gzip": (gzip.compress(b"ds,y\n1,2\n" * 999)[:40], "load.csv.gz", "is a damaged gzip file"),
    "is damaged gzip": (b"\x1f\x8b12345678901234", "load.csv.gz", "is a damaged gzip file"),
}


@pytest.mark.parametrize("case", _BAD)
def test_file_that_cannot_be_used(tmp_path: Path, case: str) -> None:
    content, name, message = _BAD[case]
    with pytest.raises(DataError, match=message):
        _read(_written(tmp_path, content, name))


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder; give one file"):
        _read(tmp_path)


def test_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    _written(tmp_path, b"", "zones_2023.csv")
    with pytest.raises(DataError, match=r"no such file in .*did you mean 'zones_2023\.csv'"):
        _read(tmp_path / "zones_2022.csv")


def test_missing_file_in_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no such file in .*\. No data file is there"):
        _read(tmp_path / "load.csv")


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no folder .*nowhere"):
        _read(tmp_path / "nowhere" / "load.csv")


def test_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)"):
        _read(_written(tmp_path, b"ds,y\n1,2\n"))


def test_missing_and_doubled_columns_come_together(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"2 faults\n.*more than once: 'a'.*\n.*no column 'y'"):
        _read(_written(tmp_path, b"ds,a,a\n1,2,3\n"))
