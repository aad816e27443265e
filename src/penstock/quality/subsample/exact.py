"""Rows that stand twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penstock.domain.errors import UsageError, bounded

if TYPE_CHECKING:
    import polars as pl


def without_copies(table: pl.DataFrame, columns: Sequence[str] = ()) -> pl.DataFrame:
    """Return the first of the rows that are equal in ``columns`` (none named: in all), in their order.

    Missing equals missing, and NaN equals NaN.

    Raises
    ------
    UsageError
        If a column is missing.
    """
    require_columns(table, columns)
    return table.unique(list(columns) or None, keep="first", maintain_order=True)


def require_columns(table: pl.DataFrame, columns: Sequence[str]) -> None:
    """Refuse names that the table does not have; raises UsageError."""
    lost = [name for name in columns if name not in table.columns]
    if lost:
        raise UsageError(f"the table has no columns {bounded(lost)}; it has {bounded(table.columns)}")
