"""At most so many rows of a kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penstock.domain.errors import UsageError
from penstock.quality.subsample.exact import require_columns

if TYPE_CHECKING:
    import polars as pl


def at_most(table: pl.DataFrame, by: Sequence[str], limit: int, *, seed: int) -> pl.DataFrame:
    """Return at most ``limit`` rows of each group, drawn without replacement, in their order.

    Parameters
    ----------
    table
        Any table.
    by
        Columns that name a group: an id, or ``cluster`` of :func:`penstock.quality.subsample.near.clusters`. Missing
        values are a group of their own.
    limit
        Largest number of rows of a group.
    seed
        Seed of the draw. The same rows in the same order give the same choice; a group that is small enough is never
        touched.

    Raises
    ------
    UsageError
        If a column is missing, none is named, or ``limit`` is below one.
    """
    import numpy as np
    import polars as pl

    require_columns(table, by)
    if not by or limit < 1:
        raise UsageError(
            f"at most {limit} rows by {list(by)}: name at least one column and allow at least one row"
        )
    lot = np.random.default_rng(seed).permutation(table.height)
    drawn = table.with_columns(pl.Series("__lot", lot)).select(
        pl.col("__lot").rank("ordinal").over(by) <= limit
    )
    return table.filter(drawn.to_series())
