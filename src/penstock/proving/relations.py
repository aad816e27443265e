"""Checks that a change of the whole history changes the forecast as it should: shifted, scaled, mirrored, raised."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from penstock.proving.cases import Window
from penstock.proving.movement import largest_movement
from penstock.proving.sameness import difference
from penstock.proving.searched import Kind, Problem, SampledCheck
from penstock.proving.subjects import predict

if TYPE_CHECKING:
    import polars as pl

    from penstock.proving.subjects import Subject

CALENDAR_CYCLE = "28y"
"""After so long dates fall on the same days of the week, and clocks change on the same dates (until 2099)."""

FACTOR = 4.0
"""A power of two, by which no number is rounded."""

RISE = 0.1


class Relation(SampledCheck[Window]):
    """Predict an altered history; subclasses say what is altered, and what the forecast should become."""

    cases = Window
    words: str

    @abstractmethod
    def altered(self, history: pl.DataFrame) -> pl.DataFrame:
        """Return the history with every row altered."""

    def expected(self, calm: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:  # noqa: ARG002  # subclasses read it
        """Return the predictions that the altered history should have, from those of ``history``."""
        return calm

    def describe(self, case: Window, subject: Subject) -> str:
        """Say in words what the forecaster was given."""
        return f"{case.describe(subject)}, {self.words}"

    def problem(self, case: Window, subject: Subject) -> Problem | None:
        """Compare what came with what was expected."""
        wanted, came = self.both(case, subject)
        return difference(wanted, came, case.cut(subject), self.limit, ("expected", "predicted"))

    def measure(self, subject: Subject) -> float | None:
        """Return by how much the predictions of a series are off, relative, on the fixed sample."""
        found = [largest_movement(*self.both(case, subject)) for case in self.always(subject)]
        return max((moved[1] for moved in found if moved is not None), default=0.0)

    def both(self, case: Window, subject: Subject) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the expected predictions and those that came."""
        history = case.cut(subject)
        came = subject.remembered(
            (self.name, case),
            lambda: predict(subject.forecaster, self.altered(history), subject.horizon),
        )
        return self.expected(case.predicted(subject), history), came


class ShiftedTime(Relation):
    """The same values 28 years later, on the same days of the week, get the same forecast."""

    name = "shifted_time"
    usual_limit = 1e-6
    promise = (
        "the same values 28 years later, on the same dates and weekdays, get the same forecast "
        "(relative tolerance {limit})"
    )
    words = "28 years later"

    def altered(self, history: pl.DataFrame) -> pl.DataFrame:
        """Move every stamp."""
        import polars as pl

        return history.with_columns(pl.col("time").dt.offset_by(CALENDAR_CYCLE))


class ScaledLevel(Relation):
    """Values four times as large get a forecast four times as large."""

    name = "scaled_level"
    usual_limit = 1e-6
    promise = f"values times {FACTOR:g} get forecasts times {FACTOR:g} (relative tolerance {{limit}})"
    words = f"every value times {FACTOR:g}"

    def altered(self, history: pl.DataFrame) -> pl.DataFrame:
        """Multiply every value."""
        import polars as pl

        return history.with_columns(pl.col("y") * FACTOR)

    def expected(self, calm: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:  # noqa: ARG002  # the level does not matter
        """Multiply every prediction."""
        import polars as pl

        return calm.with_columns(pl.col("prediction") * FACTOR)


class Negation(Relation):
    """A history mirrored at the middle of each series gets a mirrored forecast; trees rarely do, so it only measures."""

    name = "negation"
    usual_kind: ClassVar[Kind] = "measures"
    usual_limit = 0.05
    promise = (
        "a history mirrored at the middle of its range gets a mirrored forecast (relative tolerance {limit})"
    )
    words = "mirrored at the middle of each series' range"

    def altered(self, history: pl.DataFrame) -> pl.DataFrame:
        """Mirror every value."""
        import polars as pl

        # Extremes, not means: a library's mean changes in the last bit with the number of threads.
        twice = (pl.col("y").min() + pl.col("y").max()).over("series")
        return history.with_columns(twice - pl.col("y"))

    def expected(self, calm: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
        """Mirror every prediction at the same middle."""
        import polars as pl

        middles = history.group_by("series").agg((pl.col("y").min() + pl.col("y").max()).alias("_twice"))
        joined = calm.join(middles, on="series", how="left", maintain_order="left")
        return joined.with_columns(prediction=pl.col("_twice") - pl.col("prediction")).drop("_twice")


class Direction(Relation):
    """A history raised by a tenth of its largest size lowers the forecast of no series."""

    name = "direction"
    usual_limit = 0.0
    promise = f"a history raised by {RISE:.0%} of its largest size lowers no series' forecasts by more than {{limit}} of them"
    words = f"raised by {RISE:.0%} of the largest size of each series"

    def altered(self, history: pl.DataFrame) -> pl.DataFrame:
        """Raise every value by a share of the largest size of its series."""
        import polars as pl

        return history.with_columns(pl.col("y") + RISE * pl.col("y").abs().max().over("series"))

    def problem(self, case: Window, subject: Subject) -> Problem | None:
        """Look for the series that fell most."""
        found = self._fall(case, subject)
        if found is None or found[1] <= self.limit:
            return None
        return Problem(text=f"the forecasts of {found[0]!r} fall by {found[1]:.2%} on average")

    def measure(self, subject: Subject) -> float | None:
        """Return how much the series fell that fell most; negative where all rose."""
        found = [self._fall(case, subject) for case in self.always(subject)]
        return max((fall[1] for fall in found if fall is not None), default=None)

    def _fall(self, case: Window, subject: Subject) -> tuple[str, float] | None:
        return largest_movement(*self.both(case, subject), signed=True)
