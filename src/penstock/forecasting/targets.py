"""What a model learns in place of the raw value: a scale for each series, and a reference that moves along.

A target is written ``SCALE`` or ``SCALE/AGAINST``: ``log/lag24`` is the standardised logarithm less its value 24
steps before, ``log/mean168`` the same less the mean of the 168 values before, ``standardise/difference24`` a model
of the differenced series. With ``lag`` and ``mean`` the lags and means among the features are taken less the same
reference, so that neither a trend nor a level that was never seen in training puts the trees out of their range.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self, TypeAlias, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Scale: TypeAlias = Literal["none", "standardise", "mean", "log", "auto"]
SCALES: tuple[str, ...] = get_args(Scale)
Against: TypeAlias = Literal["level", "difference", "lag", "mean"]
TableKey: TypeAlias = tuple[str, int, int]
_AGAINST = re.compile(r"(difference|lag|mean)(\d+)")


class Target(BaseModel):
    """One way to state what is learned; ``steps`` belongs to ``against`` and is 0 for ``level``.

    ``ahead`` is set by the strategy of a model, not by its user: 0 learns the next step, and the others follow by
    recursion; 48 learns each of 48 steps directly.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scale: Scale = "auto"
    against: Against = "level"
    steps: Annotated[int, Field(ge=0)] = 0
    ahead: Annotated[int, Field(ge=0, exclude=True)] = 0

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        scale, _, against = value.strip().partition("/")
        found = _AGAINST.fullmatch(against)
        if scale not in SCALES or (against and not found):
            raise ValueError(
                f"target {value!r} is not SCALE or SCALE/AGAINST; allowed scales: {', '.join(SCALES)}; allowed "
                "references: difference24, lag24, mean168 with any number of steps"
            )
        return {"scale": scale, "against": found[1], "steps": int(found[2])} if found else {"scale": scale}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.against == "level") != (self.steps == 0):
            raise ValueError(f"target: against={self.against} does not go with steps={self.steps}")
        return self

    def __str__(self) -> str:
        return self.scale if self.against == "level" else f"{self.scale}/{self.against}{self.steps}"

    @property
    def table(self) -> TableKey:
        """What the table that it is learned from depends on."""
        return self.scale, self.difference, self.ahead

    @property
    def difference(self) -> int:
        """Steps by which the series is differenced before anything else; 0 for not at all."""
        return self.steps if self.against == "difference" else 0

    @property
    def never_negative(self) -> bool:
        """Whether values of zero and above stay so."""
        return self.against == "level" and self.scale in ("none", "mean")

    @property
    def history(self) -> int:
        """Steps before the target that the reference looks back on."""
        return self.steps


def _split(value: Any) -> Any:
    if isinstance(value, str) and value != "auto":
        return tuple(part for part in value.split("+"))
    return (value,) if isinstance(value, Target | dict) else value


Targets: TypeAlias = Annotated[
    Annotated[tuple[Target, ...], Field(min_length=1)] | Literal["auto"], BeforeValidator(_split)
]
"""One target, or several whose forecasts are averaged: a list, or a text joined by ``+``; ``auto`` by the seasons."""


def resolve_targets(
    targets: tuple[Target, ...] | Literal["auto"], seasons: Sequence[int]
) -> tuple[Target, ...]:
    """Replace ``auto`` by an ensemble of references: the last season's mean, and one step for each season.

    For hours: ``auto/mean24``, ``auto/lag24``, ``auto/lag168``. Without a season: the level, and the last value.
    """
    if targets != "auto":
        return targets
    if not seasons:
        return (Target(), Target(against="lag", steps=1))
    lags = tuple(Target(against="lag", steps=season) for season in seasons)
    return (Target(against="mean", steps=max(seasons[0], 2)), *lags)
