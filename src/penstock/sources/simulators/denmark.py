"""The embedded source of the Danish system: a seeded simulator with the schema of ``ConsumptionDE35Hour``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from penstock.domain.errors import did_you_mean
from penstock.domain.windows import Window
from penstock.sources.denmark_rows import AREAS, CONSUMER_TYPES, DENMARK_ROWS, series_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from penstock.domain.rows import RowSchema
    from penstock.sources.simulators.revisions import Revisions
    from penstock.sources.simulators.world import Readings


class DenmarkSimulatorConfig(BaseModel):
    """What the simulator shows. The seed alone decides the values; the rest decides which of them are seen.

    Attributes
    ----------
    seed
        Seed of the simulated world; another seed is another country with the same habits.
    start
        First hour that :func:`simulate` returns.
    days
        Days that :func:`simulate` returns; more history makes a slower run and a surer verdict.
    lag_days
        Rows appear so many days after their hour, as at the real source; lower it to see what newer data are worth.
    as_of
        Moment of asking; null is just late enough for the whole span.
    areas
        Price areas to return; fewer make a smaller panel.
    consumer_types
        Consumer types to return, by DE35 code; fewer make a smaller panel.
    gaps_per_series_year
        Expected gaps, of 1 to 3 hours, for each series and year; raise it to try the rules of quality.
    duplicates_per_series_year
        Expected exact copies of a row, for each series and year; raise it to try the rules of quality.
    revisions_per_series_year
        Expected revisions for each series and year: 6 to 24 hours that are first shown wrong and put right 2 to 29
        days later. Raise it to see what a model learns from values that do not stand.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 2023
    start: AwareDatetime = datetime(2023, 1, 1, tzinfo=UTC)
    days: int = Field(default=180, ge=1, le=3650)
    lag_days: int = Field(default=15, ge=0, le=365)
    as_of: AwareDatetime | None = None
    areas: tuple[str, ...] = Field(default=AREAS, min_length=1)
    consumer_types: tuple[str, ...] = Field(default=CONSUMER_TYPES, min_length=1)
    gaps_per_series_year: float = Field(default=0.3, ge=0.0, le=12.0)
    duplicates_per_series_year: float = Field(default=0.3, ge=0.0, le=12.0)
    revisions_per_series_year: float = Field(default=0.0, ge=0.0, le=12.0)

    @field_validator("start", "as_of")
    @classmethod
    def _utc_hour(cls, value: datetime | None) -> datetime | None:
        if value is not None and (value.minute, value.second, value.microsecond) != (0, 0, 0):
            msg = f"{value} is not a full hour; the source is hourly"
            raise ValueError(msg)
        return value and value.astimezone(UTC)

    @field_validator("areas")
    @classmethod
    def _known_areas(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known(value, AREAS, "area")

    @field_validator("consumer_types")
    @classmethod
    def _known_types(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known(value, CONSUMER_TYPES, "consumer type")

    @property
    def series(self) -> tuple[tuple[str, str], ...]:
        """Area and consumer type of every series, areas first."""
        return tuple((area, code) for area in self.areas for code in self.consumer_types)

    @property
    def window(self) -> Window:
        """The span of :func:`simulate`, before the lag is taken off."""
        return Window(self.start, self.start + timedelta(days=self.days))

    @property
    def lag(self) -> timedelta:
        """``lag_days`` as a span of time."""
        return timedelta(days=self.lag_days)

    @property
    def known_until(self) -> datetime:
        """The first hour that the source does not show yet."""
        return self.asked_at - self.lag

    @property
    def asked_at(self) -> datetime:
        """The moment of asking."""
        return self.as_of or self.window.end + self.lag


def _known(names: tuple[str, ...], allowed: Sequence[str], what: str) -> tuple[str, ...]:
    unknown = [name for name in names if name not in allowed]
    if unknown:
        msg = "; ".join(f"unknown {what} {name!r}{did_you_mean(name, allowed)}" for name in unknown)
        raise ValueError(msg)
    return tuple(name for name in allowed if name in names)


@dataclass(frozen=True, slots=True)
class DenmarkSimulator:
    """The simulated source; see :class:`DenmarkSimulatorConfig`. Its world begins on 2018-01-01 and lasts 30 years.

    ``start`` and ``days`` of the configuration only set the default moment of asking here; any window may be
    fetched, and a stamp has the same value in every window.
    """

    config: DenmarkSimulatorConfig = field(default_factory=DenmarkSimulatorConfig)

    @property
    def schema(self) -> RowSchema:
        """Columns of the rows."""
        return DENMARK_ROWS

    def fetch(self, window: Window) -> pl.DataFrame:
        """Return the rows of ``window`` (end excluded) that are published at ``as_of``.

        Returns
        -------
        pl.DataFrame
            ``HourUTC`` (Datetime us, UTC), ``HourDK`` (Datetime us, Danish clock, no zone), ``PriceArea``,
            ``ConsumerType_DE35`` (String), ``TotalCon`` (Float64, kWh, > 0), sorted by time, area and type.
            A missing hour is a missing row; a duplicate directly follows its original.
        """
        from penstock.sources.simulators import tables

        return tables.raw_rows(
            self.config.series, self._shown(_readings(self.config, self._published(window)))
        )

    def history(self, window: Window) -> pl.DataFrame:
        """Return every row of ``window`` that was ever shown up to ``as_of``, with the moment it appeared.

        Returns
        -------
        pl.DataFrame
            The columns of :meth:`fetch` and ``known_at`` (UTC): ``lag_days`` after the hour is over, for a revised
            value later. An hour that was revised stands twice. Sorted by ``known_at``, time, area and type.
        """
        from penstock.sources.simulators.revisions import history

        config = self.config
        seen = _readings(config, self._published(window))
        return history(config.series, seen, _revisions(config, seen), config.lag, config.asked_at)

    def _shown(self, seen: Readings) -> Readings:
        from penstock.sources.simulators.revisions import as_shown

        config = self.config
        if not config.revisions_per_series_year:
            return seen
        return as_shown(seen, _revisions(config, seen), config.lag, config.asked_at)

    def _published(self, window: Window) -> Window:
        return Window(window.start, max(window.start, min(window.end, self.config.known_until)))


def simulate(config: DenmarkSimulatorConfig) -> pl.DataFrame:
    """Return the raw rows of ``config.window`` that are published; columns as :meth:`DenmarkSimulator.fetch`."""
    return DenmarkSimulator(config).fetch(config.window)


def history(config: DenmarkSimulatorConfig) -> pl.DataFrame:
    """Return every row of ``config.window`` that was ever shown; columns as :meth:`DenmarkSimulator.history`."""
    return DenmarkSimulator(config).history(config.window)


def oracle(config: DenmarkSimulatorConfig, window: Window | None = None) -> pl.DataFrame:
    """Return the truth behind the rows: everything but the noise that nobody can predict.

    It holds level shifts, weather and calendar. The noise is white and its median factor is 1, hence no honest
    forecast has a smaller expected absolute error.

    Returns
    -------
    pl.DataFrame
        ``PriceArea``, ``ConsumerType_DE35``, ``HourUTC`` (UTC), ``expected_kwh``; every hour of ``window``
        (default ``config.window``), published or not, gaps included; sorted by time, area and type.
    """
    from penstock.sources.simulators import tables

    return tables.truth(config.series, _readings(config, window or config.window))


def oracle_errors(config: DenmarkSimulatorConfig, windows: Sequence[Window]) -> pl.DataFrame:
    """Return how far the oracle is from the published rows: the error that no honest model can go below.

    Parameters
    ----------
    config
        Only published hours count; gaps do not count, duplicates count once.
    windows
        Each window is scored by itself; give the windows on which the models are scored.

    Returns
    -------
    pl.DataFrame
        One row per window and series: ``start``, ``end`` (UTC, end excluded), ``PriceArea``,
        ``ConsumerType_DE35``, ``count`` (hours scored), ``mae_kwh``, ``mape`` (a fraction, not per cent);
        in the order of ``windows``, then area and type. A window without published hours gives no rows.
    """
    import polars as pl

    from penstock.sources.simulators import tables

    source = DenmarkSimulator(config)
    parts = [tables.errors(w, source.fetch(w), oracle(config, w)) for w in windows]
    return pl.concat([tables.no_errors(), *parts])


def _revisions(config: DenmarkSimulatorConfig, seen: Readings) -> Revisions:
    from penstock.sources.simulators.revisions import revisions

    names = [series_name(*one) for one in config.series]
    return revisions(config.seed, names, seen.index, config.revisions_per_series_year)


def _readings(config: DenmarkSimulatorConfig, window: Window) -> Readings:
    """Return the hours that begin inside ``window``."""
    from penstock.sources.simulators.clock import hour_index
    from penstock.sources.simulators.world import WorldConfig, readings

    world = WorldConfig(
        seed=config.seed,
        series=config.series,
        gaps_per_series_year=config.gaps_per_series_year,
        duplicates_per_series_year=config.duplicates_per_series_year,
    )
    almost = timedelta(hours=1) - timedelta(microseconds=1)
    return readings(world, hour_index(window.start + almost), hour_index(window.end + almost))
