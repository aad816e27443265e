from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from penstock.domain.errors import ConfigError
from penstock.sources.france_regions import POPULATIONS, REGIONS, region_weights

NORTH_AND_SOUTH = {"93": 1.0, "11": 3.0}


def test_there_are_thirteen_regions_whose_weights_sum_to_one() -> None:
    weights = region_weights()
    assert list(weights) == sorted(region.code for region in REGIONS)
    assert len(weights) == 13
    assert math.fsum(weights.values()) == pytest.approx(1.0, abs=1e-15)
    assert max(weights, key=weights.__getitem__) == "11", "most live around Paris"


def test_a_weight_is_a_share_of_the_population() -> None:
    assert region_weights(NORTH_AND_SOUTH) == {"11": 0.75, "93": 0.25}


@pytest.mark.parametrize("persons", [0.0, -1.0, math.nan, math.inf])
def test_populations_that_are_none(persons: float) -> None:
    with pytest.raises(ConfigError, match=f"finite and above 0; got 94: {persons}"):
        region_weights({"11": 1.0, "94": persons})


def test_no_populations() -> None:
    with pytest.raises(ConfigError, match="got none"):
        region_weights({})


def test_shipped_populations_are_the_published_ones_to_a_thousand(real_data: Callable[[str], Path]) -> None:
    published = pl.read_csv(real_data("france_population.csv")).select("area", "population_estimation2019")
    persons = {str(area).replace("-", " "): count for area, count in published.iter_rows()}
    spelled = {region.code: region.name.replace("Î", "I").replace("-", " ") for region in REGIONS}
    assert {*spelled.values(), "overall"} == set(persons)
    assert {code: round(persons[name], -3) for code, name in spelled.items()} == POPULATIONS
