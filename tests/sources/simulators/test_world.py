from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.sources.denmark_rows import AREAS, CONSUMER_TYPES
from penstock.sources.simulators.chance import Whole
from penstock.sources.simulators.clock import LAST_DAY
from penstock.sources.simulators.world import BLOCK_HOURS, Readings, WorldConfig, readings

_ALL = tuple((area, code) for area in AREAS for code in CONSUMER_TYPES)
_END = LAST_DAY * 24


def _config(series: tuple[tuple[str, str], ...] = _ALL[:3], rate: float = 6.0) -> WorldConfig:
    return WorldConfig(seed=5, series=series, gaps_per_series_year=rate, duplicates_per_series_year=rate)


@pytest.fixture(scope="module")
def two_years() -> Readings:
    return readings(_config(_ALL, rate=0.3), 0, 2 * 365 * 24)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 3000), st.integers(0, 1500))
def test_a_stamp_has_the_same_value_in_every_window(first: int, length: int) -> None:
    whole = _WHOLE
    part = readings(_config(), first, first + length)
    for name in ("index", "expected_kwh", "observed_kwh", "copies"):
        assert np.array_equal(getattr(part, name), getattr(whole, name)[..., first : first + length])


_WHOLE = readings(_config(), 0, 4500)


def test_a_series_has_the_same_values_beside_any_others() -> None:
    alone = readings(_config(_ALL[1:2]), 0, BLOCK_HOURS)
    assert np.array_equal(alone.observed_kwh[0], _WHOLE.observed_kwh[1, :BLOCK_HOURS])


@pytest.mark.parametrize(
    ("first", "end"), [(-50, 10), (_END - 10, _END + 50), (-9, -1), (_END, _END + 5), (7, 7)]
)
def test_windows_are_clipped_to_the_life_of_the_world(first: int, end: int) -> None:
    seen = readings(_config(), first, end)
    inside = range(max(first, 0), max(min(end, _END), 0))
    assert seen.index.tolist() == list(inside)
    assert seen.observed_kwh.shape == (3, len(inside))


def test_noise_is_white_and_has_the_median_one(two_years: Readings) -> None:
    noise = np.log(two_years.observed_kwh / two_years.expected_kwh)
    assert abs(np.median(noise)) < 1e-3
    spread = noise.std(axis=1)
    assert spread.min() > 0.025
    assert spread.max() < 0.085
    lag_one = (noise[:, 1:] * noise[:, :-1]).mean(axis=1) / noise.var(axis=1)
    assert np.abs(lag_one).max() < 0.04


def test_gaps_are_short_and_both_defects_are_few(two_years: Readings) -> None:
    runs = _gap_lengths(two_years.copies)
    assert set(runs) <= {1, 2, 3}
    series_years = len(_ALL) * 2
    assert len(runs) == pytest.approx(0.3 * series_years, rel=0.4)
    assert (two_years.copies == 2).sum() == pytest.approx(0.3 * series_years, rel=0.4)


def _gap_lengths(copies: Whole) -> list[int]:
    return [len(list(run)) for row in copies for value, run in groupby(row.tolist()) if value == 0]


def test_without_rates_there_are_no_defects() -> None:
    assert (readings(_config(rate=0.0), 0, 5 * BLOCK_HOURS).copies == 1).all()


def test_levels_shift_about_once_a_year(two_years: Readings) -> None:
    weekly = np.log(two_years.expected_kwh[:, : 104 * 168].reshape(len(_ALL), 104, 168).mean(axis=2))
    a_year_apart = weekly[:, 52:] - weekly[:, :52]
    changed = np.abs(a_year_apart).mean(axis=1) > 0.02
    assert changed.mean() > 0.5


def test_cold_weather_raises_the_use_of_electric_homes(two_years: Readings) -> None:
    electric = two_years.expected_kwh[_ALL.index(("DK1", "112"))]
    january, july = electric[: 31 * 24].mean(), electric[181 * 24 : 212 * 24].mean()
    assert january > 1.25 * july


def test_industry_closes_in_july(two_years: Readings) -> None:
    industry = two_years.expected_kwh[_ALL.index(("DK1", "370"))]
    assert industry[200 * 24 : 207 * 24].mean() < 0.9 * industry[160 * 24 : 167 * 24].mean()
