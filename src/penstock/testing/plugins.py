"""Transformers of a user's own, as a plug-in would bring them: one that is right and three that break a rule."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Self

from penstock.forecasting.transformers import GROUP, KnownColumns

if TYPE_CHECKING:
    import polars as pl


class Age(KnownColumns):
    """Days since the first stamp of training."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def fit(self, frame: pl.DataFrame) -> Self:
        """Learn."""
        self.start_ = frame["time"].dt.epoch("s").min()
        return self

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the column."""
        days = (frame["time"].dt.epoch("s") - self.start_) / 86_400 * self.scale
        return days.alias("age").to_frame()

    def get_feature_names_out(self) -> list[str]:
        """Return its name."""
        return ["age"]


class Broken(Age):
    """Promises one name and returns another."""

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the column."""
        return super().transform(frame).rename({"age": "years"})


class Empty(Age):
    """Leaves a row without a value."""

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the column."""
        return super().transform(frame).shift(1)


class Object(Age):
    """Learns what no neutral file can hold."""

    def fit(self, frame: pl.DataFrame) -> Self:
        """Learn."""
        self.frame_ = frame
        return self


def point(name: str) -> EntryPoint:
    """Return the entry point by which one of these classes would be installed, its name in small letters."""
    return EntryPoint(name.lower(), f"penstock.testing.plugins:{name}", GROUP)
