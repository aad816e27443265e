"""What was known of Danish consumption when, for replays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.engine import step
from penstock.sources.simulators.denmark import DenmarkSimulatorConfig

if TYPE_CHECKING:
    import polars as pl


@step(stage="acquire")
def knowledge(source: DenmarkSimulatorConfig) -> pl.DataFrame:
    """Return every row that the simulated source ever showed, revised ones again, with the moment it appeared."""
    from penstock.forecasting.knowledge import history_of
    from penstock.sources.denmark_rows import to_panel
    from penstock.sources.simulators.denmark import history

    return history_of(to_panel(history(source), keep=("known_at",)), "published")


@step(stage="prepare")
def recall(learned: pl.DataFrame) -> pl.DataFrame:
    """Reshape everything that the table had learned into the history of a panel."""
    from penstock.sources.denmark_rows import to_panel

    return to_panel(learned, keep=("known_at", "known_how", "sequence", "deleted"))
