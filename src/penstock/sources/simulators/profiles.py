"""How each consumer type uses electricity. The families and their numbers are the simulator's own invention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from penstock.sources.denmark_rows import CONSUMER_TYPES, series_name
from penstock.sources.simulators import chance
from penstock.sources.simulators.chance import Floats

Bump: TypeAlias = tuple[float, float, float]
"""Hour of the day, width in hours, height over the base of 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """Habits that several consumer types share.

    ``saturday`` and ``sunday`` scale the bumps of those days, and the base by a third of that reduction.
    ``heat`` and ``cool`` are shares of the level per 10 K below 15 °C and above 18 °C; ``light`` the share that
    night adds while people are up; ``yearly`` the amplitude of the rest of the season, peaking on ``peak_day``.
    ``closing`` is the share lost in the weeks around July and between the years.
    """

    bumps: tuple[Bump, ...]
    saturday: float
    sunday: float
    holiday: float = 0.0
    heat: float = 0.05
    cool: float = 0.0
    light: float = 0.05
    yearly: float = 0.03
    peak_day: float = 15.0
    closing: float = 0.0


_HOMES = Family(
    bumps=((7.2, 1.6, 0.45), (12.5, 2.5, 0.15), (18.2, 2.2, 0.95), (21.5, 1.8, 0.3)),
    saturday=1.06,
    sunday=1.12,
    holiday=0.02,
    heat=0.12,
    light=0.14,
    yearly=0.06,
)
_ELECTRIC_HOMES = Family(
    bumps=((6.8, 1.6, 0.35), (17.8, 2.4, 0.55)),
    saturday=1.04,
    sunday=1.07,
    heat=0.34,
    light=0.06,
    yearly=0.05,
)
_HOLIDAY_HOMES = Family(
    bumps=((10.0, 2.6, 0.4), (18.5, 2.8, 0.7)),
    saturday=1.35,
    sunday=1.3,
    holiday=0.12,
    heat=0.16,
    light=0.06,
    yearly=0.14,
    peak_day=200.0,
)
_FARMS = Family(
    bumps=((6.0, 1.4, 0.55), (17.0, 1.6, 0.5), (11.5, 3.0, 0.25)),
    saturday=0.97,
    sunday=0.92,
    heat=0.08,
    cool=0.06,
    light=0.1,
    yearly=0.08,
    peak_day=330.0,
)
_INDUSTRY = Family(
    bumps=((8.5, 2.2, 0.75), (13.0, 2.6, 0.7)),
    saturday=0.42,
    sunday=0.3,
    holiday=-0.08,
    heat=0.04,
    cool=0.05,
    closing=0.22,
)
_PROCESS_INDUSTRY = Family(
    bumps=((9.0, 3.5, 0.18), (14.0, 4.0, 0.16)),
    saturday=0.8,
    sunday=0.72,
    holiday=-0.04,
    heat=0.02,
    cool=0.04,
    light=0.01,
    closing=0.1,
)
_SHOPS = Family(
    bumps=((10.0, 2.0, 0.7), (14.0, 2.6, 0.75), (17.5, 1.6, 0.4)),
    saturday=0.84,
    sunday=0.46,
    holiday=-0.1,
    heat=0.05,
    cool=0.1,
    light=0.05,
)
_RESTAURANTS = Family(
    bumps=((8.0, 1.6, 0.3), (12.5, 1.8, 0.5), (18.8, 2.4, 0.85)),
    saturday=1.18,
    sunday=1.02,
    holiday=0.03,
    heat=0.06,
    cool=0.09,
    light=0.06,
    yearly=0.05,
    peak_day=195.0,
)
_OFFICES = Family(
    bumps=((9.5, 1.9, 0.8), (13.5, 2.3, 0.8)),
    saturday=0.32,
    sunday=0.26,
    holiday=-0.06,
    heat=0.06,
    cool=0.09,
    light=0.05,
    closing=0.12,
)
_LIGHTING = Family(bumps=((6.0, 1.5, 0.1),), saturday=1.0, sunday=1.0, heat=0.0, light=2.6, yearly=0.01)
_RAILWAYS = Family(
    bumps=((7.6, 1.4, 0.8), (16.3, 1.9, 0.8), (12.0, 3.0, 0.3)),
    saturday=0.7,
    sunday=0.62,
    holiday=-0.04,
    heat=0.07,
)
_OTHERS = Family(
    bumps=((9.0, 2.5, 0.35), (18.0, 2.5, 0.35)), saturday=0.85, sunday=0.8, heat=0.1, yearly=0.05
)

_MEMBERS: tuple[tuple[Family, tuple[str, ...]], ...] = (
    (_HOMES, ("111", "119", "121", "123")),
    (_ELECTRIC_HOMES, ("112", "122")),
    (_HOLIDAY_HOMES, ("130",)),
    (_FARMS, ("211", "212", "215", "220")),
    (_INDUSTRY, ("330", "340", "370", "381", "382", "390")),
    (_PROCESS_INDUSTRY, ("310", "320", "350", "360")),
    (_SHOPS, ("410", "421", "422")),
    (_RESTAURANTS, ("431", "432", "433")),
    (_OFFICES, ("441", "442", "443", "444", "445", "446", "447", "450")),
    (_LIGHTING, ("461",)),
    (_RAILWAYS, ("462",)),
    (_OTHERS, ("999",)),
)
FAMILIES: Mapping[str, Family] = {code: family for family, codes in _MEMBERS for code in codes}

_SMALLEST_KWH = 18.0
_DECADES = 4.3
_NOISIEST, _CALMEST = 0.08, 0.035
_AREA_SHARE = {"DK1": 1.25, "DK2": 0.8}
_PLACE_STEP = 15  # has no divisor in common with 38: neighbouring codes get very different levels


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
    """Constants of ``n`` series; arrays of shape (n,), ``profile`` of shape (n, kinds of day, 24)."""

    level_kwh: Floats
    noise: Floats
    profile: Floats
    holiday: Floats
    heat: Floats
    cool: Floats
    light: Floats
    yearly: Floats
    peak_day: Floats
    closing: Floats


def traits(seed: int, series: Sequence[tuple[str, str]]) -> Traits:
    """Return the constants of ``series`` (area, consumer type); one series never depends on the others."""
    names = [series_name(area, code) for area, code in series]
    families = [FAMILIES[code] for _, code in series]
    place = np.array([_place(code) for _, code in series])
    area_share = np.array([_AREA_SHARE[area] for area, _ in series])
    draw = _Jitter(seed, names)
    return Traits(
        level_kwh=_SMALLEST_KWH * 10.0 ** (_DECADES * place) * area_share * draw("level", 0.12),
        noise=np.clip((_NOISIEST + (_CALMEST - _NOISIEST) * place) * draw("noise", 0.15), 0.03, 0.08),
        profile=np.stack([_profile(f, j) for f, j in zip(families, draw("shape", 0.12), strict=True)]),
        holiday=np.array([f.holiday for f in families]) * draw("holiday", 0.2),
        heat=np.array([f.heat for f in families]) * draw("heat", 0.2),
        cool=np.array([f.cool for f in families]) * draw("cool", 0.2),
        light=np.array([f.light for f in families]) * draw("light", 0.2),
        yearly=np.array([f.yearly for f in families]) * draw("yearly", 0.2),
        peak_day=np.array([f.peak_day for f in families]),
        closing=np.array([f.closing for f in families]) * draw("closing", 0.2),
    )


@dataclass(frozen=True, slots=True)
class _Jitter:
    """Factors around 1 that tell series of one family apart."""

    seed: int
    names: Sequence[str]

    def __call__(self, purpose: str, spread: float) -> Floats:
        draws = chance.uniforms(chance.keys(self.seed, purpose, self.names), np.zeros(1, dtype=np.int64))
        return 1.0 + spread * (2.0 * draws - 1.0)


def _place(code: str) -> float:
    """Return where a code stands among all between 0 (smallest use) and 1 (largest)."""
    rank = (CONSUMER_TYPES.index(code) * _PLACE_STEP - 1) % len(CONSUMER_TYPES)
    return rank / (len(CONSUMER_TYPES) - 1)


def _profile(family: Family, jitter: float) -> Floats:
    """Return the mean-free-of-season shape by kind of day and hour, with a mean near 1 over a week."""
    hour = np.arange(24.0) + 0.5
    shape = np.zeros(24)
    for centre, width, height in family.bumps:
        distance = (hour - centre * (1.0 + 0.15 * (jitter - 1.0)) + 12.0) % 24.0 - 12.0
        shape += height * jitter * np.exp(-0.5 * (distance / width) ** 2)
    days = np.stack([_day(shape, share) for share in (1.0, family.saturday, family.sunday)])
    week_mean = (5.0 * days[0].mean() + days[1].mean() + days[2].mean()) / 7.0
    profile: Floats = days / week_mean
    return profile


def _day(shape: Floats, share: float) -> Floats:
    return (1.0 + (share - 1.0) / 3.0) + shape * share
