"""Temperature and daylight of the simulated Denmark.

Temperature is a climate (by season and hour) plus an anomaly that nobody can forecast for long: a first-order
autoregression of daily values, one for the country and one for each area, drawn through a cubic B-spline so that it
moves smoothly from hour to hour. All series of an area feel the same weather.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from penstock.sources.simulators import chance
from penstock.sources.simulators.chance import Floats, Whole
from penstock.sources.simulators.clock import LAST_DAY, Hours

_PERSISTENCE = 0.86
_COUNTRY_SPREAD_K = 3.2
_AREA_SPREAD_K = 1.1
_LATITUDE = np.deg2rad(55.9)
_LONGITUDE_DEG = {"DK1": 9.5, "DK2": 12.1}
_SPARE_DAYS = 32  # the last block of hours may reach past the last day


@dataclass(frozen=True, slots=True)
class Weather:
    """Temperature in °C and darkness from 0 (day) to 1 (night), both of shape (areas, hours)."""

    temperature_c: Floats
    darkness: Floats


def weather(seed: int, areas: Sequence[str], hours: Hours) -> Weather:
    """Return the weather of ``areas`` (rows, in the order given) during ``hours`` (columns)."""
    anomaly = np.stack([_anomaly(seed, area, hours.index) for area in areas])
    darkness = np.stack([_darkness(_LONGITUDE_DEG[area], hours.index) for area in areas])
    return Weather(_climate(hours.index) + anomaly, darkness)


def _season_angle(index: Whole) -> Floats:
    angle: Floats = 2.0 * np.pi * (index / 24.0 + 0.5) / 365.25
    return angle


def _climate(index: Whole) -> Floats:
    season = np.cos(_season_angle(index) - 2.0 * np.pi * 24.0 / 365.25)
    swing = 2.6 - 1.6 * season
    mean: Floats = 8.6 - 8.4 * season + swing * np.cos(2.0 * np.pi * (index % 24 - 13.5) / 24.0)
    return mean


def _anomaly(seed: int, area: str, index: Whole) -> Floats:
    country = _daily_walk(seed, "country", _COUNTRY_SPREAD_K)
    return _spline(country + _daily_walk(seed, area, _AREA_SPREAD_K), index)


def _daily_walk(seed: int, name: str, spread: float) -> Floats:
    """Return an AR(1) of standard deviation ``spread``, one value a day from the epoch to the end of the world.

    The whole life of the world is drawn each time: only so does a day never depend on the window asked for.
    """
    days = np.arange(LAST_DAY + _SPARE_DAYS, dtype=np.int64)
    shocks = chance.normals(chance.keys(seed, "weather", [name]), days) * (
        spread * np.sqrt(1 - _PERSISTENCE**2)
    )
    values, state = [], 0.0
    for shock in shocks.tolist():
        state = _PERSISTENCE * state + shock
        values.append(state)
    return np.array(values)


def _spline(daily: Floats, index: Whole) -> Floats:
    """Evaluate the uniform cubic B-spline whose control points are ``daily``."""
    day, u = index // 24, (index % 24) / 24.0
    weights = (
        (1 - u) ** 3 / 6,
        (3 * u**3 - 6 * u**2 + 4) / 6,
        (-3 * u**3 + 3 * u**2 + 3 * u + 1) / 6,
        u**3 / 6,
    )
    total: Floats = sum((w * daily[day + k] for k, w in enumerate(weights)), np.zeros(index.shape))
    return total


def _darkness(longitude_deg: float, index: Whole) -> Floats:
    """Return how dark it is in the middle of each hour, by the height of the sun."""
    declination = -0.4093 * np.cos(_season_angle(index) + 2.0 * np.pi * 10.0 / 365.25)
    hour_angle = 2.0 * np.pi * ((index % 24 + 0.5) / 24.0 + longitude_deg / 360.0 - 0.5)
    height = np.sin(_LATITUDE) * np.sin(declination) + np.cos(_LATITUDE) * np.cos(declination) * np.cos(
        hour_angle
    )
    darkness: Floats = 1.0 / (1.0 + np.exp(height * 16.0))
    return darkness
