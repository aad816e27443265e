"""What rows a model accepts: names, types, ranges, and an example that is accepted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, JsonValue, model_validator

from penstock.domain.errors import bounded

ColumnType: TypeAlias = Literal["string", "number", "integer", "boolean", "time"]


class Column(BaseModel):
    """One column of the rows a model takes.

    Attributes
    ----------
    type
        ``time`` is a moment with a time zone, in JSON as ISO 8601.
    required
        Whether every row must have it; ``nullable`` says whether its value may be missing (null or NaN).
    minimum, maximum
        What is accepted, both ends included; ``seen`` is the range of the training data, for information.
    values
        The only values accepted, when they are few and known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: ColumnType
    required: bool = True
    nullable: bool = False
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    seen: tuple[float, float] | None = None
    values: tuple[str, ...] | None = None
    description: str = ""

    def fault(self, value: object) -> str | None:
        """Say what is wrong with a value, or return ``None``."""
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return None if self.nullable else "is missing"
        if not _has_type(value, self.type):
            return f"is {value!r:.40}, not a {self.type}"
        if self.values is not None and value not in self.values:
            return f"is {value!r:.40}, allowed: {bounded(self.values)}"
        return self._range_fault(value) if isinstance(value, int | float) else None

    def _range_fault(self, value: float) -> str | None:
        if math.isinf(value):
            return "is infinite"
        if self.minimum is not None and value < self.minimum:
            return f"is {value}, below {self.minimum}"
        if self.maximum is not None and value > self.maximum:
            return f"is {value}, above {self.maximum}"
        return None


class BundleSchema(BaseModel):
    """The columns of a model's input, and rows that are accepted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[Column, ...]
    example: tuple[dict[str, JsonValue], ...]

    @model_validator(mode="after")
    def _example_is_accepted(self) -> Self:
        faults = self.faults(self.example)
        if not self.example:
            faults = ["there is no example"]
        if faults:
            raise ValueError(f"the example is not accepted by the schema: {bounded(faults)}")
        return self

    def faults(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """List everything that is wrong with ``rows``, naming row (from 0) and column."""
        known = {column.name for column in self.columns}
        faults: list[str] = []
        for number, row in enumerate(rows):
            faults += [f"row {number}: unknown column {name!r}" for name in sorted(set(row) - known)]
            faults += [f"row {number}: {fault}" for fault in self._row_faults(row)]
        return faults

    def _row_faults(self, row: Mapping[str, Any]) -> Iterator[str]:
        for column in self.columns:
            if column.name not in row:
                if column.required:
                    yield f"column {column.name!r} is absent"
            elif fault := column.fault(row[column.name]):
                yield f"{column.name} {fault}"


def _has_type(value: object, kind: ColumnType) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if kind == "time":
        return _is_moment(value)
    accepted: dict[str, tuple[type, ...]] = {"string": (str,), "number": (int, float), "integer": (int,)}
    return isinstance(value, accepted[kind])


def _is_moment(value: object) -> bool:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return False
    return isinstance(value, datetime) and value.tzinfo is not None
