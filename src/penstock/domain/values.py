"""Small values that every layer shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, NewType, TypeAlias, get_args

from typing_extensions import TypeAliasType

Digest = NewType("Digest", str)
"""Hexadecimal SHA-256."""

RunId = NewType("RunId", str)

Stage: TypeAlias = Literal[
    "acquire",
    "validate",
    "prepare",
    "tune",
    "train",
    "evaluate",
    "check",
    "export",
    "report",
    "package",
    "register",
]
STAGES: tuple[Stage, ...] = get_args(Stage)

StepState: TypeAlias = Literal["ran", "reused", "skipped", "failed"]
RunStatus: TypeAlias = Literal["running", "done", "failed", "interrupted"]

Json = TypeAliasType("Json", "bool | int | float | str | list[Json] | dict[str, Json] | None")
"""A named alias, because pydantic cannot resolve a nameless one that contains itself."""


class _Volatile:
    """Marks a field that says how a result was made, not what it is."""

    def __repr__(self) -> str:
        return "VOLATILE"


VOLATILE = _Volatile()
"""Put into ``Annotated``: the field is stored but does not count in the logical digest.

Times, paths of scratch files and process ids belong here; nothing that a later step computes with does.
"""

Seconds: TypeAlias = Annotated[float, VOLATILE]


@dataclass(frozen=True, kw_only=True, slots=True)
class Resources:
    """What one step needs while it runs: whole processor cores, memory in megabytes, GPUs."""

    cpu: int = 1
    memory_mb: int = 0
    gpu: int = 0
