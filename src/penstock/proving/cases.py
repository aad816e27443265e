"""The cases that checks are tried on: which series, how much history, in which order, and what is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.errors import bounded
from penstock.proving.search import draw_number, draw_order, draw_subset

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from penstock.proving.search import Draw
    from penstock.proving.subjects import Subject

SEEDS = 15
NAMES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Window:
    """Some series, with the last ``back`` stamps left out of their history."""

    series: tuple[str, ...]
    back: int

    @classmethod
    def draw(cls, draw: Draw, subject: Subject, at_least: int = 1) -> Window:
        """Draw a window; the first series with the whole history is the simplest."""
        return cls(draw_subset(draw, subject.names(), at_least), draw_number(draw, subject.back))

    @classmethod
    def whole(cls, subject: Subject) -> Window:
        """Take all series with the whole history."""
        return cls(subject.names(), 0)

    def cut(self, subject: Subject) -> pl.DataFrame:
        """Return the history of this window, in the order of ``series``."""
        import polars as pl

        times = subject.times()
        known = subject.history.filter(pl.col("time") <= times[len(times) - 1 - self.back])
        return pl.concat([known.filter(pl.col("series") == name) for name in self.series])

    def describe(self, subject: Subject) -> str:
        """Say which history this is."""
        times = subject.times()
        end = times[len(times) - 1 - self.back]
        return f"history of {_listed(self.series)} up to {end.isoformat()}"


@dataclass(frozen=True, slots=True)
class Shuffle:
    """A window whose series come in another order, and whose rows may come backwards."""

    window: Window
    backwards: bool

    @classmethod
    def draw(cls, draw: Draw, subject: Subject) -> Shuffle:
        """Draw at least two series in some order; the sorted one is the simplest."""
        window = Window.draw(draw, subject, at_least=2)
        return cls(Window(draw_order(draw, window.series), window.back), draw())

    def cut(self, subject: Subject) -> pl.DataFrame:
        """Return the shuffled history."""
        history = self.window.cut(subject)
        return history.reverse() if self.backwards else history

    def describe(self, subject: Subject) -> str:
        """Say which history this is and how it is shuffled."""
        return self.window.describe(subject) + (", rows backwards" if self.backwards else ", in this order")


@dataclass(frozen=True, slots=True)
class Change:
    """A cutoff ``ahead`` stamps before the end, and other values of some series at some stamps after it.

    ``steps`` counts those stamps from the cutoff, 1 the next. The whole horizon lies inside the panel.
    """

    series: tuple[str, ...]
    ahead: int
    steps: tuple[int, ...]

    @classmethod
    def draw(cls, draw: Draw, subject: Subject) -> Change:
        """Draw for each stamp after a cutoff, the farthest first, whether it changes; few and near is simple."""
        series, ahead = draw_subset(draw, subject.names()), subject.horizon + draw_number(draw, subject.back)
        return cls(series, ahead, tuple(sorted(step for step in range(ahead, 0, -1) if draw())))

    @classmethod
    def everything(cls, subject: Subject, ahead: int) -> Change:
        """Change every value of every series after the cutoff."""
        return cls(subject.names(), ahead, tuple(range(1, ahead + 1)))

    def cutoff(self, subject: Subject) -> datetime:
        """Return the last stamp that a forecast may know."""
        return subject.times()[-1 - self.ahead]

    def apply(self, subject: Subject) -> pl.DataFrame:
        """Return the panel with the values changed."""
        import polars as pl

        from penstock.quality.lookahead import disturbed

        changed = pl.col("time").is_in(self._stamps(subject)) & pl.col("series").is_in(list(self.series))
        return disturbed(subject.history, changed)

    def describe(self, subject: Subject) -> str:
        """Say what is changed, and where the cutoff is."""
        stamps = bounded([stamp.isoformat() for stamp in self._stamps(subject)], NAMES_SHOWN)
        return f"changing {_listed(self.series)} at {stamps}, after the cutoff {self.cutoff(subject).isoformat()}"

    def _stamps(self, subject: Subject) -> list[datetime]:
        times = subject.times()
        return [times[len(times) - 1 - self.ahead + step] for step in self.steps]


@dataclass(frozen=True, slots=True)
class Noise:
    """A window whose values are all disturbed by a few per cent, up or down."""

    window: Window
    seed: int

    @classmethod
    def draw(cls, draw: Draw, subject: Subject) -> Noise:
        """Draw a window and the seed of the noise."""
        return cls(Window.draw(draw, subject), draw_number(draw, SEEDS))

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


def _listed(names: tuple[str, ...]) -> str:
    return bounded([repr(name) for name in names], NAMES_SHOWN)
