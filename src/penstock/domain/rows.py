"""What the raw rows of a source must look like: declared beside the source, enforced by ``quality``."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

ColumnKind: TypeAlias = Literal["text", "number", "whole", "instant", "local_time", "date"]
"""``instant`` is a time in UTC, ``local_time`` a wall-clock time without a zone."""


class ColumnRule(BaseModel):
    """What one column may hold.

    ``allowed`` lists every permitted text (``None``: any); ``minimum`` is the smallest permitted number, itself
    permitted (``None``: any). ``unit`` is for people. Without ``nullable`` every row must hold a value; a number
    must be finite in any case. What stands in a ``personal`` column never reaches messages, reports or pages.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: ColumnKind
    unit: str = ""
    nullable: bool = False
    allowed: tuple[str, ...] | None = None
    minimum: float | None = None
    personal: bool = False


class RowSchema(BaseModel):
    """The columns of a source, all of them and no others, in the order in which the source gives them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    columns: tuple[ColumnRule, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)
