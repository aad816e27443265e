"""The French daily table: energy of each day beside its temperatures, from the rows of two data sets of ODRÉ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.sources.france_load import DailyEnergy, daily_energy
from penstock.sources.france_regions import POPULATIONS
from penstock.sources.france_weather import DailyTemperatures, daily_temperatures

if TYPE_CHECKING:
    from datetime import date

    import polars as pl


@dataclass(frozen=True, slots=True)
class FrenchDays:
    """The table, and by name every day that is not in it or not as good as the others.

    Attributes
    ----------
    days
        ``date`` (Europe/Paris), ``consumption_mwh`` (MWh), ``half_hours`` and the six temperatures (°C), without
        nulls; complete days with a temperature, sorted.
    energy
        Among others the incomplete days, which are left out.
    temperatures
        Among others the days that lack a region, which stay.
    without_temperature
        Complete days that are left out because no region has a temperature.
    """

    days: pl.DataFrame
    energy: DailyEnergy
    temperatures: DailyTemperatures
    without_temperature: tuple[date, ...]


def french_days(
    load: pl.DataFrame, temperature: pl.DataFrame, populations: Mapping[str, float] = POPULATIONS
) -> FrenchDays:
    """Build the daily table.

    Calendar and holidays are not here: ``penstock.forecasting`` makes them from the date for every system.

    Parameters
    ----------
    load
        Rows of ``consommation-quotidienne-brute``; see :func:`penstock.sources.france_load.daily_energy`.
    temperature
        Rows of ``temperature-quotidienne-regionale``; see
        :func:`penstock.sources.france_weather.daily_temperatures`.
    populations
        Persons by INSEE code of the regions.

    Raises
    ------
    DataError
        Rows are not what the two functions ask for.
    ConfigError
        A population is not above 0.
    """
    energy = daily_energy(load)
    temperatures = daily_temperatures(temperature, populations)
    without = energy.days.join(temperatures.days, on="date", how="anti")["date"].sort().to_list()
    days = energy.days.join(temperatures.days, on="date", how="inner").sort("date")
    return FrenchDays(days, energy, temperatures, tuple(without))
