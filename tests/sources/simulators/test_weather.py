from __future__ import annotations

import numpy as np
import pytest

from penstock.sources.simulators.clock import hours_between
from penstock.sources.simulators.weather import Weather, weather

_YEARS = 10 * 365 * 24


@pytest.fixture(scope="module")
def decade() -> Weather:
    return weather(1, ("DK1", "DK2"), hours_between(0, _YEARS))


def test_temperature_is_danish(decade: Weather) -> None:
    by_day = decade.temperature_c[0].reshape(-1, 24).mean(axis=1)[: 365 * 9].reshape(9, 365).mean(axis=0)
    assert -3 < by_day[15:45].mean() < 3
    assert 14 < by_day[185:215].mean() < 20


def test_areas_share_most_of_their_weather(decade: Weather) -> None:
    anomaly = decade.temperature_c - decade.temperature_c.reshape(2, -1, 365 * 24).mean(
        axis=1, keepdims=True
    ).repeat(10, axis=1).reshape(2, -1)
    assert 0.75 < np.corrcoef(anomaly)[0, 1] < 0.98


def test_temperature_moves_smoothly_and_persists(decade: Weather) -> None:
    hourly_step = np.abs(np.diff(decade.temperature_c[0]))
    assert hourly_step.max() < 2.0
    daily = decade.temperature_c[0].reshape(-1, 24).mean(axis=1)
    assert np.corrcoef(daily[1:], daily[:-1])[0, 1] > 0.9


def test_nights_are_long_in_winter_and_short_in_summer(decade: Weather) -> None:
    by_day = (decade.darkness[0] > 0.5).reshape(-1, 24).sum(axis=1)
    assert by_day[355] >= 15
    assert by_day[172] <= 8


def test_a_day_has_the_same_weather_in_every_window(decade: Weather) -> None:
    part = weather(1, ("DK2",), hours_between(1000, 1100))
    assert np.array_equal(part.temperature_c[0], decade.temperature_c[1, 1000:1100])


def test_another_seed_is_another_weather(decade: Weather) -> None:
    assert not np.allclose(
        weather(2, ("DK1",), hours_between(0, 100)).temperature_c, decade.temperature_c[:1, :100]
    )
