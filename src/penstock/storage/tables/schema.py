"""What an observation table holds: its time, its keys and its values, and the columns that tell when they were known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, model_validator

from penstock.domain.errors import UsageError, bounded

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.rows import RowSchema

ValueKind: TypeAlias = Literal["text", "number", "whole", "flag", "instant", "local_time", "date"]
"""``instant`` is a time in UTC, ``local_time`` a wall-clock time without a zone; both in microseconds."""

KNOWN_AT = "known_at"
KNOWN_HOW = "known_how"
RECEIVED_AT = "received_at"
SEQUENCE = "sequence"
DELETED = "deleted"
REVISION = "revision"
OWN_COLUMNS = (KNOWN_AT, KNOWN_HOW, RECEIVED_AT, SEQUENCE, DELETED, REVISION)
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


class TableColumn(BaseModel):
    """A value that may be revised, or a column that is carried along."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: ValueKind


class TableSchema(BaseModel):
    """The columns of an observation table.

    Attributes
    ----------
    name
        Name of the table, such as ``denmark``: lower-case letters, digits, ``-`` and ``_``.
    time
        Column with the time at which an observation holds: UTC, microseconds, never null.
    keys
        Text columns, never null, which together with ``time`` name one observation. May be empty.
    values
        The other columns. A row whose values differ from the newest known is a revision. Null is a value of its
        own; NaN is stored as null.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    time: str
    keys: tuple[str, ...]
    values: tuple[TableColumn, ...]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        faults = [fault for fault in (_name_fault(self.name), _column_fault(self.columns)) if fault]
        if not self.values:
            faults.append(f"table {self.name!r} has no values; name at least one column that is observed")
        if faults:
            raise UsageError("; ".join(faults) + ".")
        return self

    @classmethod
    def of(
        cls, name: str, *, time: str, keys: tuple[str, ...], values: Mapping[str, ValueKind]
    ) -> TableSchema:
        """Make a schema from a mapping of value columns to their kinds."""
        columns = tuple(TableColumn(name=column, kind=kind) for column, kind in values.items())
        return cls(name=name, time=time, keys=keys, values=columns)

    @classmethod
    def from_rows(cls, rows: RowSchema, *, time: str, keys: tuple[str, ...], name: str = "") -> TableSchema:
        """Make the schema of a table for the rows of a source; what is neither time nor key is a value.

        Raises
        ------
        UsageError
            ``time`` or a key is no column of ``rows`` or has a kind that cannot serve.
        """
        kinds = {column.name: column.kind for column in rows.columns}
        wanted = {time: "instant", **dict.fromkeys(keys, "text")}
        wrong = [
            f"{column} ({kinds.get(column, 'absent')}, needed: {kind})" for column, kind in wanted.items()
        ]
        wrong = [
            text
            for text, (column, kind) in zip(wrong, wanted.items(), strict=True)
            if kinds.get(column) != kind
        ]
        if wrong:
            raise UsageError(f"These columns of {rows.name!r} cannot be time or key: {bounded(wrong)}.")
        values = {column: kind for column, kind in kinds.items() if column not in wanted}
        return cls.of(name or rows.name, time=time, keys=keys, values={**values})

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns that name one observation: time first, which is the order in which rows lie."""
        return (self.time, *self.keys)

    @property
    def value_names(self) -> tuple[str, ...]:
        """Names of the value columns, in order."""
        return tuple(column.name for column in self.values)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the rows that a source brings, in order."""
        return (*self.identity, *self.value_names)

    def types(self) -> dict[str, pl.DataType]:
        """Types of the rows that a source brings."""
        kinds: dict[str, ValueKind] = {self.time: "instant"}
        kinds |= dict.fromkeys(self.keys, "text")
        kinds |= {column.name: column.kind for column in self.values}
        return {name: polars_type(kind) for name, kind in kinds.items()}

    def read_types(self) -> dict[str, pl.DataType]:
        """Types of the rows that a read returns: those of the source, ``known_at`` and ``known_how``."""
        return {**self.types(), KNOWN_AT: polars_type("instant"), KNOWN_HOW: polars_type("text")}

    def stored_types(self) -> dict[str, pl.DataType]:
        """Types of the rows in the files. ``revision`` is not in the files: it is in their place."""
        return {
            **self.read_types(),
            RECEIVED_AT: polars_type("instant"),
            SEQUENCE: polars_type("whole"),
            DELETED: polars_type("flag"),
        }

    def difference(self, other: TableSchema) -> list[str]:
        """Say in words what ``other`` has otherwise; an empty list if nothing."""
        mine, theirs = _described(self), _described(other)
        names = [*mine, *(name for name in theirs if name not in mine)]
        return [
            f"{name}: {mine.get(name, 'absent')} here, {theirs.get(name, 'absent')} there"
            for name in names
            if mine.get(name) != theirs.get(name)
        ]


def polars_type(kind: ValueKind) -> pl.DataType:
    """Return the type in which polars holds a kind of value."""
    import polars as pl

    types: dict[ValueKind, pl.DataType] = {
        "text": pl.String(),
        "number": pl.Float64(),
        "whole": pl.Int64(),
        "flag": pl.Boolean(),
        "instant": pl.Datetime("us", "UTC"),
        "local_time": pl.Datetime("us"),
        "date": pl.Date(),
    }
    return types[kind]


def check_name(name: str) -> None:
    """Refuse what cannot be the name of a table.

    Raises
    ------
    UsageError
        The name has other characters than lower-case letters, digits, ``-`` and ``_``.
    """
    fault = _name_fault(name)
    if fault:
        raise UsageError(fault + ".")


def _name_fault(name: str) -> str:
    if _NAME.fullmatch(name):
        return ""
    return (
        f"{name!r} cannot name a table; allowed: a lower-case letter, then up to 63 lower-case letters, digits, "
        "'-' and '_'"
    )


def _column_fault(columns: tuple[str, ...]) -> str:
    own = [name for name in columns if name in OWN_COLUMNS]
    twice = sorted({name for name in columns if columns.count(name) > 1})
    faults = []
    if own:
        faults.append(f"the names {bounded(own)} belong to the table itself; rename these columns")
    if twice:
        faults.append(f"the columns {bounded(twice)} are named twice; name each once")
    return "; ".join(faults)


def _described(schema: TableSchema) -> dict[str, str]:
    return {
        "time": schema.time,
        "keys": ", ".join(schema.keys) or "none",
        **{f"value {column.name}": column.kind for column in schema.values},
    }
