"""Texts that differ by a few letters: found by edit distance, joined into clusters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from penstock.domain.errors import UsageError
from penstock.quality.subsample.exact import require_columns

if TYPE_CHECKING:
    import polars as pl

CLUSTER = "cluster"
LEAST_SIMILARITY = 0.5
_BLOCK = 500  # texts compared at once with all that are long enough: 40 MB of scores for 20,000
_ROUNDING = 1e-6  # 1 - 2 / 5 is less than 0.6, and rapidfuzz rounds once more
_JOINT = "\x1f"  # between the texts of several columns


def clusters(
    table: pl.DataFrame, columns: Sequence[str], similarity: float, *, within: Sequence[str] = ()
) -> pl.Series:
    """Find the clusters of near duplicates.

    Two texts are near if ``1 - d / n`` is at least ``similarity``, ``d`` being the Levenshtein distance and ``n`` the
    length of the longer one, after folding case and joining white space. A cluster is what nearness connects, step by
    step, so its ends may be further apart.

    Texts are compared only where their lengths allow it; the time grows with the square of the number of texts: 20,000
    take about three seconds on one core, more are better divided by ``within``.

    Parameters
    ----------
    table
        Any table.
    columns
        Text columns, compared as one text. A row in which all are missing is near no other.
    similarity
        From 0.5 to 1, which finds equal texts only.
    within
        Columns in which two rows must be equal to be compared at all.

    Returns
    -------
    pl.Series
        ``cluster`` (UInt32): for each row the number of the first row of its cluster.

    Raises
    ------
    UsageError
        If a column is missing or no text, or ``similarity`` is out of range.
    """
    import polars as pl

    _check(table, columns, similarity, within)
    texts = table.select(_folded(columns).alias("text"), *within).with_row_index("row").drop_nulls("text")
    parts = texts.partition_by(*within, maintain_order=True) if within else [texts]
    first = {row: row for row in range(table.height)}
    for part in parts:
        first.update(_first_rows(part, similarity))
    return pl.Series(CLUSTER, list(first.values()), dtype=pl.UInt32)


def without_near_copies(
    table: pl.DataFrame, columns: Sequence[str], similarity: float, *, within: Sequence[str] = ()
) -> pl.DataFrame:
    """Return the first row of each cluster, in their order; arguments and errors as :func:`clusters`."""
    import polars as pl

    number = clusters(table, columns, similarity, within=within)
    return table.filter(number == pl.int_range(table.height, dtype=pl.UInt32, eager=True))


def _check(table: pl.DataFrame, columns: Sequence[str], similarity: float, within: Sequence[str]) -> None:
    require_columns(table, [*columns, *within])
    other = [name for name in columns if str(table.schema[name]) != "String"]
    if other or not columns:
        named = ", ".join(f"{name} is {table.schema[name]}" for name in other) or "none was named"
        raise UsageError(f"near duplicates are found in text columns; {named}")
    if not LEAST_SIMILARITY <= similarity <= 1:
        raise UsageError(
            f"similarity={similarity:g} is out of range; allowed: {LEAST_SIMILARITY} (half of the letters) to 1 (equal)"
        )


def _folded(columns: Sequence[str]) -> pl.Expr:
    """Return the text that is compared; null where all columns are missing."""
    import polars as pl

    parts = [
        pl.col(name).str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars() for name in columns
    ]
    joined = pl.concat_str([part.fill_null("") for part in parts], separator=_JOINT)
    return pl.when(~pl.all_horizontal(pl.col(name).is_null() for name in columns)).then(joined)


def _first_rows(part: pl.DataFrame, similarity: float) -> dict[int, int]:
    """Return for each row of ``part`` the first row of its cluster."""
    rows: dict[str, list[int]] = {}
    for row, text in part.select("row", "text").iter_rows():
        rows.setdefault(text, []).append(row)
    texts = sorted(rows, key=lambda text: (len(text), text))
    parents = list(range(len(texts)))
    for one, other in _near(texts, similarity):
        _join(parents, one, other)
    first: dict[int, int] = {}
    for at, text in enumerate(texts):
        root = _root(parents, at)
        first[root] = min(first.get(root, rows[text][0]), rows[text][0])
    return {row: first[_root(parents, at)] for at, text in enumerate(texts) for row in rows[text]}


def _near(texts: Sequence[str], similarity: float) -> Iterator[tuple[int, int]]:
    """Yield the places of near texts; ``texts`` are distinct and sorted by length."""
    import numpy as np
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist

    lengths = np.array([len(text) for text in texts])
    for begin in range(0, len(texts) if similarity < 1 else 0, _BLOCK):
        block = texts[begin : begin + _BLOCK]
        # At least the difference of their lengths must be edited.
        end = int(np.searchsorted(lengths, len(block[-1]) / similarity + _ROUNDING, side="right"))
        scores = cdist(
            block,
            texts[begin:end],
            scorer=Levenshtein.normalized_similarity,
            score_cutoff=similarity - _ROUNDING,
            dtype=np.float32,
        )
        ones, others = np.nonzero(np.triu(scores, 1))
        yield from zip((ones + begin).tolist(), (others + begin).tolist(), strict=True)


def _root(parents: list[int], at: int) -> int:
    while parents[at] != at:
        parents[at] = parents[parents[at]]
        at = parents[at]
    return at


def _join(parents: list[int], one: int, other: int) -> None:
    low, high = sorted((_root(parents, one), _root(parents, other)))
    parents[high] = low
