"""Revisions of the simulated source: what was shown when, the same in every window and at every moment of asking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from penstock.domain.windows import Window
from penstock.sources.simulators.denmark import DenmarkSimulator, DenmarkSimulatorConfig, history, simulate

START = datetime(2023, 1, 1, tzinfo=UTC)
KEY = ["HourUTC", "PriceArea", "ConsumerType_DE35"]
CONFIG = DenmarkSimulatorConfig(
    days=90, lag_days=15, areas=("DK1",), consumer_types=("111", "123", "310"), revisions_per_series_year=10
)
PLAIN = CONFIG.model_copy(update={"revisions_per_series_year": 0.0})


def asked(config: DenmarkSimulatorConfig, moment: datetime) -> DenmarkSimulatorConfig:
    return config.model_copy(update={"as_of": moment})


def known(rows: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    """Return the newest row of each key up to ``moment``."""
    seen = rows.filter(pl.col("known_at") <= moment).sort("known_at", maintain_order=True)
    return seen.unique(KEY, keep="last").drop("known_at").sort(KEY)


def test_there_are_revisions_and_they_come_late() -> None:
    rows = history(CONFIG)
    changed = (
        rows.unique()
        .group_by(KEY)
        .agg(pl.col("known_at"), pl.col("TotalCon"))
        .filter(pl.col("known_at").list.len() > 1)
    )
    assert 50 < changed.height < 1000
    assert (changed["TotalCon"].list.get(0) != changed["TotalCon"].list.get(1)).all()
    delay = (changed["known_at"].list.max() - changed["known_at"].list.min()).dt.total_days()
    assert delay.min() >= 2  # type: ignore[operator] # whole days
    assert delay.max() <= 29  # type: ignore[operator] # whole days


@pytest.mark.parametrize("days", [20, 40, 75, 104])
def test_the_history_up_to_a_moment_is_what_the_source_shows_then(days: int) -> None:
    moment = START + timedelta(days=days)
    shown = simulate(asked(CONFIG, moment)).unique().sort(KEY)
    assert shown.equals(known(history(CONFIG), moment))
    assert history(asked(CONFIG, moment)).equals(history(CONFIG).filter(pl.col("known_at") <= moment))


def test_in_the_end_the_truth_is_shown() -> None:
    late = START + timedelta(days=365)
    assert simulate(asked(CONFIG, late)).equals(simulate(asked(PLAIN, late)))
    assert not simulate(CONFIG).equals(simulate(PLAIN))


def test_without_revisions_every_row_is_known_once_after_its_hour_and_the_lag() -> None:
    rows = history(PLAIN)
    assert (rows["known_at"] == rows["HourUTC"].dt.offset_by("15d1h")).all()
    assert rows.drop("known_at").sort(KEY).equals(simulate(PLAIN).sort(KEY))


def test_a_row_has_the_same_history_in_every_window() -> None:
    source = DenmarkSimulator(CONFIG)
    window = Window(START + timedelta(days=11, hours=5), START + timedelta(days=61, hours=7))
    inside = pl.col("HourUTC").is_between(window.start, window.end, closed="left")
    assert source.history(window).equals(history(CONFIG).filter(inside))
