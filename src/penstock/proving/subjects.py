"""What is checked: a trained forecaster with a small piece of history, and how its predictions are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError, bounded

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import polars as pl

    from penstock.evaluation.predictor import Forecaster

COLUMNS = ("series", "time", "step", "prediction")


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A trained forecaster and what to try it on.

    Attributes
    ----------
    forecaster
        The object that will serve.
    history
        A panel frame, best a short piece of few series (``sample_history``): every example predicts from it.
    horizon
        Steps to forecast.
    back
        How many of the last stamps a case may leave out. The history must be ``horizon + back`` stamps longer than
        what the forecaster needs.
    reload
        Loads the stored forecaster anew.
    backtest
        ``(panel, cutoff) → predictions`` after ``cutoff``, made the way evaluation makes them: from a panel that also
        holds what came later. It leads to the same columns as ``Forecaster.predict``.
    """

    forecaster: Forecaster
    history: pl.DataFrame
    horizon: int
    back: int = 24
    reload: Callable[[], Forecaster] | None = None
    backtest: Callable[[pl.DataFrame, datetime], pl.DataFrame] | None = None

    def names(self) -> tuple[str, ...]:
        """Return the series, sorted."""
        return tuple(self.history["series"].unique().sort().to_list())

    def times(self) -> list[datetime]:
        """Return the stamps, sorted."""
        stamps: list[datetime] = self.history["time"].unique().sort().to_list()
        return stamps


class MalformedPredictionsError(DataError):
    """A forecaster returned other rows than it was asked for."""


def sample_history(panel: pl.DataFrame, series: int, steps: int) -> pl.DataFrame:
    """Take the last ``steps`` stamps of at most ``series`` series, spread evenly from the smallest level to the largest.

    Series that do not reach the last stamp are left out. Sorted by ``series``, ``time``.
    """
    import polars as pl

    stamps = panel["time"].unique().sort().tail(steps)
    recent = panel.filter(pl.col("time") >= stamps[0])
    levels = (
        recent.group_by("series")
        .agg(pl.col("y").abs().mean().alias("level"), pl.col("time").max().alias("end"))
        .filter(pl.col("end") == stamps[-1])
        .sort("level", "series")["series"]
        .to_list()
    )
    count = min(series, len(levels))
    chosen = sorted({levels[round(n * (len(levels) - 1) / max(count - 1, 1))] for n in range(count)})
    return recent.filter(pl.col("series").is_in(chosen)).sort("series", "time")


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


def first_difference(
    one: pl.DataFrame, other: pl.DataFrame, history: pl.DataFrame, tolerance: float
) -> tuple[str, int, float, float] | None:
    """Find the first prediction that differs: ``(series, step, one, other)``.

    Two predictions are equal when they differ by at most ``tolerance`` times the largest of both and the series'
    mean absolute value in ``history``; two that are not numbers are equal.
    """
    import polars as pl

    levels = history.group_by("series").agg(
        pl.col("y").fill_nan(None).abs().mean().fill_null(0.0).alias("level")
    )
    both = one.join(
        other.select("series", "step", pl.col("prediction").alias("other")), on=["series", "step"]
    ).join(levels, on="series", how="left")
    ours, theirs = (pl.col(name).cast(pl.Float64).fill_null(float("nan")) for name in ("prediction", "other"))
    size = pl.max_horizontal(ours.abs(), theirs.abs(), pl.col("level"))
    finite = ours.is_finite() & theirs.is_finite()
    near = finite & ((ours - theirs).abs() <= tolerance * size)
    wrong = both.filter(~(near | (ours == theirs))).sort("series", "step")  # NaN equals NaN in polars
    if wrong.is_empty():
        return None
    row = wrong.row(0, named=True)
    return row["series"], row["step"], row["prediction"], row["other"]
