from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import polars as pl
import pytest

from penstock.domain.errors import DataError
from penstock.forecasting.backtest import backtest
from penstock.forecasting.naive import SeasonalNaive
from penstock.testing.panels import START

CUTOFFS = [START + timedelta(hours=hour) for hour in (300, 324, 500)]


@dataclass(frozen=True)
class Foreign:
    """A forecaster that knows nothing of arrays, and notes the last stamp it was shown."""

    inner: SeasonalNaive
    seen: list[object]

    def predict(self, history: pl.DataFrame, horizon: int) -> pl.DataFrame:
        self.seen.append(history["time"].max())
        return self.inner.predict(history, horizon)


def test_one_pass_equals_one_by_one(panel: pl.DataFrame) -> None:
    naive = SeasonalNaive(season=24, frequency="1h")
    seen: list[object] = []
    fast, slow = backtest(naive, panel, CUTOFFS, 6), backtest(Foreign(naive, seen), panel, CUTOFFS, 6)
    assert fast.columns == ["series", "cutoff", "time", "step", "y", "prediction"]
    assert fast.equals(slow)
    assert seen == CUTOFFS
    assert fast.filter(pl.col("cutoff") == CUTOFFS[2])["y"].null_count() == 4 * 3  # three steps past the end


def test_truth_stands_beside_its_own_stamp(panel: pl.DataFrame) -> None:
    found = backtest(SeasonalNaive(season=24, frequency="1h"), panel, CUTOFFS, 6).drop_nulls("y")
    joined = found.join(panel, on=["series", "time"], suffix="_panel")
    assert (joined["y"] == joined["y_panel"]).all()
    assert ((joined["time"] - joined["cutoff"]).dt.total_hours() == joined["step"]).all()


def test_cutoffs_are_needed(panel: pl.DataFrame) -> None:
    with pytest.raises(DataError, match="no cutoffs to forecast from"):
        backtest(SeasonalNaive(season=24, frequency="1h"), panel, [], 6)
