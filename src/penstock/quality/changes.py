"""What changed between two versions of a table: rows added, revised, removed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from penstock.domain.errors import DataError, UsageError, bounded
from penstock.quality.personal import MASKED
from penstock.quality.report import MAX_EXAMPLES

if TYPE_CHECKING:
    import polars as pl

KEYS = ("series", "time")


class Change(BaseModel):
    """One changed row: its key, and for a revision the first column that differs, before and after, as text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: tuple[str, ...]
    column: str = ""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        values = f" {self.column}: {self.before} → {self.after}" if self.column else ""
        return " ".join(self.key) + values


class Changes(BaseModel):
    """How many rows were added, revised, removed and left as they were, with a few examples of each.

    ``revised_columns`` counts for each column the rows in which it was revised.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    added: int
    revised: int
    removed: int
    unchanged: int
    revised_columns: dict[str, int] = {}
    added_examples: tuple[Change, ...] = ()
    revised_examples: tuple[Change, ...] = ()
    removed_examples: tuple[Change, ...] = ()


def changes(
    before: pl.DataFrame, after: pl.DataFrame, *, keys: Sequence[str] = KEYS, personal: Collection[str] = ()
) -> Changes:
    """Compare two frames row by row; their order does not matter.

    Parameters
    ----------
    before, after
        Frames in which ``keys`` name a row. Values are compared in the columns that both have; missing equals missing,
        and NaN equals NaN.
    keys
        Columns that together name a row.
    personal
        Columns whose values are masked in examples.

    Raises
    ------
    UsageError
        If a key column is missing in one of the frames.
    DataError
        If two rows of a frame share a key; names some.
    """
    one, other = _checked(before, keys, "first"), _checked(after, keys, "second")
    added = other.join(one, on=keys, how="anti", nulls_equal=True)
    removed = one.join(other, on=keys, how="anti", nulls_equal=True)
    shared = [name for name in before.columns if name in after.columns and name not in keys]
    both = one.join(other, on=keys, suffix=":after", nulls_equal=True)
    differs = both.select(
        *keys,
        *shared,
        *(f"{name}:after" for name in shared),
        *(_differs(name).alias(f"{name}?") for name in shared),
    )
    counts = {name: int(differs[f"{name}?"].sum()) for name in shared}
    revised = _revised(differs, shared)
    masked = frozenset(personal)
    return Changes(
        added=added.height,
        revised=revised.height,
        removed=removed.height,
        unchanged=both.height - revised.height,
        revised_columns={name: count for name, count in counts.items() if count},
        added_examples=_examples(added, keys, masked),
        revised_examples=tuple(_revision(row, keys, shared, masked) for row in _first(revised, keys)),
        removed_examples=_examples(removed, keys, masked),
    )


def _checked(frame: pl.DataFrame, keys: Sequence[str], which: str) -> pl.DataFrame:
    lost = [name for name in keys if name not in frame.columns]
    if lost:
        raise UsageError(
            f"the {which} frame lacks the key columns {bounded(lost)}; it has {bounded(frame.columns)}"
        )
    twice = frame.filter(frame.select(keys).is_duplicated())
    if twice.height:
        named = [
            " ".join(map(_spelled, row)) for row in twice.select(keys).unique(maintain_order=True).rows()[:12]
        ]
        raise DataError(
            f"{twice.height} rows of the {which} frame share {', '.join(keys)}: {bounded(named, 3)}; "
            "one row for each key is allowed; clean the rows first"
        )
    return frame


def _differs(name: str) -> pl.Expr:
    import polars as pl

    return pl.col(name).ne_missing(pl.col(f"{name}:after"))


def _revised(differs: pl.DataFrame, shared: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    if not shared:
        return differs.clear()
    return differs.filter(pl.any_horizontal(f"{name}?" for name in shared))


def _first(frame: pl.DataFrame, keys: Sequence[str]) -> list[dict[str, Any]]:
    return frame.sort(keys).head(MAX_EXAMPLES).to_dicts()


def _examples(frame: pl.DataFrame, keys: Sequence[str], masked: frozenset[str]) -> tuple[Change, ...]:
    return tuple(Change(key=_key(row, keys, masked)) for row in _first(frame, keys))


def _revision(
    row: dict[str, Any], keys: Sequence[str], shared: Sequence[str], masked: frozenset[str]
) -> Change:
    column = next(name for name in shared if row[f"{name}?"])
    values = (row[column], row[f"{column}:after"])
    before, after = (MASKED if column in masked else _spelled(value) for value in values)
    return Change(key=_key(row, keys, masked), column=column, before=before, after=after)


def _key(row: dict[str, Any], keys: Sequence[str], masked: frozenset[str]) -> tuple[str, ...]:
    return tuple(MASKED if name in masked else _spelled(row[name]) for name in keys)


def _spelled(value: Any) -> str:
    if value is None:
        return "nothing"
    return f"{value:%Y-%m-%dT%H:%MZ}" if isinstance(value, datetime) else str(value)
