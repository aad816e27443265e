"""The simulated truth and what the meters made of it.

The world is computed in blocks of four weeks counted from the epoch, whatever window is asked for, so that a stamp
has the same value, to the last bit, in every window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from penstock.sources.denmark_rows import series_name
from penstock.sources.simulators import chance
from penstock.sources.simulators.chance import Floats, Whole
from penstock.sources.simulators.clock import LAST_DAY, Hours, hours_between
from penstock.sources.simulators.profiles import Traits, traits
from penstock.sources.simulators.weather import weather

BLOCK_HOURS = 28 * 24
_SHIFT_HOURS = 365 * 24
_SHIFT_SPREAD = 0.07
_HEAT_BELOW_C, _COOL_ABOVE_C = 15.0, 18.0
_SOFTNESS_K = 2.0
_BLOCKS_PER_YEAR = 365.25 * 24 / BLOCK_HOURS
_LONGEST_GAP = 3

Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class WorldConfig:
    """What decides every value: the seed, the series (area, consumer type) and how often meters fail."""

    seed: int
    series: tuple[tuple[str, str], ...]
    gaps_per_series_year: float
    duplicates_per_series_year: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Readings:
    """Consecutive hours of ``n`` series: ``index`` of shape (hours,), the rest of shape (n, hours).

    ``expected_kwh`` is the truth without noise. ``copies`` says how often the source lists the row: 0 in a gap,
    1 mostly, 2 for a duplicate.
    """

    index: Whole
    expected_kwh: Floats
    observed_kwh: Floats
    copies: Whole


def readings(config: WorldConfig, first: int, end: int) -> Readings:
    """Return the hours ``first`` (included) to ``end`` (excluded), clipped to the life of the world."""
    first, end = max(first, 0), min(end, LAST_DAY * 24)
    starts = range(first // BLOCK_HOURS * BLOCK_HOURS, end, BLOCK_HOURS) if first < end else range(0)
    constants = traits(config.seed, config.series)
    blocks = [_clip(_block(config, constants, start), first, end) for start in starts]
    return _join(blocks, len(config.series))


def _clip(block: Readings, first: int, end: int) -> Readings:
    inside = slice(*np.searchsorted(block.index, (first, end)))
    return Readings(
        index=block.index[inside],
        expected_kwh=block.expected_kwh[:, inside],
        observed_kwh=block.observed_kwh[:, inside],
        copies=block.copies[:, inside],
    )


def _join(blocks: Sequence[Readings], series: int) -> Readings:
    none = np.empty((series, 0))
    return Readings(
        index=np.concatenate([np.empty(0, np.int64), *(b.index for b in blocks)]),
        expected_kwh=np.hstack([none, *(b.expected_kwh for b in blocks)]),
        observed_kwh=np.hstack([none, *(b.observed_kwh for b in blocks)]),
        copies=np.hstack([none.astype(np.int64), *(b.copies for b in blocks)]),
    )


def _block(config: WorldConfig, constants: Traits, start: int) -> Readings:
    hours = hours_between(start, start + BLOCK_HOURS)
    names = [series_name(*one) for one in config.series]
    expected = constants.level_kwh[:, None] * _shifts(config.seed, names, hours.index)
    expected *= _habit(constants, hours) * (1.0 + _weather_share(config, constants, hours))
    noise = chance.normals(chance.keys(config.seed, "noise", names)[:, None], hours.index)
    return Readings(
        index=hours.index,
        expected_kwh=expected,
        observed_kwh=np.round(expected * np.exp(constants.noise[:, None] * noise), 3),
        copies=_copies(config, names, start),
    )


def _habit(constants: Traits, hours: Hours) -> Floats:
    """Return the share of the level that clock and calendar explain."""
    by_hour = constants.profile[:, hours.day_kind, hours.local_hour]
    days_from_peak = hours.day_of_year - constants.peak_day[:, None]
    season = 1.0 + constants.yearly[:, None] * np.cos(2.0 * np.pi * days_from_peak / 365.25)
    closed = 1.0 - constants.closing[:, None] * _closing(hours.day_of_year)
    holiday = 1.0 + constants.holiday[:, None] * hours.holiday
    habit: Floats = by_hour * season * closed * holiday
    return habit


def _closing(day_of_year: Whole) -> Floats:
    """Return 0…1: the industrial holiday of July and the days between the years."""
    summer = np.exp(-0.5 * ((day_of_year - 204.0) / 8.0) ** 4)
    from_new_year = (day_of_year + 182.0) % 365.25 - 182.0
    winter = np.exp(-0.5 * ((from_new_year + 3.0) / 4.0) ** 4)
    total: Floats = summer + winter
    return total


def _weather_share(config: WorldConfig, constants: Traits, hours: Hours) -> Floats:
    areas = sorted({area for area, _ in config.series})
    now = weather(config.seed, areas, hours)
    row = [areas.index(area) for area, _ in config.series]
    cold = _softplus(_HEAT_BELOW_C - now.temperature_c)[row]
    hot = _softplus(now.temperature_c - _COOL_ABOVE_C)[row]
    heating = constants.heat[:, None] * cold / 10.0
    return heating + constants.cool[:, None] * hot / 10.0 + constants.light[:, None] * now.darkness[row]


def _softplus(excess_k: Floats) -> Floats:
    return _SOFTNESS_K * np.logaddexp(0.0, excess_k / _SOFTNESS_K)


def _shifts(seed: int, names: Sequence[str], index: Whole) -> Floats:
    """Return the factor of each series' level: it changes once a year, on an hour nobody can foresee."""
    slot = index // _SHIFT_HOURS
    when = chance.uniforms(chance.keys(seed, "shift-time", names)[:, None], slot)
    came = index % _SHIFT_HOURS >= np.floor(when * _SHIFT_HOURS)
    size = chance.normals(chance.keys(seed, "shift-size", names)[:, None], np.where(came, slot + 1, slot))
    return 1.0 + _SHIFT_SPREAD * np.clip(size, -2.5, 2.5)


def _copies(config: WorldConfig, names: Sequence[str], start: int) -> Whole:
    """Return how often each row is listed; a gap never reaches into the next block."""
    copies = np.ones((len(names), BLOCK_HOURS), dtype=np.int64)
    block = np.array([start // BLOCK_HOURS], dtype=np.int64)
    twice = rare_events(config.seed, "duplicate", names, block, config.duplicates_per_series_year)
    for row, hour in twice:
        copies[row, hour] = 2
    for row, hour in rare_events(config.seed, "gap", names, block, config.gaps_per_series_year):
        copies[row, hour : hour + 1 + hour % _LONGEST_GAP] = 0
    return copies


def rare_events(
    seed: int, purpose: str, names: Sequence[str], block: Whole, per_year: float
) -> list[tuple[int, int]]:
    """Return (series, hour in the block) of the events in one block, at most one a series."""
    happens = chance.uniforms(chance.keys(seed, purpose, names), block) < per_year / _BLOCKS_PER_YEAR
    where = chance.uniforms(chance.keys(seed, f"{purpose}-hour", names), block) * (BLOCK_HOURS - _LONGEST_GAP)
    return [(int(row), int(where[row])) for row in np.flatnonzero(happens)]
