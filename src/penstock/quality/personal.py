"""Columns marked personal: what stands in them is data, and never becomes a word in a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.domain.rows import RowSchema

MASKED = "(personal)"
"""Stands in every message, example and profile where a personal value would."""


def masked(row: dict[str, Any], schema: RowSchema) -> dict[str, Any]:
    """Return ``row`` with :data:`MASKED` in place of the values of personal columns."""
    personal = {column.name for column in schema.columns if column.personal}
    return {name: MASKED if name in personal else value for name, value in row.items()}
