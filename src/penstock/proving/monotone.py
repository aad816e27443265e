"""The check that a column known ahead moves the forecast one way only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.domain.errors import ConfigError, bounded, did_you_mean
from penstock.domain.results import ChangedValue, Outcome
from penstock.proving.cases import Sweep
from penstock.proving.differences import pair, stamp
from penstock.proving.searched import Problem, SearchedCheck
from penstock.proving.subjects import ordered

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.results import CheckResult
    from penstock.proving.search import Budget, Draw
    from penstock.proving.subjects import KnownColumns, Subject

LEVELS = 7
"""Values that a column goes through, from the smallest to the largest that the sample shows."""


class Monotone(SearchedCheck[Sweep]):
    """More of a declared column never moves the forecast of that stamp against the declared sign."""

    name = "monotone"
    usual_limit = 1e-9
    promise = "all else equal, {columns} (relative tolerance {limit})"

    def promised(self) -> str:
        """Return what holds, with the columns at hand."""
        told = [
            f"more {name} never {'lowers' if sign > 0 else 'raises'} a forecast"
            for name, sign in self.terms.signs.items()
        ]
        return self.promise.format(columns=bounded(told), limit=f"{self.limit:g}")

    def skipped_because(self, subject: Subject) -> str | None:
        """Nothing is declared, or nothing can be moved."""
        if not self.terms.signs:
            return "no column is declared; checks.monotone names columns and signs"
        return "the forecaster gives no way to move its columns" if subject.known is None else None

    def run(self, subject: Subject, budget: Budget) -> CheckResult:
        """Search, after every declared column was found among those of the model.

        Raises
        ------
        ConfigError
            A declared column is none that the model knows ahead.
        """
        if subject.known is not None:
            _require_known(tuple(self.terms.signs), subject.known.names)
        return super().run(subject, budget)

    def draw(self, draw: Draw, subject: Subject) -> Sweep:
        """Draw one of the declared columns, a window and a step."""
        return Sweep.draw(draw, subject, tuple(self.terms.signs))

    def always(self, subject: Subject) -> tuple[Sweep, ...]:
        """Sweep each declared column."""
        return Sweep.always(subject, tuple(self.terms.signs))

    def problem(self, case: Sweep, subject: Subject) -> Problem | None:
        """Move the column up, level by level, and compare the forecast of that step with the one before."""
        known = subject.known
        if known is None:
            raise RuntimeError("unreachable: a subject without known columns is skipped")
        history, levels = case.window.cut(subject), levels_of(case.column, subject, known)
        ahead = known.ahead(history, subject.horizon)
        before: pl.DataFrame | None = None
        for place, level in enumerate(levels):
            after = self._at(level, case, subject, ahead)
            if before is not None:
                found = self._against(before, after, self.terms.signs[case.column])
                if found is not None:
                    return _problem(case, found, (levels[place - 1], level))
            before = after
        return None

    def _at(self, level: float, case: Sweep, subject: Subject, ahead: pl.DataFrame) -> pl.DataFrame:
        """Predict with the column at ``level`` at the step of ``case``; return that step only."""
        import polars as pl

        known = subject.known
        if known is None:
            raise RuntimeError("unreachable: a subject without known columns is skipped")
        there = pl.col("step") == case.step
        moved = ahead.with_columns(
            pl.when(there).then(pl.lit(level)).otherwise(pl.col(case.column)).alias(case.column)
        )
        found = known.predict(case.window.cut(subject), subject.horizon, moved)
        return ordered(found, tuple(sorted(case.window.series)), subject.horizon).filter(there)

    def _against(
        self, before: pl.DataFrame, after: pl.DataFrame, sign: int
    ) -> tuple[str, str, float, float] | None:
        """Return the first series whose forecast moves against ``sign``: its name, stamp and both values."""
        for row, ours, theirs in zip(
            before.iter_rows(named=True), before["prediction"], after["prediction"], strict=True
        ):
            if sign * (theirs - ours) < -self.limit * max(abs(ours), abs(theirs)):
                return row["series"], stamp(row["time"]), ours, theirs
        return None


def levels_of(column: str, subject: Subject, known: KnownColumns) -> list[float]:
    """Return the values that ``column`` goes through, rising: evenly spread quantiles of what the pieces show."""
    import numpy as np

    seen = [known.values(piece)[column].to_numpy() for piece in subject.pieces()]
    finite = np.concatenate(seen)
    finite = finite[np.isfinite(finite)]
    if not len(finite):
        return []
    found = np.quantile(finite, np.linspace(0.0, 1.0, LEVELS), method="nearest")
    return [float(value) for value in np.unique(found)]


def _problem(case: Sweep, found: tuple[str, str, float, float], levels: tuple[float, float]) -> Problem:
    series, time, ours, theirs = found
    low, high = pair(*levels)
    changed = ChangedValue(series=series, time=time, column=case.column, before=low, after=high)
    outcome = Outcome(
        series=series,
        time=time,
        step=case.step,
        names=(f"at {low}", f"at {high}"),
        values=pair(ours, theirs),
    )
    way = "raises" if theirs > ours else "lowers"
    text = (
        f"{case.column} of {series!r} at {time} (step {case.step}) moved from {low} to {high} {way} the forecast of that "
        f"stamp from {outcome.values[0]} to {outcome.values[1]}"
    )
    return Problem(text=text, outcome=outcome, changed=(changed,))


def _require_known(declared: tuple[str, ...], names: tuple[str, ...]) -> None:
    unknown = [name for name in declared if name not in names]
    if unknown:
        raise ConfigError(
            f"checks.monotone names {bounded([repr(name) for name in unknown])}, which the model does not know ahead"
            f"{did_you_mean(unknown[0], names)}"
        )
