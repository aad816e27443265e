"""The properties that a trained forecaster must have."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from penstock.domain.errors import UnknownNameError, did_you_mean
from penstock.evaluation.sums import group_sums
from penstock.proving.cases import Change, Noise, Shuffle, Window
from penstock.proving.searched import Check, Kind, SearchedCheck
from penstock.proving.subjects import first_difference, ordered, predict

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.results import CheckResult
    from penstock.proving.search import Budget, Draw
    from penstock.proving.subjects import Subject


class Consistency(SearchedCheck[Window]):
    """The same input gives the same output, to the last bit."""

    name = "consistency"
    promise = "the same input predicted twice gives the same numbers"

    def first(self, subject: Subject) -> tuple[Window, ...]:
        """Try all series together."""
        return (Window.whole(subject),)

    def draw(self, draw: Draw, subject: Subject) -> Window:
        """Draw a window."""
        return Window.draw(draw, subject)

    def problem(self, case: Window, subject: Subject) -> str | None:
        """Predict twice and compare."""
        history = case.cut(subject)
        one, two = (predict(subject.forecaster, history, subject.horizon) for _ in range(2))
        return _difference(one, two, history, 0.0, ("at first", "the second time"))


class AloneOrInBatch(SearchedCheck[Window]):
    """A series predicted alone gets the numbers it gets among others."""

    name = "alone_or_in_batch"
    tolerance: ClassVar[float] = 1e-6
    promise = f"a series alone gets the numbers it gets among others (relative tolerance {tolerance:g})"

    def skipped_because(self, subject: Subject) -> str | None:
        """One series has no others."""
        return _needs_two(subject)

    def draw(self, draw: Draw, subject: Subject) -> Window:
        """Draw at least two series."""
        return Window.draw(draw, subject, at_least=2)

    def problem(self, case: Window, subject: Subject) -> str | None:
        """Predict all together, then each alone."""
        import polars as pl

        history = case.cut(subject)
        batch = predict(subject.forecaster, history, subject.horizon)
        parts = [history.filter(pl.col("series") == name) for name in case.series]
        alone = pl.concat([predict(subject.forecaster, part, subject.horizon) for part in parts])
        return _difference(batch, alone, history, self.tolerance, ("in the batch", "alone"))


class OrderOfSeries(SearchedCheck[Shuffle]):
    """The order of series and rows does not count."""

    name = "order_of_series"
    tolerance: ClassVar[float] = 1e-6
    promise = f"the order of series and rows moves no prediction (relative tolerance {tolerance:g})"

    def skipped_because(self, subject: Subject) -> str | None:
        """One series has one order."""
        return _needs_two(subject)

    def first(self, subject: Subject) -> tuple[Shuffle, ...]:
        """Try all series backwards."""
        return (Shuffle(Window(subject.names()[::-1], 0), backwards=True),)

    def draw(self, draw: Draw, subject: Subject) -> Shuffle:
        """Draw an order."""
        return Shuffle.draw(draw, subject)

    def problem(self, case: Shuffle, subject: Subject) -> str | None:
        """Predict the shuffled and the sorted history."""
        shuffled = case.cut(subject)
        tidy = shuffled.sort("series", "time")
        one = predict(subject.forecaster, tidy, subject.horizon)
        other = predict(subject.forecaster, shuffled, subject.horizon)
        return _difference(one, other, tidy, self.tolerance, ("sorted", "shuffled"))


class Reload(SearchedCheck[Window]):
    """Stored and loaded anew, the forecaster predicts the same."""

    name = "reload"
    tolerance: ClassVar[float] = 1e-9
    promise = f"stored and loaded anew, it predicts the same (relative tolerance {tolerance:g})"

    def skipped_because(self, subject: Subject) -> str | None:
        """Without a loader there is nothing to compare."""
        return "no way to load the forecaster anew was given" if subject.reload is None else None

    def first(self, subject: Subject) -> tuple[Window, ...]:
        """Try all series together."""
        return (Window.whole(subject),)

    def draw(self, draw: Draw, subject: Subject) -> Window:
        """Draw a window."""
        return Window.draw(draw, subject)

    def problem(self, case: Window, subject: Subject) -> str | None:
        """Predict by both."""
        history = case.cut(subject)
        kept = predict(subject.forecaster, history, subject.horizon)
        loaded = predict((subject.reload or (lambda: subject.forecaster))(), history, subject.horizon)
        return _difference(kept, loaded, history, self.tolerance, ("as trained", "as loaded"))


class NoLeak(SearchedCheck[Change]):
    """What comes after the cutoff moves no prediction."""

    name = "no_leak"
    tolerance: ClassVar[float] = 1e-9
    promise = f"changing what comes after the cutoff moves no prediction (relative tolerance {tolerance:g})"

    def skipped_because(self, subject: Subject) -> str | None:
        """Only a backtest sees what comes later."""
        return "no backtest was given" if subject.backtest is None else None

    def first(self, subject: Subject) -> tuple[Change, ...]:
        """Change everything after the latest and after the earliest cutoff."""
        return tuple(Change.everything(subject, subject.horizon + back) for back in sorted({0, subject.back}))

    def draw(self, draw: Draw, subject: Subject) -> Change:
        """Draw a cutoff and some values after it."""
        return Change.draw(draw, subject)

    def problem(self, case: Change, subject: Subject) -> str | None:
        """Backtest the panel as it is and as changed."""
        if not case.steps:
            return None
        panels = subject.history, case.apply(subject)
        kept, moved = (self._backtest(panel, case, subject) for panel in panels)
        return _difference(kept, moved, subject.history, self.tolerance, ("before the change", "after it"))

    @staticmethod
    def _backtest(panel: pl.DataFrame, case: Change, subject: Subject) -> pl.DataFrame:
        if subject.backtest is None:
            raise RuntimeError("unreachable: a subject without backtest is skipped")
        return ordered(subject.backtest(panel, case.cutoff(subject)), subject.names(), subject.horizon)


class RobustToNoise(SearchedCheck[Noise]):
    """A little noise on the history moves the predictions only a little; reported, never blocking."""

    name = "robust_to_noise"
    kind: ClassVar[Kind] = "measures"
    noise: ClassVar[float] = 0.01
    limit: ClassVar[float] = 5.0
    promise = (
        f"noise of {noise:.0%} on the history moves predictions by at most {noise * limit:.0%} on average"
    )

    def draw(self, draw: Draw, subject: Subject) -> Noise:
        """Draw a window and the seed of the noise."""
        return Noise.draw(draw, subject)

    def problem(self, case: Noise, subject: Subject) -> str | None:
        """Compare the movement with the limit."""
        moved = self._movement(case, subject)
        return None if moved <= self.noise * self.limit else f"predictions move by {moved:.2%} on average"

    def run(self, subject: Subject, budget: Budget) -> CheckResult:
        """Search, and measure the movement with everything disturbed; ``value`` is its mean, relative."""
        found = super().run(subject, budget)
        if found.verdict == "skipped":
            return found
        try:
            moved = self._movement(Noise(Window.whole(subject), 0), subject)
        except Exception:  # noqa: BLE001  # the search has already reported what the forecaster raises
            return found
        return found.model_copy(update={"value": moved if math.isfinite(moved) else None})

    def _movement(self, case: Noise, subject: Subject) -> float:
        """Return the sum of movements over the sum of predictions, both absolute, of the series that moves most."""
        import polars as pl

        calm = predict(subject.forecaster, case.window.cut(subject), subject.horizon)
        moved = predict(subject.forecaster, case.cut(subject, self.noise), subject.horizon)
        both = calm.with_columns((moved["prediction"] - calm["prediction"]).abs().alias("moved"))
        sums = group_sums(both, {"moved": pl.col("moved"), "size": pl.col("prediction").abs()}, ["series"])
        shares = sums.filter(pl.col("size") > 0.0).select(pl.col("moved") / pl.col("size")).to_series()
        return max(shares.to_list(), default=0.0)


class Finite(SearchedCheck[Window]):
    """Every prediction is a finite number."""

    name = "finite"
    promise = "every prediction is a finite number"

    def first(self, subject: Subject) -> tuple[Window, ...]:
        """Try all series together."""
        return (Window.whole(subject),)

    def draw(self, draw: Draw, subject: Subject) -> Window:
        """Draw a window."""
        return Window.draw(draw, subject)

    def problem(self, case: Window, subject: Subject) -> str | None:
        """Look for a prediction that breaks the rule."""
        import polars as pl

        return self._first(case, subject, ~pl.col("prediction").cast(pl.Float64).is_finite().fill_null(False))

    @staticmethod
    def _first(case: Window, subject: Subject, wrong: pl.Expr) -> str | None:
        found = predict(subject.forecaster, case.cut(subject), subject.horizon).filter(wrong)
        if found.is_empty():
            return None
        row = found.row(0, named=True)
        return f"step {row['step']} of {row['series']!r} is {row['prediction']}"


class NonNegative(Finite):
    """No prediction is below zero; for systems whose target cannot be."""

    name = "non_negative"
    promise = "no prediction is below zero"

    def problem(self, case: Window, subject: Subject) -> str | None:
        """Look for a prediction that breaks the rule."""
        import polars as pl

        return self._first(case, subject, pl.col("prediction") < 0.0)


CHECKS: dict[str, type[Check]] = {
    check.name: check
    for check in (
        Consistency,
        AloneOrInBatch,
        OrderOfSeries,
        Reload,
        NoLeak,
        Finite,
        NonNegative,
        RobustToNoise,
    )
}


def get_check(name: str) -> Check:
    """Find a check by name.

    Raises
    ------
    UnknownNameError
        Names the nearest check and lists all.
    """
    if name not in CHECKS:
        raise UnknownNameError(f"there is no check {name!r}{did_you_mean(name, CHECKS)}")
    return CHECKS[name]()


def _needs_two(subject: Subject) -> str | None:
    return "there is only one series" if len(subject.names()) < 2 else None  # noqa: PLR2004


def _difference(
    one: pl.DataFrame, other: pl.DataFrame, history: pl.DataFrame, tolerance: float, words: tuple[str, str]
) -> str | None:
    found = first_difference(one, other, history, tolerance)
    if found is None:
        return None
    series, step, ours, theirs = found
    return f"step {step} of {series!r} is {ours!r} {words[0]} and {theirs!r} {words[1]}"
