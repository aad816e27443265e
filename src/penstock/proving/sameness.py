"""Checks that the same question gets the same answer, however it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.proving.cases import Change, Shuffle, Window
from penstock.proving.differences import first_difference, outcome
from penstock.proving.searched import CHANGES_SHOWN, Problem, SampledCheck
from penstock.proving.subjects import ordered, predict

if TYPE_CHECKING:
    import polars as pl

    from penstock.proving.search import Draw
    from penstock.proving.subjects import Subject

SECOND = ("the first time", "the second time")


class Consistency(SampledCheck[Window]):
    """The same input gives the same output, to the last bit, however often it is asked."""

    name = "consistency"
    promise = "the same input gives the same numbers every time"
    cases = Window

    def promised(self) -> str:
        """Return what holds, with the number of repeats."""
        return f"{self.promise} ({self.terms.repeats} repeats)"

    def problem(self, case: Window, subject: Subject) -> Problem | None:
        """Predict once more and compare; the newest piece is followed by the repeats, of one series a step ahead."""
        history, first = case.cut(subject), case.predicted(subject)
        again = predict(subject.forecaster, history, subject.horizon)
        found = difference(first, again, history, self.limit, SECOND)
        newest = Window.always(subject)[0]
        return self._repeats(newest, subject) if found is None and case == newest else found

    def _repeats(self, newest: Window, subject: Subject) -> Problem | None:
        import polars as pl

        history = newest.cut(subject).filter(pl.col("series") == newest.series[0])
        one = predict(subject.forecaster, history, 1)
        for repeat in range(2, self.terms.repeats):
            again = predict(subject.forecaster, history, 1)
            if not one.equals(again):
                return difference(one, again, history, self.limit, (SECOND[0], f"at repeat {repeat + 1}"))
        return None


class AloneOrInBatch(SampledCheck[Window]):
    """A series predicted alone gets the numbers it gets among others."""

    name = "alone_or_in_batch"
    usual_limit = 1e-6
    promise = "a series alone gets the numbers it gets among others (relative tolerance {limit})"
    cases = Window

    def skipped_because(self, subject: Subject) -> str | None:
        """One series has no others."""
        return _needs_two(subject)

    def draw(self, draw: Draw, subject: Subject) -> Window:
        """Draw at least two series."""
        return Window.draw(draw, subject, at_least=2)

    def problem(self, case: Window, subject: Subject) -> Problem | None:
        """Predict all together, then each alone."""
        import polars as pl

        batch = case.predicted(subject)
        alone = pl.concat([Window((name,), case.back, case.piece).predicted(subject) for name in case.series])
        return difference(batch, alone, case.cut(subject), self.limit, ("in the batch", "alone"))


class OrderOfSeries(SampledCheck[Shuffle]):
    """The order of series and rows does not count."""

    name = "order_of_series"
    usual_limit = 1e-6
    promise = "the order of series and rows moves no prediction (relative tolerance {limit})"
    cases = Shuffle

    def skipped_because(self, subject: Subject) -> str | None:
        """One series has one order."""
        return _needs_two(subject)

    def problem(self, case: Shuffle, subject: Subject) -> Problem | None:
        """Predict the shuffled and the sorted history."""
        shuffled = case.cut(subject)
        one = case.tidy().predicted(subject)
        other = predict(subject.forecaster, shuffled, subject.horizon)
        return difference(one, other, shuffled, self.limit, ("sorted", "shuffled"))


class Reload(SampledCheck[Window]):
    """Stored and loaded anew, the forecaster predicts the same."""

    name = "reload"
    usual_limit = 1e-9
    promise = "stored and loaded anew, it predicts the same (relative tolerance {limit})"
    cases = Window

    def skipped_because(self, subject: Subject) -> str | None:
        """Without a loader there is nothing to compare."""
        return "no way to load the forecaster anew was given" if subject.reload is None else None

    def problem(self, case: Window, subject: Subject) -> Problem | None:
        """Predict by both."""
        history = case.cut(subject)
        loaded = predict((subject.reload or (lambda: subject.forecaster))(), history, subject.horizon)
        return difference(case.predicted(subject), loaded, history, self.limit, ("as trained", "as loaded"))


class NoLeak(SampledCheck[Change]):
    """What comes after the cutoff moves no prediction."""

    name = "no_leak"
    usual_limit = 1e-9
    promise = "changing what comes after the cutoff moves no prediction (relative tolerance {limit})"
    cases = Change

    def skipped_because(self, subject: Subject) -> str | None:
        """Only a backtest sees what comes later."""
        return "no backtest was given" if subject.backtest is None else None

    def problem(self, case: Change, subject: Subject) -> Problem | None:
        """Backtest the piece as it is and as changed."""
        if not case.steps:
            return None
        piece = subject.pieces()[case.piece]
        kept = subject.remembered(
            ("backtest", case.piece, case.ahead), lambda: self._backtest(piece, case, subject)
        )
        moved = self._backtest(case.apply(subject), case, subject)
        found = first_difference(kept, moved, piece, self.limit)
        if found is None:
            return None
        changed = case.changed(subject)
        told = outcome(kept, found, ("before the change", "after it"))
        return Problem.of(told, tuple(changed[:CHANGES_SHOWN]), max(len(changed) - CHANGES_SHOWN, 0))

    @staticmethod
    def _backtest(panel: pl.DataFrame, case: Change, subject: Subject) -> pl.DataFrame:
        if subject.backtest is None:
            raise RuntimeError("unreachable: a subject without backtest is skipped")
        found = subject.backtest(panel, case.cutoff(subject))
        return ordered(found, subject.names(case.piece), subject.horizon)


def difference(
    one: pl.DataFrame, other: pl.DataFrame, history: pl.DataFrame, limit: float, names: tuple[str, str]
) -> Problem | None:
    """Return the first two predictions that differ by more than ``limit``, relative; ``names`` say which is which."""
    found = first_difference(one, other, history, limit)
    return None if found is None else Problem.of(outcome(one, found, names))


def _needs_two(subject: Subject) -> str | None:
    return "there is only one series" if len(subject.names()) < 2 else None  # noqa: PLR2004
