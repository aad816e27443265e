from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import numpy as np
import polars as pl

from penstock.domain.results import SliceScore
from penstock.reporting.blocks import Chooser
from penstock.reporting.columns import band_columns, milliseconds
from penstock.reporting.facts import ReportFacts
from penstock.reporting.packing import unpack
from penstock.reporting.series import order_of_need, series_chooser, series_scope
from penstock.reporting.standing import standing


def chooser_of(facts: ReportFacts) -> Chooser:
    stands = standing(facts)
    return series_chooser(facts, stands, series_scope(facts, stands))


def test_every_series_can_be_chosen_in_order_of_name(facts: ReportFacts) -> None:
    names = [item.name for item in chooser_of(facts).items]
    assert names == sorted(set(facts.history["series"]))


def test_packed_columns_are_the_frames(facts: ReportFacts) -> None:
    chooser = chooser_of(facts)
    columns = unpack(chooser.packed)
    for item in chooser.items:
        truth = facts.history.filter(series=item.name).sort("time")
        x, y = (columns[i] for i in item.columns["truth"])
        np.testing.assert_array_equal(y, truth["y"].tail(len(y)).to_numpy().astype(np.float32))
        np.testing.assert_array_equal(x, milliseconds(truth["time"].tail(len(x)), facts.task.timezone))
        for layer, rung in (("test", "lightgbm"), ("baseline", "seasonal_naive_168")):
            rows = facts.predictions[rung].filter(series=item.name).sort("cutoff", "step")
            x, y, made = (columns[i] for i in item.columns[layer])
            known = ~np.isnan(y)
            np.testing.assert_array_equal(y[known], rows["prediction"].to_numpy().astype(np.float32))
            np.testing.assert_array_equal(x[known], milliseconds(rows["time"], facts.task.timezone))
            np.testing.assert_array_equal(made[known], milliseconds(rows["cutoff"], facts.task.timezone))


def test_origins_are_kept_apart_by_gaps(facts: ReportFacts) -> None:
    chooser = chooser_of(facts)
    columns = unpack(chooser.packed)
    for layer in ("test", "test_band"):
        y = columns[chooser.items[0].columns[layer][1]]
        assert list(np.flatnonzero(np.isnan(y))) == [24, 49, 74]


def test_bands_hold_their_edges(facts: ReportFacts) -> None:
    chooser = chooser_of(facts)
    columns = unpack(chooser.packed)
    item = chooser.items[2]
    assert facts.forecast is not None
    rows = facts.forecast.filter(series=item.name).sort("time")
    _, lower, upper = (columns[i] for i in item.columns["forecast_band"])
    np.testing.assert_array_equal(lower, rows["lower_90"].to_numpy().astype(np.float32))
    np.testing.assert_array_equal(upper, rows["upper_90"].to_numpy().astype(np.float32))
    assert {layer.label for layer in chooser.layers if layer.style == "band"} == {"90 % interval"}


def test_the_widest_interval_is_drawn() -> None:
    frame = pl.DataFrame({"lower_50": [1.0], "upper_50": [2.0], "lower_95": [0.0], "upper_95": [3.0]})
    assert band_columns(frame) == ("lower_95", "upper_95")
    assert band_columns(frame.select("lower_50").rename({"lower_50": "prediction"})) is None


def test_the_shown_clock_is_the_local_one() -> None:
    moments = pl.Series(
        [datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 7, 1, tzinfo=UTC)], dtype=pl.Datetime("us", "UTC")
    )
    utc = moments.dt.epoch("ms").to_numpy()
    shifted = milliseconds(moments, "Europe/Copenhagen") - utc
    assert list(shifted) == [3_600_000, 7_200_000]


def test_windows_zoom_to_each_origin_newest_first(facts: ReportFacts) -> None:
    windows = chooser_of(facts).windows
    assert [window.label for window in windows[:3]] == ["Newest", "Everything", "Origin 2023-06-29 02:00"]
    assert len(windows) == 2 + 4
    whole = windows[1]
    for window in windows[2:]:
        assert window.mark_ms is not None
        assert window.start_ms < window.mark_ms < window.end_ms
        assert whole.start_ms <= window.mark_ms <= whole.end_ms


def test_the_end_of_known_truth_is_marked_where_a_forecast_follows(facts: ReportFacts) -> None:
    last = milliseconds(facts.history["time"].sort().tail(1), facts.task.timezone)[0]
    assert {item.mark_ms for item in chooser_of(facts).items} == {last}
    assert {item.mark_ms for item in chooser_of(replace(facts, forecast=None)).items} == {None}


def test_items_tell_attributes_and_scores(facts: ReportFacts) -> None:
    terms = [term for term, _ in chooser_of(facts).items[0].facts]
    assert terms == ["area", "branch", "MAPE", "Seasonal naive (168 h)"]


def test_series_with_large_errors_come_first_when_room_is_short(facts: ReportFacts) -> None:
    names = sorted(set(cast("list[str]", facts.history["series"].to_list())))
    bad = SliceScore(by="series", slice=names[3], metric="mape", value=9.0, count=1)
    gone = SliceScore(by="series", slice="not there", metric="mape", value=99.0, count=1)
    order = order_of_need(replace(facts, slices=(bad, gone)))
    assert order == (names[3], *(name for name in names if name != names[3]))


def test_a_series_without_test_predictions_still_shows_its_truth(facts: ReportFacts) -> None:
    name = facts.history["series"][0]
    fewer = {rung: frame.filter(pl.col("series") != name) for rung, frame in facts.predictions.items()}
    item = next(item for item in chooser_of(replace(facts, predictions=fewer)).items if item.name == name)
    assert set(item.columns) == {"truth", "forecast", "forecast_band"}


def test_covariates_are_no_attributes_of_a_series(facts: ReportFacts) -> None:
    history = facts.history.with_columns(
        pl.lit(2.77).alias("known:temperature"), pl.lit(1.0).alias("past:wind")
    )
    terms = [term for term, _ in chooser_of(replace(facts, history=history)).items[0].facts]
    assert terms[:3] == ["area", "branch", "MAPE"]
