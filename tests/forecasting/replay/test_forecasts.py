"""Forecasts of many slots are what one forecast after the other says, whatever the chunks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.knowledge import known_as_of, learned_between
from penstock.forecasting.naive import SeasonalNaive
from penstock.forecasting.panel import regularise
from penstock.forecasting.replay.forecasts import UNSEEN, SlotForecasts, SlotRequest, forecast_slots
from penstock.forecasting.replay.slots import SlotRange, Span

if TYPE_CHECKING:
    from tests.forecasting.replay.samples import FITTED
else:
    from forecasting.replay.samples import FITTED

HORIZON = 5
MAX_GAP = 24
SLOTS = SlotRange(start=FITTED, every=Span(seconds=7 * 3600), count=20)


def replayed(
    history: pl.DataFrame, model: ForecastModel, slots: SlotRange, max_gap: int = MAX_GAP
) -> SlotForecasts:
    request = SlotRequest(slots=slots, horizon=HORIZON, max_gap=max_gap, fitted_at=FITTED)
    return forecast_slots(
        known_as_of(history, FITTED), learned_between(history, FITTED, slots.last), model, request
    )


def alone(history: pl.DataFrame, model: ForecastModel, cutoff: datetime) -> pl.DataFrame:
    """Forecast one slot as production would: everything known then, regularised from its first row on."""
    known = known_as_of(history, cutoff).filter(pl.col("series").is_in(list(model.series)))
    panel, _ = regularise(known, "1h", MAX_GAP)
    naive = SeasonalNaive(season=24, frequency="1h").predict(panel, HORIZON).rename({"prediction": "naive"})
    said = model.predict(panel, HORIZON).join(naive, on=["series", "time", "step"], maintain_order="left")
    return said.with_columns(cutoff=pl.lit(cutoff, pl.Datetime("us", "UTC")))


def test_every_slot_is_what_a_run_of_that_moment_says(history: pl.DataFrame, model: ForecastModel) -> None:
    found = replayed(history, model, SLOTS).rows
    columns = ["cutoff", "series", "time", "step", "prediction", "naive"]
    expected = pl.concat([alone(history, model, cutoff) for cutoff in SLOTS.cutoffs()])
    assert found.select(columns).equals(expected.select(columns))
    ahead = (found["time"] - found["origin"]).dt.total_hours()
    assert (ahead == found["step"]).all()


@pytest.mark.parametrize("size", [1, 3, 7, 20])
def test_the_size_of_chunks_changes_nothing(history: pl.DataFrame, model: ForecastModel, size: int) -> None:
    whole = replayed(history, model, SLOTS)
    parts = [replayed(history, model, part) for part in SLOTS.parts(size)]
    assert pl.concat([part.rows for part in parts]).equals(whole.rows)
    assert pl.concat([part.refused for part in parts]).equals(whole.refused)


def test_many_windows_in_turns_change_nothing(
    history: pl.DataFrame, model: ForecastModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = replayed(history, model, SLOTS)
    monkeypatch.setattr("penstock.forecasting.replay.forecasts.ROWS_AT_ONCE", 4)
    assert replayed(history, model, SLOTS).rows.equals(whole.rows)


def test_nothing_learned_after_a_slot_moves_it(history: pl.DataFrame, model: ForecastModel) -> None:
    half = SLOTS.cutoff(9)
    later = pl.col("known_at") > half
    changed = history.with_columns(y=pl.when(later).then(pl.col("y") * -7).otherwise("y"))
    before = pl.col("cutoff") <= half
    found, other = replayed(history, model, SLOTS).rows, replayed(changed, model, SLOTS).rows
    assert found.filter(before).equals(other.filter(before))
    assert not found.filter(~before).equals(other.filter(~before))


def test_series_that_cannot_be_forecast_are_listed_with_the_reason(
    history: pl.DataFrame, model: ForecastModel
) -> None:
    slots = SlotRange(start=FITTED, every=Span(seconds=86_400), count=9)
    refused = replayed(history, model, slots).refused
    late = refused.filter(pl.col("series") == "c1")
    assert set(late["reason"]) == {UNSEEN}
    first = history.filter(pl.col("series") == "c1")["known_at"].sort()[0]
    assert late["cutoff"].to_list() == [cutoff for cutoff in slots.cutoffs() if cutoff >= first]


def test_a_gap_that_is_too_long_refuses_its_series_alone(history: pl.DataFrame, model: ForecastModel) -> None:
    hole = (pl.col("series") == "a1") & pl.col("time").is_between(
        FITTED - timedelta(hours=40), FITTED - timedelta(hours=31)
    )
    holed = replayed(history.filter(~hole), model, SLOTS, max_gap=8)
    reasons = holed.refused.filter(pl.col("series") == "a1")["reason"].unique().to_list()
    assert reasons
    assert all(
        "a gap of 10 steps, more than max_gap=8" in reason or "a gap of 1" in reason for reason in reasons
    )
    assert "a1" not in set(holed.rows["series"])
    others = pl.col("series") != "a1"
    assert holed.rows.filter(others).equals(replayed(history, model, SLOTS, max_gap=8).rows.filter(others))
