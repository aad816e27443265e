"""What was known of a user's file when, for replays: as its own column says, else it is assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.domain.errors import DataError, bounded
from penstock.engine import step

if TYPE_CHECKING:
    import polars as pl

KNOWN_AT = "known_at"


@step(stage="acquire")
def knowledge(rows: pl.DataFrame, lag_days: float, *, published: bool) -> pl.DataFrame:
    """Make a history of the rows of a file.

    If ``published``, its column ``known_at`` says when each row became known, and a row may be revised by a later one;
    else every value is taken to be known ``lag_days`` after its time, and never revised.

    Raises
    ------
    DataError
        If two rows give different values for one series, stamp and moment of knowledge: nobody knows which one holds.
    """
    from datetime import timedelta

    from penstock.forecasting.knowledge import assumed_known, history_of

    _refuse_conflicts(rows, ("series", "time", *((KNOWN_AT,) if published else ())))
    return history_of(rows, "published") if published else assumed_known(rows, timedelta(days=lag_days))


def _refuse_conflicts(rows: pl.DataFrame, names: tuple[str, ...]) -> None:
    once = rows.unique(maintain_order=True)
    twice = once.filter(once.select(names).is_duplicated()).unique(names, maintain_order=True)
    if twice.is_empty():
        return
    told = [f"{series} {time:%Y-%m-%dT%H:%MZ}" for series, time in twice.select("series", "time").iter_rows()]
    raise DataError(
        f"the file gives more than one value for {twice.height:,} stamps: {bounded(told)}. Keep the right ones; if the "
        "later ones are corrections, let known_at name the column that says when each row became known, or ingest one "
        "file after the other and replay the dataset version"
    )
