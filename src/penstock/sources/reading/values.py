"""Numbers, names of series and static columns of a file."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from penstock.sources.reading.faults import MAX_ROWS_SHOWN, ROW, Faults, quoted, shown

ONE_SERIES = "all"
"""Name of the series of a file without a series column."""

JOINT = "/"
"""Stands between the parts of a series' name when several columns name it."""

_NO_VALUE = ("", "NA", "N/A", "NaN", "nan", "NAN", "null", "NULL", "None", "-")
_DECIMAL_COMMA = r"^[+-]?\d+,\d+$"


def read_numbers(table: pl.DataFrame, column: str, decimal: str, faults: Faults) -> pl.Series:
    """Return ``column`` as Float64; an empty cell, ``NA`` or ``NaN`` is null, an infinite value a fault."""
    cells = table[column]
    if isinstance(cells.dtype, pl.String):
        numbers = _from_text(table, column, decimal, faults)
    elif cells.dtype.is_numeric() or isinstance(cells.dtype, pl.Null):
        numbers = cells.cast(pl.Float64)
    else:
        faults.add(f"the column {column!r} holds {cells.dtype}, not numbers")
        return pl.Series(column, [None] * table.height, dtype=pl.Float64)
    infinite = table.select(ROW, column).filter(numbers.is_infinite().fill_null(value=False))
    faults.add_rows(
        f"infinite values in {column!r} (leave the cell empty where nothing is known)", infinite, column
    )
    return numbers.fill_nan(None)


def read_flags_or_numbers(table: pl.DataFrame, column: str, decimal: str, faults: Faults) -> pl.Series:
    """Return ``column`` as :func:`read_numbers` does, ``true`` and ``false`` in any case as 1 and 0."""
    cells = table[column]
    if isinstance(cells.dtype, pl.Boolean):
        return cells.cast(pl.Float64)
    if isinstance(cells.dtype, pl.String):
        small = pl.col(column).str.strip_chars().str.to_lowercase()
        flags = small.replace({"true": "1", "false": "0"})
        table = table.with_columns(
            pl.when(small.is_in(["true", "false"])).then(flags).otherwise(pl.col(column))
        )
    return read_numbers(table, column, decimal, faults)


def _from_text(table: pl.DataFrame, column: str, decimal: str, faults: Faults) -> pl.Series:
    stripped = table[column].str.strip_chars()
    present = stripped.is_not_null() & ~stripped.is_in(_NO_VALUE)
    text = stripped.str.replace(",", ".", literal=True) if decimal == "," else stripped
    numbers = text.cast(pl.Float64, strict=False)
    bad = table.select(ROW, column).filter(present & numbers.is_null())
    commas = bad[column].str.strip_chars().str.contains(_DECIMAL_COMMA).any()
    hint = " (decimal commas? set decimal=',')" if commas else ""
    faults.add_rows(f"text where numbers are expected in {column!r}{hint}", bad, column)
    return numbers


def read_series(table: pl.DataFrame, columns: Sequence[str], faults: Faults) -> pl.Series:
    """Return the name of each row's series; several columns are joined by ``/``."""
    if not columns:
        return pl.Series("series", [ONE_SERIES]).new_from_index(0, table.height)
    texts = [read_text(table, column, "series", faults) for column in columns]
    for column, text in zip(columns, texts, strict=True):
        empty = table.select(ROW, column).filter(text.is_null())
        faults.add_rows(f"empty cells in the series column {column!r}", empty)
        if len(columns) > 1:
            holding = table.select(ROW, column).filter(
                text.str.contains(JOINT, literal=True).fill_null(value=False)
            )
            faults.add_rows(f"{JOINT!r}, which joins the series columns, inside {column!r}", holding, column)
    return pl.select(pl.concat_str(*texts, separator=JOINT).alias("series")).to_series()


def read_text(table: pl.DataFrame, column: str, role: str, faults: Faults) -> pl.Series:
    """Return ``column`` as text without surrounding blanks; blank cells are null."""
    cells = table[column]
    if cells.dtype.is_nested() or isinstance(cells.dtype, pl.Binary | pl.Object):
        faults.add(f"the {role} column {column!r} holds {cells.dtype}, not text")
        return pl.Series(column, [None] * table.height, dtype=pl.String)
    text = cells.cast(pl.String).str.strip_chars()
    return pl.select(pl.when(text != "").then(text).alias(column)).to_series()


def check_static(panel: pl.DataFrame, columns: Sequence[str], faults: Faults) -> None:
    """Note every static column that has more than one value within a series."""
    for column in columns:
        kinds = panel.group_by("series").agg(pl.col(column).unique().sort())
        varying = kinds.filter(pl.col(column).list.len() > 1).sort("series")
        if varying.height:
            named = "; ".join(
                f"series {shown(series)} has {quoted(str(value) for value in values[:MAX_ROWS_SHOWN])}"
                for series, values in varying.head(MAX_ROWS_SHOWN).iter_rows()
            )
            rest = varying.height - MAX_ROWS_SHOWN
            more = f" and {rest} more series" if rest > 0 else ""
            faults.add(f"static column {column!r} changes within a series: {named}{more}")
