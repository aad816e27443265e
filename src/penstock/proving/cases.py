"""The cases that checks are tried on: which series, how much history, in which order, and what is changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from penstock.domain.covariates import past_in, plain
from penstock.domain.errors import bounded
from penstock.domain.results import ChangedValue
from penstock.proving.differences import pair, stamp
from penstock.proving.search import draw_number, draw_order, draw_subset
from penstock.proving.subjects import predict

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from penstock.proving.search import Draw
    from penstock.proving.subjects import Subject

SEEDS = 15
NAMES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Window:
    """Some series of a piece, with the last ``back`` stamps left out of their history."""

    series: tuple[str, ...]
    back: int
    piece: int = 0

    @classmethod
    def draw(cls, draw: Draw, subject: Subject, at_least: int = 1) -> Self:
        """Draw a window; the first series with the whole history of the newest piece is the simplest."""
        piece = draw_number(draw, len(subject.fixed))
        series = draw_subset(draw, subject.names(piece), at_least)
        return cls(series, draw_number(draw, subject.back), piece)

    @classmethod
    def always(cls, subject: Subject) -> tuple[Self, ...]:
        """Take all series with the whole history of each piece."""
        return tuple(cls(subject.names(piece), 0, piece) for piece in range(len(subject.pieces())))

    def cut(self, subject: Subject) -> pl.DataFrame:
        """Return the history of this window, in the order of ``series``."""
        import polars as pl

        known = subject.pieces()[self.piece].filter(pl.col("time") <= self.end(subject))
        parts = (known, *subject.known_after(self.end(subject), self.piece))
        return pl.concat([part.filter(pl.col("series") == name) for name in self.series for part in parts])

    def end(self, subject: Subject) -> datetime:
        """Return the last stamp of the history."""
        times = subject.times(self.piece)
        return times[len(times) - 1 - self.back]

    def predicted(self, subject: Subject) -> pl.DataFrame:
        """Predict from this window; the second time nothing is computed."""
        return subject.remembered(
            self, lambda: predict(subject.forecaster, self.cut(subject), subject.horizon)
        )

    def describe(self, subject: Subject) -> str:
        """Say which history this is."""
        return f"history of {listed(self.series)} up to {stamp(self.end(subject))}"


@dataclass(frozen=True, slots=True)
class Shuffle:
    """A window whose series come in another order, and whose rows may come backwards."""

    window: Window
    backwards: bool

    @classmethod
    def draw(cls, draw: Draw, subject: Subject) -> Self:
        """Draw at least two series in some order; the sorted one is the simplest."""
        window = Window.draw(draw, subject, at_least=2)
        return cls(replace(window, series=draw_order(draw, window.series)), draw())

    @classmethod
    def always(cls, subject: Subject) -> tuple[Self, ...]:
        """Take all series of each piece backwards."""
        return tuple(
            cls(replace(window, series=window.series[::-1]), backwards=True)
            for window in Window.always(subject)
        )

    def tidy(self) -> Window:
        """Return the window with its series in order."""
        return replace(self.window, series=tuple(sorted(self.window.series)))

    def cut(self, subject: Subject) -> pl.DataFrame:
        """Return the shuffled history."""
        history = self.window.cut(subject)
        return history.reverse() if self.backwards else history

    def describe(self, subject: Subject) -> str:
        """Say which history this is and how it is shuffled."""
        return self.window.describe(subject) + (", rows backwards" if self.backwards else ", in this order")


@dataclass(frozen=True, slots=True)
class Change:
    """A cutoff ``ahead`` stamps before the end of a piece, and other values of some series at some stamps after it.

    ``steps`` counts those stamps from the cutoff, 1 the next. The whole horizon lies inside the piece.
    """

    series: tuple[str, ...]
    ahead: int
    steps: tuple[int, ...]
    piece: int = 0

    @classmethod
    def draw(cls, draw: Draw, subject: Subject) -> Self:
        """Draw for each stamp after a cutoff, the farthest first, whether it changes; few and near is simple."""
        piece = draw_number(draw, len(subject.fixed))
        series = draw_subset(draw, subject.names(piece))
        ahead = subject.horizon + draw_number(draw, subject.back)
        return cls(series, ahead, tuple(sorted(step for step in range(ahead, 0, -1) if draw())), piece)

    @classmethod
    def always(cls, subject: Subject) -> tuple[Self, ...]:
        """Change everything after the latest cutoff of each piece, and after the earliest of the newest one."""
        places = [(piece, 0) for piece in range(len(subject.pieces()))]
        places += [(0, subject.back)] if subject.back else []
        return tuple(
            cls(subject.names(piece), ahead, tuple(range(1, ahead + 1)), piece)
            for piece, ahead in ((piece, subject.horizon + back) for piece, back in places)
        )

    def cutoff(self, subject: Subject) -> datetime:
        """Return the last stamp that a forecast may know."""
        return subject.times(self.piece)[-1 - self.ahead]

    def apply(self, subject: Subject) -> pl.DataFrame:
        """Return the piece with the values changed."""
        import polars as pl

        from penstock.quality.lookahead import disturbed

        changed = pl.col("time").is_in(self._stamps(subject)) & pl.col("series").is_in(list(self.series))
        return disturbed(subject.pieces()[self.piece], changed)

    def changed(self, subject: Subject) -> list[ChangedValue]:
        """List the values that are changed, by series and time; past covariates after ``y``."""
        import polars as pl

        before, after = subject.pieces()[self.piece], self.apply(subject)
        found = []
        for name in ("y", *past_in(before.columns)):
            both = before.select("series", "time", before=name, after=after[name])
            rows = both.filter(pl.col("before").ne_missing(pl.col("after")))
            found.append(rows.with_columns(column=pl.lit(plain(name) or name)))
        return [
            ChangedValue(series=series, time=stamp(time), column=column, before=texts[0], after=texts[1])
            for series, time, value, other, column in pl.concat(found, how="vertical_relaxed")
            .sort("series", "time", maintain_order=True)
            .iter_rows()
            for texts in (pair(value, other),)
        ]

    def describe(self, subject: Subject) -> str:
        """Say what is changed, and where the cutoff is."""
        values = self.changed(subject)
        if len(values) == 1:
            (one,) = values
            told = f"{one.series!r} at {one.time} from {one.before} to {one.after}"
        else:
            told = f"{listed(self.series)} at {bounded([stamp(at) for at in self._stamps(subject)], NAMES_SHOWN)}"
        return f"changing {told}, after the cutoff {stamp(self.cutoff(subject))}"

    def _stamps(self, subject: Subject) -> list[datetime]:
        times = subject.times(self.piece)
        return [times[len(times) - 1 - self.ahead + step] for step in self.steps]


@dataclass(frozen=True, slots=True)
class Noise:
    """A window whose values are all disturbed by a few per cent, up or down."""

    window: Window
    seed: int

    @classmethod
    def draw(cls, draw: Draw, subject: Subject) -> Self:
        """Draw a window and the seed of the noise."""
        return cls(Window.draw(draw, subject), draw_number(draw, SEEDS))

    @classmethod
    def always(cls, subject: Subject) -> tuple[Self, ...]:
        """Disturb each piece once."""
        return tuple(cls(window, 0) for window in Window.always(subject))

    def cut(self, subject: Subject, share: float) -> pl.DataFrame:
        """Return the history with each value multiplied by one plus normal noise of deviation ``share``."""
        import numpy as np
        import polars as pl

        history = self.window.cut(subject)
        noise = np.random.default_rng(self.seed).normal(0.0, share, history.height)
        return history.with_columns(pl.col("y") * pl.Series(1.0 + noise))

    def describe(self, subject: Subject) -> str:
        """Say which history this is and which noise."""
        return f"{self.window.describe(subject)}, noise of seed {self.seed}"


@dataclass(frozen=True, slots=True)
class Sweep:
    """A window, and one step ahead at which a known column goes through the values that it has been seen to take."""

    window: Window
    column: str
    step: int

    @classmethod
    def draw(cls, draw: Draw, subject: Subject, columns: tuple[str, ...]) -> Self:
        """Draw a window, one of ``columns`` and a step; the next step is the simplest."""
        column = columns[draw_number(draw, len(columns) - 1)]
        return cls(Window.draw(draw, subject), column, 1 + draw_number(draw, subject.horizon - 1))

    @classmethod
    def always(cls, subject: Subject, columns: tuple[str, ...]) -> tuple[Self, ...]:
        """Sweep each of ``columns`` at the first and at the last step of each piece."""
        steps, windows = sorted({1, subject.horizon}), Window.always(subject)
        return tuple(cls(window, name, step) for name in columns for step in steps for window in windows)

    def describe(self, subject: Subject) -> str:
        """Say which history this is; the problem says what was moved."""
        return self.window.describe(subject)


def listed(names: tuple[str, ...]) -> str:
    """List a few names."""
    return bounded([repr(name) for name in names], NAMES_SHOWN)
