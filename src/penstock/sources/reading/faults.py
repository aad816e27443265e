"""All faults of one file, told together and bounded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError

if TYPE_CHECKING:
    import polars as pl

MAX_ROWS_SHOWN = 5
"""Rows named for one fault; more would bury the other faults."""

MAX_VALUE_CHARS = 40
"""Characters of a cell that are shown: a cell may hold anything."""

ROW = "__row__"
"""Column that carries the number of a row; the first row below the header is 1."""

SERIES = "__series__"
"""Column that carries the series of a row; neither name is one that a file would use."""


@dataclass(slots=True)
class Faults:
    """Collects what is wrong with one file, so that the user repairs it once."""

    path: PurePath
    found: list[str] = field(default_factory=list)

    def add(self, fault: str) -> None:
        """Note one fault."""
        self.found.append(fault)

    def add_rows(self, fault: str, rows: pl.DataFrame, value: str | None = None) -> None:
        """Note ``fault`` for every line of ``rows`` (column ``ROW``, and ``value`` to be shown); none: no fault."""
        if rows.height:
            self.add(f"{fault}: {shown_rows(rows, value)}")

    def raise_if_any(self) -> None:
        """Raise what was found.

        Raises
        ------
        DataError
            One message with all faults, in the order in which they were found.
        """
        if len(self.found) == 1:
            raise DataError(f"{self.path}: {self.found[0]}")
        if self.found:
            lines = "".join(f"\n  - {fault}" for fault in self.found)
            raise DataError(f"{self.path}: {len(self.found)} faults{lines}")


def shown_rows(rows: pl.DataFrame, value: str | None = None) -> str:
    """Return ``row 3 'abc', row 7 'x' and 12 more``."""
    head = rows.head(MAX_ROWS_SHOWN)
    cells = [f" {shown(cell)}" for cell in head[value]] if value else [""] * head.height
    named = ", ".join(f"row {row}{cell}" for row, cell in zip(head[ROW], cells, strict=True))
    rest = rows.height - head.height
    return f"{named} and {rest} more" if rest else named


def shown(cell: object) -> str:
    """Return one cell in quotes, cut to a bounded length."""
    text = str(cell)
    return repr(text if len(text) <= MAX_VALUE_CHARS else f"{text[:MAX_VALUE_CHARS]}…")


def quoted(names: Iterable[str]) -> str:
    """Return names in quotes, separated by commas."""
    return ", ".join(repr(name) for name in names)
