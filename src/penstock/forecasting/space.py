"""Which configurations a study may try, and how the next one is drawn."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from penstock.domain.errors import ConfigError, did_you_mean
from penstock.forecasting.models import ModelConfig

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

Choice: TypeAlias = bool | int | float | str
Method: TypeAlias = Literal["tpe", "random", "grid"]
Params: TypeAlias = dict[str, Choice]
_DRAWS = 50
"""How often a configuration that was tried before is drawn again."""


class Dimension(BaseModel):
    """One field of the model that is searched: a range, both ends included, or a list of choices.

    Whole ``low`` and ``high`` give whole numbers. ``log`` draws evenly on the logarithm; ``step`` is the distance of
    two values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: int | float | None = None
    high: int | float | None = None
    log: bool = False
    step: int | float | None = Field(default=None, gt=0)
    choices: tuple[Choice, ...] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.choices is not None:
            if (self.low, self.high, self.step, self.log) != (None, None, None, False) or not self.choices:
                raise ValueError("choices must hold at least one value and stand alone")
            return self
        if self.low is None or self.high is None or self.low > self.high:
            raise ValueError(f"a range needs low and high, low first; got low={self.low} high={self.high}")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("log needs low above 0 and no step")
        return self

    @property
    def whole(self) -> bool:
        """Whether the range holds whole numbers only."""
        return isinstance(self.low, int) and isinstance(self.high, int) and not isinstance(self.step, float)

    def distribution(self) -> BaseDistribution:
        """Return Optuna's name for it."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.choices is not None:
            return CategoricalDistribution(self.choices)
        low, high = self.low or 0, self.high or 0
        if self.whole:
            return IntDistribution(int(low), int(high), log=self.log, step=int(self.step or 1))
        return FloatDistribution(float(low), float(high), log=self.log, step=self.step)

    def values(self) -> tuple[Choice, ...]:
        """List every value, for a grid.

        Raises
        ------
        ConfigError
            A range without ``step`` has no list of values.
        """
        import numpy as np

        if self.choices is not None:
            return self.choices
        low, high = self.low or 0, self.high or 0
        step = self.step or (1 if self.whole and not self.log else None)
        if step is None:
            raise ConfigError(f"a grid needs choices or a step; the range {low} … {high} has neither")
        found = np.arange(low, high + step / 2, step)
        return tuple(int(each) if self.whole else float(f"{each:.12g}") for each in found)


Space: TypeAlias = dict[str, Dimension]

DEFAULT_SPACE: Mapping[str, Mapping[str, Any]] = {
    "n_estimators": {"low": 120, "high": 250, "log": True},
    "learning_rate": {"low": 0.06, "high": 0.18, "log": True},
    "num_leaves": {"low": 20, "high": 80, "log": True},
    "min_child_samples": {"low": 10, "high": 100, "log": True},
    "colsample": {"low": 0.4, "high": 1.0},
    "reg_lambda": {"low": 0.1, "high": 30.0, "log": True},
    "objective": {"choices": ("l1", "l2")},
}
"""Searched where the configuration names no space, as far as it suits the model: see ``suited``."""

LINEAR_SPACE: Mapping[str, Mapping[str, Any]] = {"alpha": {"low": 1e-6, "high": 10.0, "log": True}}
"""Searched in place of the default for a linear model, which has no trees."""


def default_space() -> Space:
    """Return the space that is searched where the configuration names none."""
    return _space(DEFAULT_SPACE)


def suited(space: Space, base: ModelConfig) -> Space:
    """Return what of ``space`` is searched for a model that starts from ``base``.

    A space, or a dimension, that somebody gave is searched as it is given. One of the default space gives way to the
    model: it is left out where the model's own value lies outside, such as the objective ``quantile`` or 800 trees,
    which every trial would replace else; a choice that the model refuses is no choice. A linear model has a default
    space of its own.
    """
    default = default_space()
    if set(space) != set(default):
        return space
    if base.kind == "linear" and space == default:
        return _space(LINEAR_SPACE)
    found = {}
    for name, dimension in space.items():
        if dimension != default.get(name):
            found[name] = dimension
        elif (kept := _allowed(dimension, name, base)) is not None:
            found[name] = kept
    return found


def _space(bodies: Mapping[str, Mapping[str, Any]]) -> Space:
    return {name: Dimension.model_validate(each) for name, each in bodies.items()}


def _allowed(dimension: Dimension, name: str, base: ModelConfig) -> Dimension | None:
    """Return the dimension with the choices that ``base`` can take, ``None`` where nothing is left to search."""
    if not _holds(dimension.distribution(), getattr(base, name)):
        return None
    if dimension.choices is None:
        return dimension
    choices = tuple(value for value in dimension.choices if not _faults(base, name, [value]))
    return Dimension(choices=choices) if len(choices) > 1 else None


def _holds(distribution: BaseDistribution, value: Any) -> bool:
    try:
        return bool(distribution._contains(distribution.to_internal_repr(value)))  # noqa: SLF001 - no public way
    except (ValueError, TypeError):
        return False


def check_space(space: Space, base: ModelConfig) -> None:
    """Refuse a space that the model cannot take.

    Raises
    ------
    ConfigError
        A name is no field of the model, or an end of a range or a choice is not allowed there; all faults are listed.
    """
    faults = []
    for name, dimension in space.items():
        if name not in ModelConfig.model_fields:
            faults.append(
                f"tune.space: the model has no field {name!r}{did_you_mean(name, ModelConfig.model_fields)}"
            )
            continue
        ends = dimension.choices if dimension.choices is not None else (dimension.low, dimension.high)
        faults.extend(_faults(base, name, ends))
    if faults:
        raise ConfigError("; ".join(faults))


def configured(base: ModelConfig, params: Mapping[str, Choice]) -> ModelConfig:
    """Return ``base`` with ``params`` in place, validated."""
    return ModelConfig.model_validate(base.model_dump() | dict(params))


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """Return Optuna's distributions in the order of names."""
    return {name: space[name].distribution() for name in sorted(space)}


def base_params(space: Space, base: ModelConfig) -> Params | None:
    """Return the point of the space where ``base`` stands, ``None`` where it stands outside."""
    params: Params = {}
    for name, distribution in distributions(space).items():
        value = getattr(base, name)
        if not _holds(distribution, value):
            return None
        params[name] = value
    return params


def grid_points(space: Space) -> list[Params]:
    """List every point, the last name varying fastest."""
    names = sorted(space)
    return [
        dict(zip(names, point, strict=True))
        for point in itertools.product(*(space[name].values() for name in names))
    ]


class Sampler:
    """Draws the configurations of one round, each by its own seed and from what earlier rounds found.

    A draw depends on ``seed``, its number and the finished trials of earlier rounds only, so the same study tries the
    same configurations however many workers it has, and again after a kill.
    """

    def __init__(self, space: Space, base: ModelConfig, method: Method, seed: int) -> None:
        self._space = space
        self._method = method
        self._seed = seed
        self._first = base_params(space, base)
        self._grid = grid_points(space) if method == "grid" else []

    def available(self, trials: int) -> int:
        """Return how many of ``trials`` configurations there are."""
        if not self._space:
            return 1
        return min(trials, len(self._grid)) if self._method == "grid" else trials

    def draw(self, numbers: Sequence[int], earlier: Sequence[FrozenTrial]) -> list[Params]:
        """Draw the configurations with these ``numbers``, knowing the ``earlier`` rounds."""
        if self._method == "grid":
            return [self._grid[number] for number in numbers]
        study = self._study(earlier)
        seen = {_key(trial.params) for trial in earlier}
        drawn = []
        for number in numbers:
            params = self._first if number == 0 and self._first else self._next(study, number, seen)
            seen.add(_key(params))
            drawn.append(params)
        return drawn

    def _study(self, earlier: Sequence[FrozenTrial]) -> Any:
        import optuna

        study = optuna.create_study(direction="minimize")
        study.add_trials(earlier)
        return study

    def _next(self, study: Any, number: int, seen: set[tuple[tuple[str, Choice], ...]]) -> Params:
        params: Params = {}
        for attempt in range(_DRAWS):
            study.sampler = self._sampler(number, attempt)
            params = study.ask(distributions(self._space)).params
            if _key(params) not in seen:
                break
        return params

    def _sampler(self, number: int, attempt: int) -> Any:
        from optuna.samplers import RandomSampler, TPESampler

        digest = hashlib.sha256(f"{self._seed}/{number}/{attempt}".encode()).digest()
        seed = int.from_bytes(digest[:4], "big")
        return (
            TPESampler(seed=seed, n_startup_trials=6) if self._method == "tpe" else RandomSampler(seed=seed)
        )


def _key(params: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(params.items()))


def _faults(base: ModelConfig, name: str, ends: Sequence[Any]) -> list[str]:
    faults = []
    for value in ends:
        try:
            configured(base, {name: value})
        except ValidationError as error:
            faults.append(f"tune.space: {name} cannot be {value!r}: {error.errors()[0]['msg']}")
    return faults
