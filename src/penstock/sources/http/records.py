"""Rows out of an answer: the whole of it, with the columns of the schema and no others."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from penstock.domain.errors import DataError, bounded

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.rows import ColumnKind, ColumnRule, RowSchema
    from penstock.sources.http.exchange import Answer

Record = Mapping[str, Any]

_KEPT = "Nothing was taken."


def json_of(answer: Answer, subject: str) -> Any:
    """Return the body of an answer as JSON.

    Raises
    ------
    DataError
        If it is something else, or only its beginning.
    """
    try:
        return json.loads(answer.body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        start = re.sub(r"\s+", " ", answer.body[:60].decode("utf-8", "replace")).strip()
        fault = re.sub(r"\s+", " ", str(error))
        raise DataError(
            f"{subject}: the answer of {len(answer.body):,} bytes is not whole JSON ({fault}); it begins {start!r}. "
            f"{_KEPT} Run this again; if it stays so, the service has changed its format."
        ) from error


def _no_number(name: str) -> NoReturn:
    msg = f"{name} is no number of JSON"
    raise ValueError(msg)


def records_of(found: Any, subject: str) -> list[dict[str, Any]]:
    """Return ``found`` if it is a list of objects.

    Raises
    ------
    DataError
        If it is something else.
    """
    if isinstance(found, list) and all(isinstance(record, dict) for record in found):
        return found
    raise DataError(
        f"{subject}: expected a list of rows, got {type(found).__name__}. {_KEPT} "
        "The service may have changed its format."
    )


def check_count(subject: str, got: int, told: object) -> None:
    """Compare the rows that came with the number that the service says there are.

    Raises
    ------
    DataError
        If they differ, or no number was told.
    """
    if isinstance(told, int) and not isinstance(told, bool) and got == told:
        return
    raise DataError(
        f"{subject}: {got:,} rows came, but the service says that there are {told!r}. {_KEPT} Run this again; if it "
        "stays so, ask for shorter windows (days_per_request)."
    )


def rows_of(records: Sequence[Record], schema: RowSchema, subject: str) -> pl.DataFrame:
    """Return records as a table with the columns and types of ``schema``, in the order of the records.

    Stamps of ``instant`` columns are in UTC; those without a zone are taken as UTC, those with one keep their moment.

    Raises
    ------
    DataError
        If a column is missing or new (naming the nearest), or a cell does not fit its column.
    """
    import polars as pl

    _check_names(records, schema, subject)
    return pl.DataFrame(
        [_column([record[rule.name] for record in records], rule, subject) for rule in schema.columns]
    )


def no_rows(schema: RowSchema) -> pl.DataFrame:
    """Return an empty table with the columns and types of ``schema``."""
    import polars as pl

    return pl.DataFrame(schema={rule.name: dtype(rule.kind) for rule in schema.columns})


def dtype(kind: ColumnKind) -> pl.DataType:
    """Return the type of a column of this kind."""
    import polars as pl

    kinds: dict[str, pl.DataType] = {
        "text": pl.String(),
        "number": pl.Float64(),
        "whole": pl.Int64(),
        "instant": pl.Datetime("us", "UTC"),
        "local_time": pl.Datetime("us"),
        "date": pl.Date(),
    }
    return kinds[kind]


def _check_names(records: Sequence[Record], schema: RowSchema, subject: str) -> None:
    wanted = set(schema.names)
    odd = next((record for record in records if record.keys() != wanted), None)
    if odd is None:
        return
    raise DataError(
        f"{subject}: {names_fault(list(odd), schema.names)} {_KEPT} The service has changed its schema."
    )


def names_fault(there: Sequence[str], wanted: Sequence[str]) -> str:
    """Say which columns are missing and which are new, each missing one with the nearest new name."""
    missing = [name for name in wanted if name not in there]
    new = [name for name in there if name not in wanted]
    told = []
    if missing:
        told.append(f"missing columns: {bounded([_with_nearest(name, new) for name in missing])}")
    if new:
        told.append(f"new columns: {bounded([repr(name) for name in new])}")
    return f"{'; '.join(told)}."


def _with_nearest(name: str, new: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, new, n=1, cutoff=0.4)
    return f"{name!r} (now {near[0]!r}?)" if near else repr(name)


def _column(cells: list[Any], rule: ColumnRule, subject: str) -> pl.Series:
    import polars as pl

    found = _typed(cells, rule)
    if found.null_count() > cells.count(None):
        lost = [cell for cell, value in zip(cells, found, strict=True) if value is None and cell is not None]
        shown = bounded([repr(cell)[:60] for cell in lost], 3)
        raise DataError(
            f"{subject}: column {rule.name!r} should hold {_MEANING[rule.kind]}, but has {shown}. {_KEPT} "
            "The service may have changed its format."
        )
    return found.cast(dtype(rule.kind)) if found.dtype == pl.Null else found


_MEANING = {
    "text": "text",
    "number": "numbers",
    "whole": "whole numbers",
    "instant": "times in UTC",
    "local_time": "times without a zone",
    "date": "dates",
}
_ZONE = r"(?:[+-]\d{2}:?\d{2}|Z)$"


def _typed(cells: list[Any], rule: ColumnRule) -> pl.Series:
    """Return a column; cells that do not fit are null."""
    import polars as pl

    if rule.kind == "text":
        texts = [str(cell) if isinstance(cell, str | int) and cell is not True else None for cell in cells]
        return pl.Series(rule.name, texts, dtype=pl.String)
    if rule.kind in ("number", "whole"):
        numbers = [
            cell if isinstance(cell, int | float) and not isinstance(cell, bool) else None for cell in cells
        ]
        if rule.kind == "whole":
            return pl.Series(rule.name, [_whole(cell) for cell in numbers], dtype=pl.Int64, strict=False)
        return pl.Series(rule.name, numbers, dtype=pl.Float64, strict=False)
    return _stamps(
        pl.Series(rule.name, [cell if isinstance(cell, str) else None for cell in cells], dtype=pl.String),
        rule,
    )


def _whole(cell: float | None) -> int | None:
    if cell is None or cell in (math.inf, -math.inf):
        return None
    return int(cell) if cell == int(cell) else None


def _stamps(text: pl.Series, rule: ColumnRule) -> pl.Series:
    import polars as pl

    if rule.kind == "date":
        return text.str.to_date("%Y-%m-%d", strict=False)
    if rule.kind == "local_time":
        return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    zoned = pl.when(pl.col(rule.name).str.contains(_ZONE)).then(rule.name).otherwise(pl.col(rule.name) + "Z")
    spelled = text.to_frame().select(zoned).to_series()
    return spelled.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", strict=False, time_unit="us", time_zone="UTC")
