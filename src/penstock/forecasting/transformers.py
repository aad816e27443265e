"""Columns that are known in advance: the calendar, holidays, and transformers of the user's own.

A transformer follows scikit-learn's conventions (constructor parameters are attributes, ``fit`` learns attributes
that end in ``_``, ``clone`` works) but sees a polars frame with ``series``, ``time`` and static columns only: no
values, so it cannot leak. Register one in the entry-point group ``penstock.transformers`` and name it in
``features.transformers``; ``penstock.testing.transformers`` tells whether it keeps the contract.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from penstock.domain.errors import ConfigError, PipelineError, UnknownNameError, did_you_mean

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

GROUP = "penstock.transformers"
CALENDAR_PARTS: Mapping[str, str] = {
    "minute": "minute",
    "hour": "hour",
    "weekday": "weekday",
    "day": "day",
    "week": "week",
    "month": "month",
    "quarter": "quarter",
    "year": "year",
    "day_of_year": "ordinal_day",
}
"""Names for ``features.calendar`` and the polars method that each calls; ``weekday`` counts from 0 on Monday."""


@runtime_checkable
class Transformer(Protocol):
    """Adds numeric columns to stamps. Its columns depend on nothing but each row's own series, stamp and statics."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's parameters."""
        ...

    def set_params(self, **params: Any) -> Self:
        """Change parameters; an unknown name is an error."""
        ...

    def fit(self, frame: pl.DataFrame) -> Self:
        """Learn from the stamps of the training part, and return itself."""
        ...

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return only the new columns, row by row in the order of ``frame``, numeric and without nulls."""
        ...

    def get_feature_names_out(self) -> list[str]:
        """Return the names of the new columns, in order."""
        ...


class KnownColumns:
    """Base class that gives a transformer ``get_params`` and ``set_params`` from its constructor's signature."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - scikit-learn calls it so
        """Return the constructor's parameters by name."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name.

        Raises
        ------
        UnknownNameError
            The constructor has no such parameter; names the nearest.
        """
        names = self._names()
        for name, value in params.items():
            if name not in names:
                kind = type(self).__name__
                raise UnknownNameError(f"{kind} has no parameter {name!r}{did_you_mean(name, names)}")
            setattr(self, name, value)
        return self

    def fit(self, frame: pl.DataFrame) -> Self:  # noqa: ARG002 - subclasses may learn from it
        """Learn nothing."""
        return self

    @classmethod
    def _names(cls) -> list[str]:
        parameters = inspect.signature(cls.__init__).parameters.values()
        return [each.name for each in parameters if each.name != "self" and each.kind != each.VAR_KEYWORD]


class Calendar(KnownColumns):
    """Parts of the stamp, such as hour and weekday, on the wall clock of ``time_zone``."""

    def __init__(self, parts: Sequence[str] = ("hour", "weekday"), time_zone: str = "UTC") -> None:
        self.parts = parts
        self.time_zone = time_zone

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return one small integer column for each part.

        Raises
        ------
        UnknownNameError
            There is no such part; names the nearest.
        """
        import polars as pl

        local = wall_clock(frame, self.time_zone)
        columns = []
        for part in self.parts:
            if part not in CALENDAR_PARTS:
                raise UnknownNameError(
                    f"features.calendar: no part {part!r}{did_you_mean(part, CALENDAR_PARTS)}"
                )
            values = getattr(local.dt, CALENDAR_PARTS[part])().cast(pl.Int32)
            columns.append((values - 1 if part == "weekday" else values).alias(part))
        return pl.DataFrame(columns) if columns else frame.select()

    def get_feature_names_out(self) -> list[str]:
        """Return the parts."""
        return list(self.parts)


class Holidays(KnownColumns):
    """Public holidays of a country by the ``holidays`` package: today, tomorrow and yesterday, each 0 or 1."""

    NAMES: ClassVar[tuple[str, ...]] = ("holiday", "holiday_tomorrow", "holiday_yesterday")

    def __init__(self, country: str = "DK", time_zone: str = "UTC") -> None:
        self.country = country
        self.time_zone = time_zone

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the three columns.

        Raises
        ------
        UnknownNameError
            The package knows no such country or subdivision; names the nearest.
        """
        import polars as pl

        days = wall_clock(frame, self.time_zone).dt.date()
        off = pl.Series(sorted(self._dates(days)), dtype=pl.Date)
        return pl.DataFrame(
            [
                days.dt.offset_by(shift).is_in(off.implode()).cast(pl.Int32).alias(name)
                for name, shift in zip(self.NAMES, ("0d", "1d", "-1d"), strict=True)
            ]
        )

    def get_feature_names_out(self) -> list[str]:
        """Return the names of the three columns."""
        return list(self.NAMES)

    def _dates(self, days: pl.Series) -> Iterable[date]:
        import holidays

        if days.is_empty():
            return ()
        country, _, subdivision = self.country.partition("-")
        supported = holidays.list_supported_countries()
        if country not in supported:
            raise UnknownNameError(
                f"features.holidays: no country {country!r}{did_you_mean(country, supported)}"
            )
        if subdivision and subdivision not in supported[country]:
            raise UnknownNameError(
                f"features.holidays: {country} has no part {subdivision!r}"
                f"{did_you_mean(subdivision, supported[country])}"
            )
        first, last = _year(days.min()), _year(days.max())
        found = holidays.country_holidays(
            country, subdiv=subdivision or None, years=range(first - 1, last + 2)
        )
        return tuple(found)


class FittedTransformer(BaseModel):
    """A fitted transformer as plain values: the name and parameters it was built with, and what it learned."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    params: dict[str, JsonValue] = Field(default_factory=dict)
    learned: dict[str, JsonValue] = Field(default_factory=dict)


BUILT_IN: Mapping[str, Callable[..., Transformer]] = {"calendar": Calendar, "holidays": Holidays}


def transformer_names(points: Iterable[EntryPoint] | None = None) -> tuple[str, ...]:
    """Return the names of the built-in transformers and of those that plug-ins registered, sorted."""
    return tuple(sorted({*BUILT_IN, *(point.name for point in _points(points))}))


def make_transformer(
    name: str, params: Mapping[str, JsonValue] | None = None, points: Iterable[EntryPoint] | None = None
) -> Transformer:
    """Build the transformer that is registered as ``name``.

    Parameters
    ----------
    name
        ``calendar``, ``holidays``, or a name of the entry-point group ``penstock.transformers``.
    params
        Arguments of its constructor.
    points
        Entry points to look in; by default those installed.

    Raises
    ------
    UnknownNameError
        Nothing is registered under ``name``; names the nearest.
    ConfigError
        The constructor does not take these parameters.
    PipelineError
        What is registered is not a transformer.
    """
    factory = BUILT_IN.get(name)
    if factory is None:
        found = {point.name: point for point in _points(points)}
        if name not in found:
            raise UnknownNameError(
                f"features.transformers: no transformer {name!r}{did_you_mean(name, transformer_names(points))}; "
                f"register it in the entry-point group {GROUP!r}"
            )
        factory = found[name].load()
    try:
        made = factory(**(params or {}))
    except TypeError as error:
        raise ConfigError(f"features.transformers: {name} cannot be built with {params}: {error}") from error
    if not isinstance(made, Transformer):
        raise PipelineError(
            f"features.transformers: {name} is no transformer; it needs get_params, set_params, fit, transform and "
            "get_feature_names_out (see penstock.forecasting.transformers)"
        )
    return made


def freeze(name: str, transformer: Transformer) -> FittedTransformer:
    """Turn a fitted transformer into plain values.

    Raises
    ------
    PipelineError
        It learned something that is not a JSON value, so no neutral file can hold it.
    """
    learned = {key: _listed(value) for key, value in vars(transformer).items() if _is_learned(key)}
    params = {key: _listed(value) for key, value in transformer.get_params().items()}
    try:
        return FittedTransformer(name=name, params=params, learned=learned)
    except ValueError as error:
        raise PipelineError(
            f"transformer {name} learned what no neutral file can hold ({', '.join(sorted(learned))}); let the "
            f"attributes that end in an underscore be numbers, texts, lists or dictionaries of these: {error}"
        ) from error


def thaw(frozen: FittedTransformer, points: Iterable[EntryPoint] | None = None) -> Transformer:
    """Build the transformer again, with what it learned."""
    made = make_transformer(frozen.name, frozen.params, points)
    for key, value in frozen.learned.items():
        setattr(made, key, value)
    return made


def wall_clock(frame: pl.DataFrame, time_zone: str) -> pl.Series:
    """Return the stamps of ``frame`` on the wall clock of ``time_zone``.

    Raises
    ------
    ConfigError
        There is no such time zone.
    """
    from polars.exceptions import ComputeError

    try:
        return frame["time"].dt.convert_time_zone(time_zone)
    except ComputeError as error:
        raise ConfigError(
            f"features.time_zone: no time zone {time_zone!r}; give an IANA name such as 'UTC' or 'Europe/Copenhagen'"
        ) from error


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _is_learned(name: str) -> bool:
    return name.endswith("_") and not name.startswith("_")


def _points(points: Iterable[EntryPoint] | None) -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP) if points is None else points)


def _year(day: object) -> int:
    return int(getattr(day, "year", 0))
