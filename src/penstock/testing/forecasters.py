"""What every forecaster must keep to, as tests to subclass, and the simplest right one."""

# ruff: noqa: S101 - assertions are what a contract suite is made of

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.proving.checks import get_check
from penstock.proving.search import Budget
from penstock.proving.subjects import Subject, predict
from penstock.testing.panels import random_panel

if TYPE_CHECKING:
    import polars as pl

    from penstock.evaluation.predictor import Forecaster


@dataclass(frozen=True, kw_only=True, slots=True)
class RepeatLastSeason:
    """Repeats the last ``season_length`` values of each series of a panel with a fixed ``frequency``."""

    season_length: int = 24
    frequency: str = "1h"

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        """Forecast as the protocol asks; a series shorter than a season repeats what it has."""
        import polars as pl

        ends = (
            history.sort("series", "time")
            .group_by("series", maintain_order=True)
            .agg(pl.col("time").last(), pl.col("y").tail(self.season_length).alias("season"))
        )
        steps = pl.DataFrame({"step": pl.Series(range(1, horizon + 1), dtype=pl.Int32)})
        number, unit = (
            self.frequency.rstrip("abcdefghijklmnopqrstuvwxyz"),
            self.frequency.lstrip("0123456789"),
        )
        offset = (pl.col("step") * int(number)).cast(pl.String) + unit
        return ends.join(steps, how="cross").select(
            "series",
            pl.col("time").dt.offset_by(offset),
            "step",
            pl.col("season").list.get((pl.col("step") - 1) % pl.col("season").list.len()).alias("prediction"),
        )


class ForecasterContract:
    """Tests that every ``Forecaster`` passes; subclass, and say which one and on what."""

    horizon = 6

    def forecaster(self) -> Forecaster:
        """Return the forecaster, trained on ``history``."""
        raise NotImplementedError

    def history(self) -> pl.DataFrame:
        """Return a panel of at least two series, ``horizon`` stamps longer than the forecaster needs."""
        return random_panel({"a": (0, 96), "b": (0, 96), "c": (24, 90)})

    def test_one_row_for_each_series_and_step(self) -> None:
        """Columns, rows and steps are those of the protocol, for one step as for many."""
        for horizon in (1, self.horizon):
            found = predict(self.forecaster(), self.history(), horizon)
            assert found.height == horizon * self.history()["series"].n_unique()

    def test_stamps_follow_the_end_of_each_series(self) -> None:
        """The first stamp comes after the last of the history, and stamps rise with the step."""
        import polars as pl

        ends = self.history().group_by("series").agg(pl.col("time").max().alias("end"))
        found = predict(self.forecaster(), self.history(), self.horizon).join(ends, on="series")
        rising = found.sort("series", "step")["time"].diff().dt.total_microseconds() > 0
        assert found.filter(pl.col("time") <= pl.col("end")).is_empty()
        assert rising.filter(found.sort("series", "step")["step"] > 1).all()

    def test_the_history_stays_as_it_is(self) -> None:
        """Predicting changes no value of the frame it was given."""
        history = self.history()
        self.forecaster().predict(history, self.horizon)
        assert history.equals(self.history())

    def test_asserted_checks_pass(self) -> None:
        """The properties that need nothing but the forecaster hold."""
        subject = Subject(
            forecaster=self.forecaster(), history=self.history(), horizon=self.horizon, back=self.horizon
        )
        budget = Budget(examples=3, deadline=1.0, clock=lambda: 0.0)
        for name in ("consistency", "alone_or_in_batch", "order_of_series", "finite"):
            found = get_check(name).run(subject, budget)
            assert found.verdict == "passed", f"{name}: {found.example}"
