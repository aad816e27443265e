"""The 13 regions of mainland France and Corsica, with the populations that weight their temperatures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from penstock.domain.errors import ConfigError, bounded


@dataclass(frozen=True, slots=True)
class Region:
    """One region: its INSEE code, its name, and how many live there, rounded to a thousand persons."""

    code: str
    name: str
    population: int


REGIONS = (
    Region("11", "Île-de-France", 12_213_000),
    Region("24", "Centre-Val de Loire", 2_567_000),
    Region("27", "Bourgogne-Franche-Comté", 2_795_000),
    Region("28", "Normandie", 3_319_000),
    Region("32", "Hauts-de-France", 5_978_000),
    Region("44", "Grand Est", 5_518_000),
    Region("52", "Pays de la Loire", 3_787_000),
    Region("53", "Bretagne", 3_329_000),
    Region("75", "Nouvelle-Aquitaine", 5_987_000),
    Region("76", "Occitanie", 5_893_000),
    Region("84", "Auvergne-Rhône-Alpes", 8_027_000),
    Region("93", "Provence-Alpes-Côte d'Azur", 5_059_000),
    Region("94", "Corse", 339_000),
)
"""By code. INSEE's first estimate for 1 January 2019, which it has revised since; rounded, so good for weights only."""

POPULATIONS: Mapping[str, float] = {region.code: region.population for region in REGIONS}
"""Persons by INSEE code. Codes, not names: the portal's files spell names in more than one way."""


def region_weights(populations: Mapping[str, float] = POPULATIONS) -> dict[str, float]:
    """Return the share of each region in the population, by INSEE code and sorted by it; the shares sum to 1.

    Raises
    ------
    ConfigError
        There is no region, or a population is not a finite number above 0.
    """
    wrong = [
        f"{code}: {persons}" for code, persons in sorted(populations.items()) if not 0 < persons < math.inf
    ]
    if wrong or not populations:
        raise ConfigError(
            f"populations must name each region's persons, finite and above 0; got {bounded(wrong) or 'none'}. "
            "Leave them out for those of 2019"
        )
    total = math.fsum(populations.values())
    return {code: populations[code] / total for code in sorted(populations)}
