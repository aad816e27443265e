"""A CSV or Parquet file as a table of the columns asked for, each row with its number."""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePath

import polars as pl

from penstock.domain.errors import DataError, bounded
from penstock.sources.reading.faults import MAX_ROWS_SHOWN, ROW, Faults, quoted

FORMATS = (".csv", ".csv.gz", ".parquet")

_SEPARATORS = (",", ";", "\t", "|")
_GZIP_MAGIC = b"\x1f\x8b"
_FOREIGN_MAGIC = {
    b"PAR1": "Parquet",
    b"PK\x03\x04": "Excel or zip",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def read_table(path: Path, columns: Sequence[str], faults: Faults) -> pl.DataFrame:
    """Return ``columns`` of the file and ``row``; a blank line of a CSV is left out but counted.

    All columns of a CSV are text with empty cells null, those of a Parquet file have the types of the file.

    Raises
    ------
    DataError
        If the file cannot be read at all, has no rows or lacks a column; nothing could be checked beyond that.
    """
    table = _read(_existing(path), columns, faults)
    faults.raise_if_any()
    numbered = table.select(columns).with_row_index(ROW, offset=1)
    filled = numbered.filter(~pl.all_horizontal(pl.exclude(ROW).is_null()))
    if filled.is_empty():
        raise DataError(f"{path}: has columns but no rows; give a file with at least one row of data.")
    return filled


def _existing(path: Path) -> Path:
    if path.is_dir():
        raise DataError(f"{path}: is a folder; give one file ({', '.join(FORMATS)}).")
    if not path.exists():
        raise DataError(f"{path}: {_whereabouts(path)}")
    if not path.name.lower().endswith((*FORMATS, ".pq")):
        raise DataError(f"{path}: the ending {path.suffix!r} is not known; allowed: {', '.join(FORMATS)}.")
    return path


def _whereabouts(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder}; correct the path."
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(FORMATS))
    there = f" Data files there: {bounded(names)}." if names else " No data file is there; correct the path."
    return f"there is no such file in {folder}{_nearest(path.name, names)}{there}"


def _read(path: Path, columns: Sequence[str], faults: Faults) -> pl.DataFrame:
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            return _read_parquet(path, columns, faults)
        return _read_csv(path, columns, faults)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error


def _read_parquet(path: Path, columns: Sequence[str], faults: Faults) -> pl.DataFrame:
    if not path.stat().st_size:
        raise DataError(f"{path}: is empty (0 bytes).")
    try:
        names = list(pl.read_parquet_schema(path))
        _check_names(names, columns, faults)
        faults.raise_if_any()
        return pl.read_parquet(path, columns=list(columns))
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path}: is not a readable Parquet file ({_first_line(error)}).") from error


def _read_csv(path: Path, columns: Sequence[str], faults: Faults) -> pl.DataFrame:
    return parse_csv(path, path.read_bytes(), columns, faults)


def parse_csv(path: PurePath, content: bytes, columns: Sequence[str], faults: Faults) -> pl.DataFrame:
    """Return the whole table that ``content`` holds as CSV, all columns text; ``path`` only names it in messages.

    Raises
    ------
    DataError
        If it is no table, or one of ``columns`` is not there.
    """
    text = _decoded(path, content)
    header = text[: text.find(b"\n")] if b"\n" in text else text
    if not header.strip():
        raise DataError(f"{path}: the first line is empty; it must name the columns.")
    separator = _separator(header.decode())
    names = [name.strip() for name in next(csv.reader([header.decode().rstrip("\r")], delimiter=separator))]
    _check_names(names, columns, faults)
    faults.raise_if_any()
    try:
        table = pl.read_csv(text, separator=separator, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        fault = _long_rows(text, separator, len(names)) or _first_line(error)
        raise DataError(f"{path}: is not a readable CSV file ({fault}).") from error
    if table.width != len(names):
        raise DataError(f"{path}: the first line is not a header of {table.width} column names.")
    table.columns = names
    return table


def _decoded(path: PurePath, content: bytes) -> bytes:
    """Return the text of the file, unpacked, as UTF-8 without a byte order mark."""
    if not content:
        raise DataError(f"{path}: is empty (0 bytes).")
    text = _unpacked(path, content) if content.startswith(_GZIP_MAGIC) else content
    for magic, kind in _FOREIGN_MAGIC.items():
        if text.startswith(magic):
            raise DataError(
                f"{path}: holds {kind}, not CSV text; save it as CSV in UTF-8 or give its true ending."
            )
    try:
        text.decode()
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}: line {line} is not UTF-8 text; save the file as UTF-8.") from error
    return text.removeprefix(b"\xef\xbb\xbf")


def _unpacked(path: PurePath, content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: is a damaged gzip file ({error}); fetch or write it again.") from error


def _separator(header: str) -> str:
    return max(_SEPARATORS, key=header.count)


def _check_names(names: Sequence[str], columns: Sequence[str], faults: Faults) -> None:
    doubled = sorted(name for name, count in Counter(names).items() if count > 1)
    if doubled:
        faults.add(f"column names that stand more than once: {quoted(doubled)}; rename all but one")
    for column in columns:
        if column not in names:
            faults.add(
                f"no column {column!r}{_nearest(column, names)} The columns there are: {bounded(names)}"
            )


def _nearest(column: str, names: Sequence[str]) -> str:
    same = [name for name in names if name.lower() == column.lower()]
    near = same or difflib.get_close_matches(column, names, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else "."


def _long_rows(text: bytes, separator: str, width: int) -> str:
    """Return which rows have more fields than the header, or nothing."""
    rows = csv.reader(io.StringIO(text.decode()), delimiter=separator)
    try:
        long = [number for number, row in enumerate(rows) if len(row) > width]
    except csv.Error:
        return ""
    return f"more than {width} fields in row {bounded(long, MAX_ROWS_SHOWN)}" if long else ""


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
