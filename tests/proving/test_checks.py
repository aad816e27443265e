from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.domain.errors import UnknownNameError
from penstock.evaluation.predictor import Forecaster
from penstock.proving.checks import CHECKS, get_check
from penstock.proving.runner import DEFAULT_CHECKS
from penstock.proving.search import Budget
from penstock.proving.subjects import Subject
from penstock.testing.forecasters import RepeatLastSeason
from penstock.testing.panels import random_panel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from penstock.domain.results import CheckResult

HORIZON = 6
AMPLE = Budget(examples=5, deadline=1.0, clock=lambda: 0.0)
PANEL = random_panel(dict.fromkeys("abc", (0, 72)))


class Honest:
    """Does what the protocol asks, as a base for those that do not."""

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        return RepeatLastSeason().predict(history, horizon)


class LearnsFromTheBatch(Honest):
    """Adds the mean of everything in the batch."""

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        return super().predict(history, horizon).with_columns(pl.col("prediction") + history["y"].mean())


class LooksAtTheFirstRow(Honest):
    """Adds the first value it is given."""

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        return super().predict(history, horizon).with_columns(pl.col("prediction") + history["y"][0])


@dataclass
class Moody(Honest):
    """Changes with every call."""

    calls: Iterator[int] = field(default_factory=count)

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        return super().predict(history, horizon).with_columns(pl.col("prediction") + 1e-9 * next(self.calls))


@dataclass
class Wrong(Honest):
    """Returns ``value`` for the last step of series ``c``."""

    value: float | None

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        broken = (pl.col("series") == "c") & (pl.col("step") == horizon)
        return (
            super()
            .predict(history, horizon)
            .with_columns(
                pl.when(broken).then(pl.lit(self.value)).otherwise("prediction").alias("prediction")
            )
        )


class Nervous(Honest):
    """Multiplies every movement of the last value by a thousand."""

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        ends = history.group_by("series").agg(pl.col("y").sort_by("time").tail(2).diff().last().alias("move"))
        joined = super().predict(history, horizon).join(ends, on="series")
        return joined.with_columns(pl.col("prediction") + 1000.0 * pl.col("move")).drop("move")


class Afraid(Honest):
    """Raises on series ``b``."""

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        if "b" in history["series"]:
            raise ZeroDivisionError("b is too much")
        return super().predict(history, horizon)


class Short(Honest):
    """Forgets the last step."""

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        return super().predict(history, horizon - 1)


def honest_backtest(panel: pl.DataFrame, cutoff: datetime) -> pl.DataFrame:
    return Honest().predict(panel.filter(pl.col("time") <= cutoff), HORIZON)


def leaking_backtest(panel: pl.DataFrame, cutoff: datetime) -> pl.DataFrame:
    """Adds a thousandth of the value four stamps after the cutoff of the same series."""
    later = (
        panel.filter(pl.col("time") > cutoff)
        .sort("time")
        .group_by("series")
        .agg(pl.col("y").get(3).alias("later"))
    )
    joined = honest_backtest(panel, cutoff).join(later, on="series")
    return joined.with_columns(pl.col("prediction") + 0.001 * pl.col("later")).drop("later")


def scaling_backtest(panel: pl.DataFrame, cutoff: datetime) -> pl.DataFrame:
    """Scales by a mean over all time, as a scaler fitted before the split does."""
    mean = pl.col("y").mean().over("series")
    whole = panel.select("series", "time", pl.col("y") / mean)
    known = whole.filter(pl.col("time") <= cutoff)
    return Honest().predict(known, HORIZON)


def subject(
    forecaster: Forecaster,
    *,
    reload: Callable[[], Forecaster] | None = None,
    backtest: Callable[[pl.DataFrame, datetime], pl.DataFrame] | None = honest_backtest,
) -> Subject:
    return Subject(
        forecaster=forecaster,
        history=PANEL,
        horizon=HORIZON,
        back=12,
        reload=reload or Honest,
        backtest=backtest,
    )


def run(name: str, tried: Subject) -> CheckResult:
    return get_check(name).run(tried, AMPLE)


class Shy(Honest):
    """Forecasts less where it is shown more."""

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        return super().predict(history, horizon).with_columns(prediction=1000.0 - pl.col("prediction"))


class Aging(Honest):
    """Adds a thousandth for every year."""

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        years = 0.001 * (pl.col("time").dt.year() - 2024)
        return super().predict(history, horizon).with_columns(pl.col("prediction") + years)


class Fixed(Honest):
    """Adds one, whatever the level."""

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        return super().predict(history, horizon).with_columns(pl.col("prediction") + 1.0)


@dataclass
class Tired(Honest):
    """Says something else from the fiftieth time on."""

    calls: Iterator[int] = field(default_factory=count)

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        late = next(self.calls) >= 49
        return super().predict(history, horizon).with_columns(pl.col("prediction") + (1.0 if late else 0.0))


@pytest.mark.parametrize("name", sorted(set(CHECKS) - {"monotone"}))
def test_an_honest_forecaster_passes(name: str) -> None:
    found = run(name, subject(Honest()))
    assert (found.name, found.verdict, found.example, found.counter) == (name, "passed", None, None)
    assert "{" not in found.detail


END = "2024-01-03T23:00Z"
PLANTED = [
    (
        "consistency",
        Moody(),
        f"history of 'a' up to {END}: the forecast of 'a' for 2024-01-04T00:00Z (step 1) is ",
    ),
    (
        "alone_or_in_batch",
        LearnsFromTheBatch(),
        f"history of 'a', 'b' up to {END}: the forecast of 'a' for 2024-01-04T00:00Z (step 1) is ",
    ),
    (
        "order_of_series",
        LooksAtTheFirstRow(),
        f"history of 'a', 'b' up to {END}, rows backwards: the forecast of 'a' for ",
    ),
    (
        "finite",
        Wrong(float("nan")),
        f"history of 'c' up to {END}: the forecast of 'c' for 2024-01-04T05:00Z (step 6) is nan",
    ),
    (
        "finite",
        Wrong(None),
        f"history of 'c' up to {END}: the forecast of 'c' for 2024-01-04T05:00Z (step 6) is missing",
    ),
    (
        "finite",
        Wrong(float("inf")),
        f"history of 'c' up to {END}: the forecast of 'c' for 2024-01-04T05:00Z (step 6) is inf",
    ),
    (
        "non_negative",
        Wrong(-0.5),
        f"history of 'c' up to {END}: the forecast of 'c' for 2024-01-04T05:00Z (step 6) is -0.5",
    ),
    ("finite", Afraid(), f"history of 'b' up to {END}: raised ZeroDivisionError: b is too much"),
    (
        "robust_to_noise",
        Nervous(),
        f"history of 'a' up to {END}, noise of seed 0: the forecasts of 'a' move by ",
    ),
    (
        "finite",
        Short(),
        f"history of 'a' up to {END}: raised MalformedPredictionsError: 5 predictions for 6",
    ),
    (
        "shifted_time",
        Aging(),
        f"history of 'a' up to {END}, 28 years later: the forecast of 'a' for 2024-01-04T00:00Z (step 1) is ",
    ),
    (
        "scaled_level",
        Fixed(),
        f"history of 'a' up to {END}, every value times 4: the forecast of 'a' for 2024-01-04T00:00Z (step 1) is ",
    ),
    (
        "negation",
        Fixed(),
        f"history of 'a' up to {END}, mirrored at the middle of each series' range: the forecast of 'a' ",
    ),
    (
        "direction",
        Shy(),
        f"history of 'a' up to {END}, raised by 10% of the largest size of each series: the forecasts of 'a' fall by ",
    ),
]


@pytest.mark.parametrize(("name", "forecaster", "example"), PLANTED)
def test_a_planted_fault_is_found_and_shrunk(name: str, forecaster: Forecaster, example: str) -> None:
    found = run(name, subject(forecaster))
    assert found.verdict == "failed"
    assert (found.example or "").startswith(example)
    assert found.counter is not None
    assert found.example == f"{found.counter.given}: {found.counter.problem}"


def test_a_forecaster_that_changes_at_the_fiftieth_call_is_found() -> None:
    found = run("consistency", subject(Tired()))
    assert (found.example or "").startswith("history of 'a', 'b', 'c' up to ")
    assert "(step 1)" in (found.example or "")


def test_a_planted_leak_is_shrunk_to_the_one_value_that_leaks() -> None:
    found = run("no_leak", subject(Honest(), backtest=leaking_backtest))
    assert found.verdict == "failed"
    assert found.counter is not None
    (changed,) = found.counter.changed
    assert (changed.series, changed.time, changed.column) == ("a", "2024-01-03T21:00Z", "y")
    told = found.counter.outcome
    assert told is not None
    assert (told.series, told.time, told.step) == ("a", "2024-01-03T18:00Z", 1)
    assert told.names == ("before the change", "after it")
    assert found.example == (
        f"changing 'a' at 2024-01-03T21:00Z from {changed.before} to {changed.after}, after the cutoff "
        f"2024-01-03T17:00Z: the forecast of 'a' for 2024-01-03T18:00Z (step 1) is {told.values[0]} before the change "
        f"and {told.values[1]} after it"
    )


def test_a_forecaster_that_peeks_is_found_where_its_backtest_hands_it_everything() -> None:
    def peeking(panel: pl.DataFrame, cutoff: datetime) -> pl.DataFrame:
        truth = panel.filter(pl.col("time") > cutoff).sort("time").group_by("series").head(HORIZON)
        known = honest_backtest(panel, cutoff)
        seen = known.join(truth.select("series", "time", "y"), on=["series", "time"], how="left")
        return seen.with_columns(prediction=(pl.col("prediction") + pl.col("y")) / 2.0).drop("y")

    found = run("no_leak", subject(Honest(), backtest=peeking))
    assert found.counter is not None
    assert [value.time for value in found.counter.changed] == ["2024-01-03T18:00Z"]


def test_a_scaler_fitted_before_the_split_is_a_leak() -> None:
    found = run("no_leak", subject(Honest(), backtest=scaling_backtest))
    assert (found.example or "").startswith("changing 'a' at 2024-01-03T18:00Z from ")
    assert ", after the cutoff 2024-01-03T17:00Z: " in (found.example or "")


def test_a_fault_that_only_a_fixed_piece_shows_is_found_there_and_shrunk() -> None:
    class AfraidOfTheFirst(Honest):
        def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
            if history["time"].dt.month().eq(3).any() and "b" in history["series"]:
                raise ZeroDivisionError("march")
            return super().predict(history, horizon)

    march = PANEL.with_columns(pl.col("time").dt.offset_by("2mo"))
    tried = Subject(forecaster=AfraidOfTheFirst(), history=PANEL, fixed=(march,), horizon=HORIZON, back=12)
    assert (
        run("finite", tried).example
        == "history of 'b' up to 2024-03-03T23:00Z: raised ZeroDivisionError: march"
    )


def test_a_reload_that_rounds_is_found() -> None:
    class Rounded(Honest):
        def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
            return super().predict(history, horizon).with_columns(pl.col("prediction").round(6))

    found = run("reload", subject(Honest(), reload=Rounded))
    assert (found.example or "").startswith("history of 'a' up to 2024-01-03T23:00Z: the forecast of ")
    assert (found.example or "").endswith("as loaded")


def test_what_cannot_be_tried_is_skipped_with_a_reason() -> None:
    lone = Subject(forecaster=Honest(), history=PANEL.filter(series="a"), horizon=HORIZON, back=12)
    reasons = {
        name: run(name, lone) for name in ("alone_or_in_batch", "order_of_series", "reload", "no_leak")
    }
    assert {one.verdict for one in reasons.values()} == {"skipped"}
    assert reasons["no_leak"].detail == "no backtest was given"
    assert reasons["alone_or_in_batch"].detail == "there is only one series"


def test_noise_is_measured_and_never_blocks() -> None:
    found = run("robust_to_noise", subject(Honest()))
    assert found.kind == "measures"
    assert 0.001 < (found.value or 0.0) < 0.02


def test_an_unknown_check_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="no check 'no_leek'; did you mean 'no_leak'"):
        get_check("no_leek")


def test_the_default_checks_exist() -> None:
    declared = {"non_negative", "monotone", "shifted_time", "scaled_level", "direction", "negation"}
    assert set(DEFAULT_CHECKS) == set(CHECKS) - declared
    assert {name for name in CHECKS if get_check(name).kind == "measures"} == {"robust_to_noise", "negation"}
