"""Checks on the numbers themselves: finite, not negative, calm under a little noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from penstock.proving.cases import Noise, Window
from penstock.proving.differences import number, place, stamp
from penstock.proving.movement import largest_movement
from penstock.proving.searched import Kind, Problem, SampledCheck
from penstock.proving.subjects import predict

if TYPE_CHECKING:
    import polars as pl

    from penstock.proving.subjects import Subject

NOISE = 0.01


class Finite(SampledCheck[Window]):
    """Every prediction is a finite number."""

    name = "finite"
    promise = "every prediction is a finite number"
    cases = Window

    def problem(self, case: Window, subject: Subject) -> Problem | None:
        """Look for a prediction that breaks the rule."""
        found = case.predicted(subject).filter(self.wrong())
        if found.is_empty():
            return None
        row = found.row(0, named=True)
        where = place(row["series"], stamp(row["time"]), row["step"])
        return Problem(text=f"{where} is {number(row['prediction'])}")

    def wrong(self) -> pl.Expr:
        """Return what a prediction must not be."""
        import polars as pl

        return ~pl.col("prediction").cast(pl.Float64).is_finite().fill_null(value=False)


class NonNegative(Finite):
    """No prediction is below zero; for systems whose target cannot be."""

    name = "non_negative"
    promise = "no prediction is below zero"

    def wrong(self) -> pl.Expr:
        """Return what a prediction must not be."""
        import polars as pl

        return pl.col("prediction") < 0.0


class RobustToNoise(SampledCheck[Noise]):
    """A little noise on the history moves the predictions only a little."""

    name = "robust_to_noise"
    usual_kind: ClassVar[Kind] = "measures"
    usual_limit = 0.05
    promise = (
        f"noise of {NOISE:.0%} on the history moves the predictions of a series by at most {{limit}} of them"
    )
    cases = Noise

    def problem(self, case: Noise, subject: Subject) -> Problem | None:
        """Compare the movement with the limit."""
        moved = self._movement(case, subject)
        if moved is None or moved[1] <= self.limit:
            return None
        series, share = moved
        return Problem(text=f"the forecasts of {series!r} move by {share:.2%} of their size")

    def measure(self, subject: Subject) -> float | None:
        """Return the largest movement of a series where everything is disturbed."""
        found = [self._movement(case, subject) for case in self.always(subject)]
        return max((moved[1] for moved in found if moved is not None), default=0.0)

    def _movement(self, case: Noise, subject: Subject) -> tuple[str, float] | None:
        """Return the series that moves most, relative to the size of its predictions, and by how much."""
        moved = subject.remembered(
            ("noise", case), lambda: predict(subject.forecaster, case.cut(subject, NOISE), subject.horizon)
        )
        return largest_movement(case.window.predicted(subject), moved)
