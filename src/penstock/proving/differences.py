"""How predictions are compared, and how a difference is told."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from penstock.domain.results import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

FEWEST_DIGITS = 4
MOST_DIGITS = 17


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


def outcome(predictions: pl.DataFrame, row: tuple[str, int, float, float], names: tuple[str, str]) -> Outcome:
    """Return the two values of one prediction; its stamp is that of ``predictions``."""
    series, step, ours, theirs = row
    found = predictions.filter(series=series, step=step)["time"][0]
    return Outcome(series=series, time=stamp(found), step=step, names=names, values=pair(ours, theirs))


def said(found: Outcome) -> str:
    """Say in words what came out."""
    (one, other), (first, second) = found.names, found.values
    return f"{place(found.series, found.time, found.step)} is {first} {one} and {second} {other}"


def place(series: str, time: str, step: int) -> str:
    """Say which prediction it is."""
    return f"the forecast of {series!r} for {time} (step {step})"


def pair(one: float | None, other: float | None) -> tuple[str, str]:
    """Write two numbers with as few digits as show that they differ, at least four."""
    for digits in range(FEWEST_DIGITS, MOST_DIGITS):
        texts = number(one, digits), number(other, digits)
        if texts[0] != texts[1]:
            return texts
    return repr(one), repr(other)


def number(value: float | None, digits: int = FEWEST_DIGITS) -> str:
    """Write a number with so many significant digits; what is missing is ``missing``."""
    return "missing" if value is None else f"{value:.{digits}g}"


def stamp(moment: datetime) -> str:
    """Write a stamp in UTC, to the minute where it has no seconds."""
    there = moment.astimezone(UTC)
    return there.strftime("%Y-%m-%dT%H:%MZ" if there.second == 0 else "%Y-%m-%dT%H:%M:%SZ")
