"""How far predictions moved, by series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.evaluation.sums import group_sums

if TYPE_CHECKING:
    import polars as pl


def largest_movement(
    calm: pl.DataFrame, moved: pl.DataFrame, *, signed: bool = False
) -> tuple[str, float] | None:
    """Return the series whose predictions moved most, and by how much.

    Parameters
    ----------
    calm, moved
        Predictions of the same rows in the same order.
    signed
        Whether movements up and down cancel; then the series that fell most, as a positive number, or rose least.

    Returns
    -------
    tuple[str, float] | None
        The sum of movements over the sum of predictions, both absolute; ``None`` where every prediction is zero.
    """
    import polars as pl

    change = calm["prediction"] - moved["prediction"]
    both = calm.with_columns((change if signed else change.abs()).alias("moved"))
    sums = group_sums(both, {"moved": pl.col("moved"), "size": pl.col("prediction").abs()}, ["series"])
    shares = sums.filter(pl.col("size") > 0.0).select(
        "series", (pl.col("moved") / pl.col("size")).alias("share")
    )
    if shares.is_empty():
        return None
    row = shares.sort(["share", "series"], descending=[True, False]).row(0)
    return str(row[0]), float(row[1])
