from __future__ import annotations

import numpy as np
import pytest

from penstock.sources.denmark_rows import AREAS, CONSUMER_TYPES
from penstock.sources.simulators.clock import SATURDAY, SUNDAY, WORKDAY
from penstock.sources.simulators.profiles import FAMILIES, Traits, traits

_ALL = tuple((area, code) for area in AREAS for code in CONSUMER_TYPES)


@pytest.fixture(scope="module")
def every() -> Traits:
    return traits(1, _ALL)


def test_every_code_has_one_family() -> None:
    assert sorted(FAMILIES) == sorted(CONSUMER_TYPES)


def test_levels_span_four_decades(every: Traits) -> None:
    assert np.log10(every.level_kwh.max() / every.level_kwh.min()) > 4.0


def test_noise_is_3_to_8_per_cent_and_smaller_for_large_series(every: Traits) -> None:
    assert every.noise.min() >= 0.03
    assert every.noise.max() <= 0.08
    assert np.corrcoef(every.noise, np.log(every.level_kwh))[0, 1] < -0.7


def test_profiles_have_a_weekly_mean_of_one_and_stay_positive(every: Traits) -> None:
    daily = every.profile.mean(axis=2)
    week = (5 * daily[:, WORKDAY] + daily[:, SATURDAY] + daily[:, SUNDAY]) / 7
    assert np.allclose(week, 1.0)
    assert every.profile.min() > 0.1


def test_offices_rest_at_the_weekend_and_holiday_homes_do_not(every: Traits) -> None:
    noon = {code: every.profile[_ALL.index(("DK1", code)), :, 12] for code in ("441", "130")}
    assert noon["441"][SUNDAY] < 0.6 * noon["441"][WORKDAY]
    assert noon["130"][SUNDAY] > noon["130"][WORKDAY]


def test_a_series_does_not_depend_on_the_others(every: Traits) -> None:
    alone = traits(1, [("DK2", "370")])
    at = _ALL.index(("DK2", "370"))
    assert alone.level_kwh[0] == every.level_kwh[at]
    assert np.array_equal(alone.profile[0], every.profile[at])
