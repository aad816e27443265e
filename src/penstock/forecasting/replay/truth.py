"""Two truths beside every forecast: what is known of its stamp in the end, and what was known of it first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from penstock.forecasting.knowledge import first_known, known_as_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

FINAL, FIRST, FIRST_AT = "y", "y_first", "first_known_at"
UNKNOWN = "unknown"
LAST_MOMENT = datetime(9999, 1, 1, tzinfo=UTC)


def with_truth(forecasts: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Add the truths to forecasts.

    Parameters
    ----------
    forecasts
        ``series`` and ``time`` (UTC) with whatever else.
    history
        What ``knowledge.require_history`` returned.

    Returns
    -------
    pl.DataFrame
        ``forecasts`` in their order with ``y``, the value as the whole history knows it in the end; ``y_first``, the
        value that the stamp was first learned with; and ``first_known_at``, when that was. Each is null where nothing
        is known: a stamp that was taken away has a first truth and no final one.
    """
    import polars as pl

    first = first_known(history).rename({"y": FIRST, "known_at": FIRST_AT})
    keys = ["series", "time"]
    newest = known_as_of(history, LAST_MOMENT)
    final = newest.select(*keys, pl.col("y").fill_nan(None).alias(FINAL))
    both = forecasts.join(final, on=keys, how="left", maintain_order="left")
    return both.join(first, on=keys, how="left", maintain_order="left")


def known_shares(history: pl.DataFrame) -> Mapping[str, float]:
    """Return the share of rows by how their ``known_at`` is known: published, received, assumed, or unknown."""
    from penstock.forecasting.knowledge import HOW

    if history.is_empty():
        return {}
    if HOW not in history.columns:
        return {UNKNOWN: 1.0}
    counts = history[HOW].fill_null(UNKNOWN).value_counts().sort(HOW)
    return {str(how): count / history.height for how, count in counts.iter_rows()}
