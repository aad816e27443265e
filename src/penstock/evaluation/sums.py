"""Sums over groups whose last bit is the same on any machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

ROW = "__row"


def group_sums(rows: pl.DataFrame, terms: Mapping[str, pl.Expr], by: Sequence[str]) -> pl.DataFrame:
    """Sum each term over each group of ``by``.

    The library's own grouped sums change in the last bit with the number of threads, which would change the digest
    of a score. Here every sum runs over its rows in their order.

    Parameters
    ----------
    rows
        Any frame with the columns of ``by`` and of the terms.
    terms
        Name → what a row adds; null adds nothing, NaN makes the sum NaN.
    by
        Columns that make the groups; empty for one group of all.

    Returns
    -------
    pl.DataFrame
        ``by`` and one Float64 column a term, sorted by group.
    """
    import numpy as np
    import polars as pl

    added = rows.select(term.cast(pl.Float64).fill_null(0.0).alias(name) for name, term in terms.items())
    groups, codes = _groups(rows, by)
    size = groups.height if by else 1
    sums = [pl.Series(term.name, np.bincount(codes, term.to_numpy(), minlength=size)) for term in added]
    return pl.DataFrame([*groups.get_columns(), *sums])


def _groups(rows: pl.DataFrame, by: Sequence[str]) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Return the groups, sorted, and the number of its group for each row."""
    import numpy as np
    import polars as pl

    codes = np.zeros(rows.height, dtype=np.int64)
    if not by:
        return pl.DataFrame(), codes
    groups = rows.select(*by, pl.int_range(pl.len()).alias(ROW)).group_by(by).agg(ROW).sort(by)
    lengths = groups[ROW].list.len().to_numpy()
    codes[groups[ROW].explode(empty_as_null=False).to_numpy()] = np.repeat(np.arange(groups.height), lengths)
    return groups.drop(ROW), codes
