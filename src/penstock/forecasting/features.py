"""Which columns a model sees: what the user configures, and how ``auto`` becomes numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from penstock.domain.errors import ConfigError, bounded, did_you_mean
from penstock.domain.timezones import TimeZone
from penstock.forecasting.covariates import CovariateColumns, resolve_covariates
from penstock.forecasting.transformers import CALENDAR_PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

AUTO: Literal["auto"] = "auto"
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_SHARE_OF_HISTORY = 3


def _expand(value: Any) -> Any:
    """Turn ``1..72`` (both ends included), alone or inside a list, into its numbers."""
    if value == AUTO:
        return value
    parts = value if isinstance(value, list | tuple) else [value]
    steps: list[Any] = []
    for part in parts:
        found = _RANGE.fullmatch(part) if isinstance(part, str) else None
        steps.extend(range(int(found[1]), int(found[2]) + 1) if found else [part])
    return tuple(dict.fromkeys(steps))


def _spec(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _listed(value: Any) -> Any:
    return value if value == AUTO or not isinstance(value, str) else (value,)


def _known_parts(parts: Any) -> Any:
    unknown = [] if parts == AUTO else [part for part in parts if part not in CALENDAR_PARTS]
    if unknown:
        raise ValueError(f"a stamp has no {bounded(unknown)}{did_you_mean(unknown[0], CALENDAR_PARTS)}")
    return parts


Step: TypeAlias = Annotated[int, Field(ge=1)]
Window: TypeAlias = Annotated[int, Field(ge=2)]
Steps: TypeAlias = Annotated[tuple[Step, ...] | Literal["auto"], BeforeValidator(_expand)]
Windows: TypeAlias = Annotated[tuple[Window, ...] | Literal["auto"], BeforeValidator(_expand)]
Names: TypeAlias = Annotated[tuple[str, ...] | Literal["auto"], BeforeValidator(_listed)]


class TransformerSpec(BaseModel):
    """A transformer of the user's own: its entry-point name and the parameters it is built with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    params: dict[str, JsonValue] = Field(default_factory=dict)


class FeatureConfig(BaseModel):
    """The columns of a forecasting model.

    ``auto`` is worked out from frequency and seasons; a range of steps may be written ``1..72``.

    Attributes
    ----------
    lags
        Values so many steps ago. More lags see finer rhythms and cost time; the seasons should be among them.
    means
        Rolling means over the last so many steps. Longer windows follow the level more calmly.
    deviations
        Rolling sample standard deviations over the last so many steps; for data with calm and restless times.
    calendar
        Parts of the stamp, read in ``time_zone``. Change it when people's habits follow another rhythm.
    holidays
        Country code whose public holidays count, such as ``DK`` or ``US-NY``; null leaves them out.
    time_zone
        Clock that the calendar is read on; set it to where the users live.
    ids
        ``series`` or static columns given to the model as categories. Leave the series out to forecast new ones.
    transformers
        Transformers of your own, by name in the entry-point group ``penstock.transformers``.
    covariates
        Covariates given to the model, by their own names; an empty list leaves them out.
    covariate_lags
        Their values so many steps before the step to forecast; past covariates count from their newest value known.
    covariate_means
        Their rolling means over so many steps: buildings and habits follow the weather of days.
    known_ahead
        How many steps beyond the newest value a covariate is known, by name. By default known covariates are known for
        the whole horizon and past ones up to the newest value (0); lower it for what is published late.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lags: Steps = AUTO
    means: Windows = AUTO
    deviations: Windows = AUTO
    calendar: Annotated[Names, AfterValidator(_known_parts)] = AUTO
    holidays: str | None = None
    time_zone: TimeZone = "UTC"
    ids: Names = AUTO
    transformers: tuple[Annotated[TransformerSpec, BeforeValidator(_spec)], ...] = ()
    covariates: Names = AUTO
    covariate_lags: Steps = AUTO
    covariate_means: Windows = AUTO
    known_ahead: dict[str, int] = Field(default_factory=dict)


class ResolvedFeatures(BaseModel):
    """A ``FeatureConfig`` without ``auto``: what a model was really built with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lags: tuple[Step, ...]
    means: tuple[Window, ...]
    deviations: tuple[Window, ...]
    calendar: tuple[str, ...]
    holidays: str | None
    time_zone: str
    ids: tuple[str, ...]
    transformers: tuple[TransformerSpec, ...]
    covariates: tuple[CovariateColumns, ...] = ()

    @property
    def history(self) -> int:
        """Number of steps before the target that the columns look back on."""
        covariates = (each.reach for each in self.covariates)
        return max((*self.lags, *self.means, *self.deviations, *covariates), default=1)

    @property
    def lag_columns(self) -> tuple[str, ...]:
        """Names of the columns made from past values, in the order in which a model sees them."""
        return (
            *(f"lag{lag}" for lag in self.lags),
            *(f"mean{window}" for window in self.means),
            *(f"deviation{window}" for window in self.deviations),
        )


def resolve_features(
    config: FeatureConfig,
    *,
    frequency: str,
    seasons: Sequence[int],
    statics: Sequence[str] = (),
    steps: int | None = None,
) -> ResolvedFeatures:
    """Replace every ``auto``; what is made of covariates comes from :func:`covariates_of`.

    Parameters
    ----------
    config
        What the user asked for.
    frequency
        Distance of two stamps as a polars duration; decides the calendar columns.
    seasons
        Season lengths in steps, shortest first; decide lags and windows.
    statics
        Static columns of the panel; they become the ids, or ``series`` where there are none.
    steps
        Shortest history a model will be trained on: automatic lags and windows stay below a third of it.

    Raises
    ------
    ConfigError
        An id is neither ``series`` nor a static column.
    """
    limit = steps // _SHARE_OF_HISTORY if steps else None
    ids = (tuple(statics) or ("series",)) if config.ids == AUTO else config.ids
    unknown = [name for name in ids if name not in ("series", *statics)]
    if unknown:
        raise ConfigError(
            f"features.ids: no static column {bounded(unknown)}; allowed: {bounded(['series', *statics])}"
        )
    return ResolvedFeatures(
        lags=_below(automatic_lags(seasons), limit) or (1,) if config.lags == AUTO else config.lags,
        means=_below(automatic_windows(seasons), limit) if config.means == AUTO else config.means,
        deviations=_below(automatic_windows(seasons), limit)
        if config.deviations == AUTO
        else config.deviations,
        calendar=automatic_calendar(frequency) if config.calendar == AUTO else config.calendar,
        holidays=config.holidays,
        time_zone=config.time_zone,
        ids=ids,
        transformers=config.transformers,
    )


def covariates_of(
    config: FeatureConfig,
    there: Sequence[str],
    *,
    seasons: Sequence[int],
    steps: int | None = None,
    horizon: int | None = None,
) -> tuple[CovariateColumns, ...]:
    """Work out which columns a model makes of the covariates of a panel.

    Parameters
    ----------
    config
        What the user asked for.
    there
        Covariates of the panel.
    seasons, steps
        As for :func:`resolve_features`.
    horizon
        Steps to forecast; needed where there are past covariates.

    Raises
    ------
    ConfigError
        A covariate is not there, or known too late. All faults are told.
    """
    limit = steps // _SHARE_OF_HISTORY if steps else None
    lags, means = config.covariate_lags, config.covariate_means
    return resolve_covariates(
        None if config.covariates == AUTO else config.covariates,
        there,
        ahead=config.known_ahead,
        horizon=horizon,
        back=(
            _below(automatic_covariate_lags(seasons), limit) if lags == AUTO else lags,
            _below(automatic_covariate_windows(seasons), limit) if means == AUTO else means,
        ),
    )


def automatic_covariate_lags(seasons: Sequence[int]) -> tuple[int, ...]:
    """Return the last step, and one season before: what the past value beside it went with."""
    return (1, *seasons)


def automatic_covariate_windows(seasons: Sequence[int]) -> tuple[int, ...]:
    """Return an eighth of the shortest season, three of it, and every season; 4 and 12 steps where there is none."""
    if not seasons:
        return (4, 12)
    short = seasons[0]
    return tuple(sorted({max(short // 8, 2), 3 * short, *(max(season, 2) for season in seasons)}))


def automatic_lags(seasons: Sequence[int]) -> tuple[int, ...]:
    """Return the last three steps and the neighbourhood of one, two and three seasons, and of each longer season.

    For hours, seasons (24, 168): 1, 2, 3, 24, 25, 26, 48, 72, 144, 167, 168, 169, 192, 336.
    """
    lags = {1, 2, 3}
    if seasons:
        short = seasons[0]
        lags |= {short, short + 1, short + 2, 2 * short, 3 * short}
    for long in seasons[1:]:
        lags |= {long - seasons[0], long - 1, long, long + 1, long + seasons[0], 2 * long}
    return tuple(sorted(lags))


def automatic_windows(seasons: Sequence[int]) -> tuple[int, ...]:
    """Return one window for each season, or 4 and 12 steps where there is none."""
    return tuple(seasons) or (4, 12)


def automatic_calendar(frequency: str) -> tuple[str, ...]:
    """Return the parts of the stamp that can matter at ``frequency``."""
    unit = frequency.lstrip("0123456789")
    return {
        "h": ("hour", "weekday"),
        "m": ("hour", "minute", "weekday"),
        "d": ("weekday", "month"),
        "w": ("week",),
        "mo": ("month",),
        "q": ("quarter",),
    }.get(unit, ())


def _below(steps: Sequence[int], limit: int | None) -> tuple[int, ...]:
    return tuple(step for step in steps if limit is None or step <= limit)
