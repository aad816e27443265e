from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.domain.errors import ConfigError
from penstock.proving.monotone import LEVELS, Monotone, levels_of
from penstock.proving.search import Budget
from penstock.proving.searched import Terms
from penstock.proving.subjects import Subject
from penstock.testing.forecasters import RepeatLastSeason
from penstock.testing.panels import random_panel

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.domain.results import CheckResult

HORIZON = 6
AMPLE = Budget(examples=5, deadline=1.0, clock=lambda: 0.0)
PANEL = random_panel(dict.fromkeys("abc", (0, 72)))
TEMPERATURE = pl.col("time").dt.hour().cast(pl.Float64) - 10.0


@dataclass(frozen=True)
class Heating:
    """A forecaster whose forecast depends on the temperature of its stamp, as ``effect`` says."""

    effect: Callable[[pl.Expr], pl.Expr]

    @property
    def names(self) -> tuple[str, ...]:
        return ("hour", "temperature")

    def values(self, panel: pl.DataFrame) -> pl.DataFrame:
        return panel.select(
            "series", "time", pl.col("time").dt.hour().alias("hour"), TEMPERATURE.alias("temperature")
        )

    def ahead(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        rows = RepeatLastSeason().predict(history, horizon)
        return self.values(rows).with_columns(rows["step"])

    def predict(self, history: pl.DataFrame, horizon: int, ahead: pl.DataFrame) -> pl.DataFrame:
        base = RepeatLastSeason().predict(history, horizon)
        joined = base.join(ahead.drop("time"), on=["series", "step"])
        return joined.with_columns(pl.col("prediction") + self.effect(pl.col("temperature")))


def run(effect: Callable[[pl.Expr], pl.Expr], signs: dict[str, int]) -> CheckResult:
    tried = Subject(
        forecaster=RepeatLastSeason(), history=PANEL, horizon=HORIZON, back=12, known=Heating(effect)
    )
    return Monotone(Terms(signs=signs)).run(tried, AMPLE)


@pytest.mark.parametrize(
    ("effect", "sign"),
    [
        (lambda degrees: -2.0 * degrees, -1),
        (lambda degrees: 2.0 * degrees, 1),
        (lambda degrees: pl.lit(0.0) * degrees, 1),
    ],
)
def test_a_monotone_forecaster_passes(effect: Callable[[pl.Expr], pl.Expr], sign: int) -> None:
    found = run(effect, {"temperature": sign})
    assert (found.verdict, found.example) == ("passed", None)


def test_the_promise_names_columns_and_directions() -> None:
    found = run(lambda degrees: -degrees, {"temperature": -1, "hour": 1})
    assert found.detail == (
        "all else equal, more temperature never raises a forecast, more hour never lowers a forecast (relative tolerance "
        "1e-09)"
    )


def test_a_planted_bump_is_found_and_told() -> None:
    """Cooling begins above 9 degrees, against the declaration that warmth lowers demand."""
    found = run(lambda degrees: (degrees - 9.0).abs() * 5.0, {"temperature": -1})
    assert found.verdict == "failed"
    assert found.counter is not None
    (changed,) = found.counter.changed
    assert (changed.series, changed.column) == ("a", "temperature")
    assert (changed.before, changed.after) == ("9", "13")
    assert found.counter.outcome is not None
    before, after = (float(value) for value in found.counter.outcome.values)
    assert after - before == pytest.approx(20.0, abs=0.1)
    assert (found.example or "").startswith(
        "history of 'a' up to 2024-01-03T23:00Z: temperature of 'a' at 2024-01-04T00:00Z (step 1) moved from 9 to 13 raises "
        "the forecast of that stamp from "
    )


def test_a_step_the_wrong_way_at_one_place_is_found() -> None:
    found = run(
        lambda degrees: -degrees + pl.when(degrees > 5.0).then(8.0).otherwise(0.0), {"temperature": -1}
    )
    assert found.counter is not None
    (changed,) = found.counter.changed
    assert float(changed.before) <= 5.0 < float(changed.after)


def test_levels_rise_from_the_smallest_to_the_largest_seen() -> None:
    tried = Subject(forecaster=RepeatLastSeason(), history=PANEL, horizon=HORIZON)
    levels = levels_of("temperature", tried, Heating(lambda degrees: degrees))
    assert levels == sorted(set(levels))
    assert (levels[0], levels[-1], len(levels)) == (-10.0, 13.0, LEVELS)


def test_an_unknown_column_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"checks.monotone names 'temprature'.*did you mean 'temperature'"):
        run(lambda degrees: degrees, {"temprature": -1})


def test_nothing_to_move_is_skipped_with_a_reason() -> None:
    bare = Subject(forecaster=RepeatLastSeason(), history=PANEL, horizon=HORIZON)
    undeclared = Monotone().run(bare, AMPLE)
    assert (undeclared.verdict, undeclared.detail) == (
        "skipped",
        "no column is declared; checks.monotone names columns and signs",
    )
    fixed = Monotone(Terms(signs={"temperature": 1})).run(bare, AMPLE)
    assert fixed.detail == "the forecaster gives no way to move its columns"
