"""What a split means for a panel: from where to where each fold and the final window learn and forecast."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from penstock.domain.results import Result
from penstock.evaluation.splits import Split, panel_times, truths, up_to

if TYPE_CHECKING:
    import polars as pl

FINAL = "final window"


class WindowFacts(Result):
    """One fold, or the final window, with its sizes.

    A model of it learns from ``train_steps`` stamps, ``train_start`` to ``train_end``, both included, which are
    ``train_rows`` rows of the panel. From each of ``cutoffs`` it forecasts: from ``first`` to ``last``, both
    included, ``forecasts`` values that have a truth; where windows overlap, a stamp counts in each. All in UTC.
    """

    name: str
    train_start: datetime
    train_end: datetime
    train_steps: int
    train_rows: int
    cutoffs: tuple[datetime, ...]
    first: datetime
    last: datetime
    forecasts: int


def describe_windows(panel: pl.DataFrame, split: Split) -> tuple[WindowFacts, ...]:
    """Return the folds in their order, then the final window.

    Parameters
    ----------
    panel
        The whole panel that ``split`` divides.
    split
        Cutoffs of folds and final window.

    Raises
    ------
    DataError
        A cutoff does not stand in the panel.
    """
    folds = [_facts(f"fold {number}", panel, split, cut) for number, cut in enumerate(split.folds, start=1)]
    return (*folds, _facts(FINAL, panel, split, split.final))


def _facts(name: str, panel: pl.DataFrame, split: Split, cutoffs: tuple[datetime, ...]) -> WindowFacts:
    known, ahead = up_to(panel, cutoffs[0]), truths(panel, cutoffs, split.horizon)
    times = panel_times(ahead)
    return WindowFacts(
        name=name,
        train_start=split.first,
        train_end=cutoffs[0],
        train_steps=len(panel_times(known)),
        train_rows=known.height,
        cutoffs=cutoffs,
        first=times[0].astimezone(UTC),
        last=times[-1].astimezone(UTC),
        forecasts=ahead.height,
    )
