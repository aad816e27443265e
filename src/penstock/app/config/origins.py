"""Where the value of a key came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from penstock.domain.errors import bounded

MAX_PLACES = 3

OriginKind: TypeAlias = Literal["default", "file", "layer", "environment", "command line"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """One origin; ``place`` is more exact than ``kind`` where something more exact is known.

    ``place`` is ``config.yaml:12`` for a file, ``best_config@v2`` for a layer, empty otherwise.
    """

    kind: OriginKind
    place: str = ""

    def __str__(self) -> str:
        return self.place or self.kind


DEFAULT = Origin(kind="default")
COMMAND_LINE = Origin(kind="command line")
ENVIRONMENT = Origin(kind="environment")


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Nested values of equal rank with the origin of each.

    ``origins`` maps dotted keys to origins; a key that it misses takes the origin of its nearest parent, and
    without one ``Origin(kind="layer", place=name)``. ``replaces`` are dotted keys of which the layers below say nothing
    any more: without it, what two layers say of a mapping is put together.
    """

    name: str
    values: Mapping[str, object]
    origins: Mapping[str, Origin] = field(default_factory=dict)
    replaces: frozenset[str] = frozenset()

    def origin(self, key: str) -> Origin:
        """Return the origin of a dotted key of this layer."""
        parts = key.split(".")
        for length in range(len(parts), 0, -1):
            found = self.origins.get(".".join(parts[:length]))
            if found is not None:
                return found
        return Origin(kind="layer", place=self.name)


def ranked(layers: Sequence[Layer]) -> list[Layer]:
    """Return the layers in their order, each without what a later one replaces."""
    found = []
    for place, layer in enumerate(layers):
        values = layer.values
        for key in sorted(key for later in layers[place + 1 :] for key in later.replaces):
            values = _without(values, key.split("."))
        found.append(replace(layer, values=values))
    return found


def _without(values: Mapping[str, object], path: Sequence[str]) -> Mapping[str, object]:
    first, *rest = path
    inner = values.get(first)
    if first not in values or (rest and not isinstance(inner, Mapping)):
        return values
    kept = {name: value for name, value in values.items() if name != first}
    return {**kept, first: _without(inner, rest)} if rest and isinstance(inner, Mapping) else kept


def leaves(values: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield dotted key and value of everything that is not a filled mapping."""
    for name, value in values.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{key}.")
        else:
            yield key, value


def trace(layers: Iterable[Layer]) -> dict[str, Origin]:
    """Return the origin of each leaf after merging ``layers`` in order, later ones winning."""
    origins: dict[str, Origin] = {}
    for layer in layers:
        for key, value in leaves(layer.values):
            earlier = [name for name in origins if overlaps(name, key)]
            if value == {} and any(name.startswith(f"{key}.") for name in earlier):
                continue
            for name in earlier:
                del origins[name]
            origins[key] = layer.origin(key)
    return origins


def overlaps(one: str, other: str) -> bool:
    """Tell whether two dotted keys are the same or one stands inside the other."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def origin_of(key: str, origins: Mapping[str, Origin]) -> Origin:
    """Return the origin of ``key``: its own, its parent's, its children's, or the default."""
    found = {str(origin): origin for name, origin in origins.items() if overlaps(name, key)}
    if not found:
        return DEFAULT
    if len(found) == 1:
        return next(iter(found.values()))
    return Origin(kind="layer", place=bounded(sorted(found), MAX_PLACES))
