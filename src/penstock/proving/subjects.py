"""What is checked: a trained forecaster with small pieces of history, and how its predictions are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from penstock.domain.covariates import known_in, past_in
from penstock.domain.errors import DataError, bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import datetime

    import polars as pl

    from penstock.evaluation.predictor import Forecaster

COLUMNS = ("series", "time", "step", "prediction")


class KnownColumns(Protocol):
    """The columns of a model that are known ahead, such as a forecast temperature, and a way to put others in."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        ...

    def values(self, panel: pl.DataFrame) -> pl.DataFrame:
        """Return ``series``, ``time`` and the columns (Float64) at the stamps of ``panel``."""
        ...

    def ahead(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        """Return ``series``, ``time``, ``step`` and the columns at the stamps that follow ``history``."""
        ...

    def predict(self, history: pl.DataFrame, horizon: int, ahead: pl.DataFrame) -> pl.DataFrame:
        """Predict as the forecaster does, with the columns of ``ahead`` in place of its own."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A trained forecaster and what to try it on.

    Attributes
    ----------
    forecaster
        The object that will serve.
    history
        A panel frame, best a short piece of few series: every example predicts from it.
    horizon
        Steps to forecast.
    back
        How many of the last stamps a case may leave out. Every piece must be ``horizon + back`` stamps longer than
        what the forecaster needs.
    fixed
        Further pieces like ``history``, from elsewhere in time.
    reload
        Loads the stored forecaster anew.
    backtest
        ``(panel, cutoff) → predictions`` after ``cutoff``, made the way evaluation makes them: from a panel that also
        holds what came later. It leads to the same columns as ``Forecaster.predict``.
    known
        The columns that are known ahead, for the check that moves them.
    memory
        Predictions that were made already.
    later
        For each piece the rows after it, of which known covariates are used and nothing else; none where there are no such.
    """

    forecaster: Forecaster
    history: pl.DataFrame
    horizon: int
    back: int = 24
    fixed: tuple[pl.DataFrame, ...] = ()
    reload: Callable[[], Forecaster] | None = None
    backtest: Callable[[pl.DataFrame, datetime], pl.DataFrame] | None = None
    known: KnownColumns | None = None
    memory: dict[Hashable, pl.DataFrame] = field(default_factory=dict, repr=False, compare=False)
    later: tuple[pl.DataFrame, ...] = ()

    def pieces(self) -> tuple[pl.DataFrame, ...]:
        """Return ``history`` and what else there is."""
        return (self.history, *self.fixed)

    def names(self, piece: int = 0) -> tuple[str, ...]:
        """Return the series of a piece, sorted."""
        return tuple(self.pieces()[piece]["series"].unique().sort().to_list())

    def times(self, piece: int = 0) -> list[datetime]:
        """Return the stamps of a piece, sorted."""
        stamps: list[datetime] = self.pieces()[piece]["time"].unique().sort().to_list()
        return stamps

    def known_after(self, end: datetime, piece: int) -> tuple[pl.DataFrame, ...]:
        """Return the rows of a piece after ``end`` with known covariates and without values; none where none are known."""
        import polars as pl

        whole = self.pieces()[piece]
        if not known_in(whole.columns):
            return ()
        rows = pl.concat([whole, *self.later[piece : piece + 1]]).filter(pl.col("time") > end)
        hidden = ("y", *past_in(whole.columns))
        return (rows.with_columns(pl.lit(None, dtype=whole.schema[name]).alias(name) for name in hidden),)

    def remembered(self, key: Hashable, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """Return what ``make`` gives for ``key``, made once: checks that try the same input share its prediction."""
        if key not in self.memory:
            self.memory[key] = make()
        return self.memory[key]


class MalformedPredictionsError(DataError):
    """A forecaster returned other rows than it was asked for."""


def predict(forecaster: Forecaster, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
    """Predict, and return the four columns sorted by ``series``, ``step``.

    Raises
    ------
    MalformedPredictionsError
        Columns are missing, or the rows are not exactly each series at each step 1 … ``horizon``.
    """
    return ordered(
        forecaster.predict(history, horizon), tuple(history["series"].unique().sort().to_list()), horizon
    )


def ordered(predictions: pl.DataFrame, names: tuple[str, ...], horizon: int) -> pl.DataFrame:
    """Return the four columns of ``predictions`` sorted by ``series``, ``step``; raises MalformedPredictionsError."""
    missing = [name for name in COLUMNS if name not in predictions.columns]
    if missing:
        raise MalformedPredictionsError(
            f"predictions lack {bounded(missing)}; they hold {bounded(predictions.columns)}"
        )
    frame = predictions.select(COLUMNS).sort("series", "step")
    found = list(zip(frame["series"].to_list(), frame["step"].to_list(), strict=True))
    wanted = [(name, step) for name in names for step in range(1, horizon + 1)]
    if found != wanted:
        lost, extra = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
        raise MalformedPredictionsError(
            f"{len(found)} predictions for {len(wanted)} (series, step) pairs; missing: {bounded(lost, 3) or 'none'}; "
            f"not asked for: {bounded(extra, 3) or 'none'}"
        )
    return frame
