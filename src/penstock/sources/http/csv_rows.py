"""Rows out of a CSV answer, each cell read strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError
from penstock.sources.http.records import dtype, names_fault

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.rows import ColumnRule, RowSchema
    from penstock.sources.http.exchange import Answer
    from penstock.sources.reading.faults import Faults


@dataclass(frozen=True, kw_only=True, slots=True)
class CsvForm:
    """How a CSV spells numbers and days (chrono syntax)."""

    decimal: str = "."
    date_format: str = "%Y-%m-%d"


def rows_of_csv(answer: Answer, schema: RowSchema, form: CsvForm) -> pl.DataFrame:
    """Return the columns of ``schema`` in the order of the file; others are ignored, the delimiter is found.

    Only columns of the kinds ``text``, ``number`` and ``date`` can be read.

    Raises
    ------
    DataError
        With all faults of the file: no CSV, missing columns with the nearest that are new, cells that do not fit.
    """
    from penstock.sources.reading.faults import Faults
    from penstock.sources.reading.tables import parse_csv

    faults = Faults(PurePosixPath(schema.name))
    table = parse_csv(faults.path, answer.body, (), faults)
    missing = [name for name in schema.names if name not in table.columns]
    if missing:
        raise DataError(
            f"{schema.name}: {names_fault(table.columns, schema.names)} Nothing was taken. "
            "The service has changed its schema; set the names in the configuration of the source."
        )
    _refuse_early_end(answer.body, schema)
    return _typed(table, schema, form, faults)


def _refuse_early_end(body: bytes, schema: RowSchema) -> None:
    """Refuse a last row with fewer fields than the header: the sign of a file that was cut short."""
    if body.startswith(b"\x1f\x8b"):
        return  # a packed file has a checksum of its own
    lines = body.rstrip().splitlines()
    fields = [re.split(rb"[,;\t|]", line) for line in (lines[0], lines[-1])]
    if len(fields[1]) < len(fields[0]):
        raise DataError(
            f"{schema.name}: the last row has fewer fields than the header ({lines[-1][:60]!r}); the file was cut "
            "short. Nothing was taken; run this again."
        )


def _typed(table: pl.DataFrame, schema: RowSchema, form: CsvForm, faults: Faults) -> pl.DataFrame:
    import polars as pl

    from penstock.sources.reading.faults import ROW

    numbered = table.with_row_index(ROW, offset=1)
    filled = numbered.filter(~pl.all_horizontal(pl.exclude(ROW).is_null()))
    columns = [_column(filled, rule, form, faults) for rule in schema.columns]
    faults.raise_if_any()
    return pl.DataFrame(columns)


def _column(table: pl.DataFrame, rule: ColumnRule, form: CsvForm, faults: Faults) -> pl.Series:
    from penstock.sources.reading.faults import ROW
    from penstock.sources.reading.values import read_numbers, read_text

    if rule.kind == "number":
        return read_numbers(table, rule.name, form.decimal, faults).alias(rule.name)
    text = read_text(table, rule.name, "text", faults)
    if rule.kind != "date":
        return text.cast(dtype(rule.kind))
    days = text.str.to_date(form.date_format, strict=False)
    faults.add_rows(
        f"cells of {rule.name!r} that are no days as {form.date_format!r}",
        table.select(ROW, rule.name).filter(days.is_null()),
        rule.name,
    )
    return days
