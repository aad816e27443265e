"""What ``inference.json`` says of a model so that a loader needs nothing of Penstock, or why that cannot be said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import JsonValue

from penstock.domain.errors import ConfigError, bounded
from penstock.forecasting.export.runtime import FOLDER, member_name
from penstock.forecasting.forecaster import settling_scale
from penstock.forecasting.panel import season_lengths
from penstock.systems.shared.portable.clock import SECOND_US
from penstock.systems.shared.portable.forecaster import PORTABLE_FORMAT

if TYPE_CHECKING:
    import polars as pl

    from penstock.forecasting.forecaster import ForecastModel

CALENDAR_YEARS = 16
"""Years after the last of training for which clock changes and holidays are written down."""

_FEATURES = frozenset(
    {"lags", "means", "deviations", "calendar", "holidays", "time_zone", "ids", "transformers"}
)
_FIELDS = frozenset(
    {"features", "model", "frequency", "series", "scaling", "known", "members", "columns", "rows", "seed"}
    | {"threads", "fit_seconds"}
)
_PLAIN = ("calendar", "holidays")


def portable_parameters(model: ForecastModel, first: datetime, last: datetime) -> dict[str, JsonValue]:
    """Describe a model by plain values.

    Parameters
    ----------
    model
        A trained model.
    first, last
        First and last stamp of its training (UTC): the calendar is written down from the one to years after the other.

    Raises
    ------
    ConfigError
        Something of it is made by code that a bundle cannot hold; names the keys of the configuration.
    """
    faults = [*_foreign(model), *_handmade(model)]
    if faults:
        raise ConfigError(
            f"the model cannot be exported: {bounded(faults)}; leave these out, or set export.formats=native"
        )
    features = model.features
    years = (first.year - 1, last.year + CALENDAR_YEARS)
    return {
        "format": PORTABLE_FORMAT,
        "frequency": model.frequency,
        "history": model.history,
        "series": list(model.series),
        "features": {name: list(getattr(features, name)) for name in ("lags", "means", "deviations")},
        "targets": [
            target.model_dump(mode="json") | {"ahead": target.ahead} for target in model.model.members
        ],
        "seasons": list(season_lengths(model.frequency)),
        "longest": model.longest,
        "scaling": _scales(model),
        "settling": settling_scale(model.model),
        "categories": [[name, list(values)] for name, values in model.known.categories.items()],
        "known": _known_parts(model, years),
        "clock": _clock(features.time_zone, years),
        "members": [f"{FOLDER}/{member_name(number)}" for number in range(len(model.members))],
    }


def _foreign(model: ForecastModel) -> list[str]:
    """Name whatever this page does not know of a model and that is not empty: then it means something."""
    described = model.features.model_dump()
    faults = [f"features.{name}" for name in sorted(set(described) - _FEATURES) if described[name]]
    return faults + [name for name in sorted(set(vars(model)) - _FIELDS) if getattr(model, name)]


def _handmade(model: ForecastModel) -> list[str]:
    names = [fitted.name for fitted in model.known.transformers]
    return [f"features.transformers: {name} is code" for name in names if name not in _PLAIN]


def _scales(model: ForecastModel) -> dict[str, JsonValue]:
    """Return scale → parameters of every series, in the order of the codes."""
    from penstock.forecasting.scaling import scaling_of

    found: dict[str, JsonValue] = {}
    for scale in sorted({target.scale for target in model.model.members}):
        one = scaling_of(model.scaling, scale, model.series)
        found[scale] = {name: values.tolist() for name, values in vars(one).items()}
    return found


def _known_parts(model: ForecastModel, years: tuple[int, int]) -> list[JsonValue]:
    made: list[JsonValue] = []
    for fitted in model.known.transformers:
        if fitted.name == "calendar":
            made.append({"kind": "calendar", "parts": fitted.params["parts"]})
        else:
            made.append({"kind": "holidays", "days": _days_off(str(fitted.params["country"]), years)})
    return made


def _days_off(country: str, years: tuple[int, int]) -> list[JsonValue]:
    """List holidays as days since 1970, asking just what made the columns of training."""
    from penstock.forecasting.transformers import Holidays

    days = _stamps(years, "1d").to_frame("time")
    off = Holidays(country).transform(days)["holiday"] == 1
    return [int(day) for day in days["time"].filter(off).dt.epoch("d").to_list()]


def _clock(zone: str, years: tuple[int, int]) -> dict[str, JsonValue]:
    """Write down every change of a zone's offset, as the library that made the columns of training knows them."""
    import numpy as np

    stamps = _stamps(years, "15m")
    seconds = stamps.dt.epoch("s").to_numpy()
    local = stamps.dt.convert_time_zone(zone).dt.replace_time_zone(None).dt.epoch("s").to_numpy()
    offsets = local - seconds
    changed = np.flatnonzero(np.diff(offsets, prepend=offsets[0] - 1))
    return {
        "zone": zone,
        "starts": seconds[changed].tolist(),
        "offsets": offsets[changed].tolist(),
        "first": int(seconds[0]) * SECOND_US,
        "until": int(seconds[-1]) * SECOND_US,
    }


def _stamps(years: tuple[int, int], interval: str) -> pl.Series:
    """List stamps from two days before the first year, for clocks behind UTC, to the start of the last year."""
    import polars as pl

    first = datetime(years[0], 1, 1, tzinfo=UTC) - timedelta(days=2)
    return pl.datetime_range(
        first, datetime(years[1], 1, 1, tzinfo=UTC), interval, time_unit="us", eager=True
    ).alias("time")
