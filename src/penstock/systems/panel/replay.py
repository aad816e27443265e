"""What was known of a user's file when, for replays: nobody recorded it, so it is assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.engine import step

if TYPE_CHECKING:
    import polars as pl


@step(stage="acquire")
def knowledge(rows: pl.DataFrame, lag_days: float) -> pl.DataFrame:
    """Assume that every value was known ``lag_days`` after its time, and never revised."""
    from datetime import timedelta

    from penstock.forecasting.knowledge import assumed_known

    return assumed_known(rows, timedelta(days=lag_days))
