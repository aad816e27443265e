"""The rungs that a ladder can have, and the sets of them that have a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.rungs import RungConfig, RungKind, seasonal_linear
from penstock.forecasting.targets import Target

RungName: TypeAlias = Literal[
    "seasonal_naive_short",
    "seasonal_naive_long",
    "drift",
    "moving_average",
    "auto_ets",
    "auto_theta",
    "auto_arima",
    "seasonal_linear",
    "course",
    "lightgbm_fast",
    "lightgbm_default",
    "lightgbm_thorough",
    "ensemble",
]

DEFAULT_LADDER: tuple[RungName, ...] = (
    "seasonal_naive_short",
    "seasonal_naive_long",
    "drift",
    "moving_average",
    "seasonal_linear",
    "course",
)
FULL_LADDER: tuple[RungName, ...] = (
    *DEFAULT_LADDER,
    "auto_ets",
    "auto_theta",
    "auto_arima",
    "lightgbm_fast",
    "lightgbm_default",
    "lightgbm_thorough",
    "ensemble",
)
ENSEMBLE: tuple[RungName, ...] = (
    "seasonal_naive_short",
    "seasonal_naive_long",
    "seasonal_linear",
    "lightgbm_default",
)
"""What the rung ``ensemble`` averages."""

LADDERS: Mapping[str, tuple[RungName, ...]] = {"default": DEFAULT_LADDER, "full": FULL_LADDER}

COURSE_FEATURES = FeatureConfig(
    lags=tuple(range(1, 73)),
    means=(24, 48, 72),
    deviations=(24, 48, 72),
    calendar=("hour", "weekday"),
)
COURSE_MODEL = ModelConfig(
    targets=(Target(scale="none"),),
    objective="l2",
    n_estimators=100,
    learning_rate=0.1,
    colsample=1.0,
    subsample=1.0,
    max_bin=255,
)
"""What the original course trained: raw values of all series in one model, lags and windows of up to 72 steps."""

PRESETS: Mapping[str, ModelConfig] = {
    "fast": ModelConfig(n_estimators=60, learning_rate=0.2, max_rows=50_000),
    "default": ModelConfig(n_estimators=200, learning_rate=0.08, max_rows=200_000),
    "thorough": ModelConfig(
        n_estimators=800, learning_rate=0.03, num_leaves=63, colsample=0.6, max_bin=255, max_rows=None
    ),
}
"""The models that ``model=fast``, ``model=default`` and ``model=thorough`` name; as rungs they are not tuned."""


def _named(rungs: Any) -> Any:
    """Replace the name of a set by its rungs."""
    return LADDERS.get(rungs, (rungs,)) if isinstance(rungs, str) else rungs


def _each_once(rungs: tuple[RungName, ...]) -> tuple[RungName, ...]:
    twice = sorted({rung for rung in rungs if rungs.count(rung) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} stands there more than once; name each rung once")
    return rungs


Rungs: TypeAlias = Annotated[
    tuple[RungName, ...], Field(min_length=1), BeforeValidator(_named), AfterValidator(_each_once)
]
"""Rungs by name, or the name of a set: ``default``, ``full``."""


def rung_config(rung: RungName, seasons: tuple[int, ...]) -> RungConfig | None:
    """Return the configuration of a named rung for data with these seasons; ``None`` if they have none for it.

    The automatic classical models have another: ``penstock.forecasting.classical``. An ensemble is its members.
    """
    looking_back = _looking_back(seasons)
    if rung in looking_back:
        kind, steps = looking_back[rung]
        name = f"{kind}_{steps}" if kind == "seasonal_naive" else rung
        return RungConfig(name=name, kind=kind, steps=steps) if steps else None
    features, model = {
        "seasonal_linear": (FeatureConfig(ids=()), seasonal_linear(seasons[0] if seasons else 1)),
        "course": (COURSE_FEATURES, COURSE_MODEL),
        **{f"lightgbm_{name}": (FeatureConfig(), preset) for name, preset in PRESETS.items()},
    }[rung]
    return RungConfig(name=rung, kind="model", features=features, model=model)


def ensemble_members(seasons: tuple[int, ...]) -> tuple[RungConfig, ...]:
    """Return the rungs that the ensemble averages, for data with these seasons."""
    return tuple(config for rung in ENSEMBLE if (config := rung_config(rung, seasons)) is not None)


def _looking_back(seasons: tuple[int, ...]) -> dict[str, tuple[RungKind, int | None]]:
    """Return the rungs that only look back, and how far."""
    short = seasons[0] if seasons else 1
    long = seasons[-1] if len(seasons) > 1 else None
    return {
        "seasonal_naive_short": ("seasonal_naive", short),
        "seasonal_naive_long": ("seasonal_naive", long),
        # From one value to the next of the same phase, so that a season is no slope.
        "drift": ("drift", max(long or short, 4) + 1),
        "moving_average": ("moving_average", max(short, 4)),
    }
