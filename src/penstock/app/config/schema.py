"""Look at a configuration schema: its dotted keys, their types, and whether it keeps the house rules."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, SecretBytes, SecretStr

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

MAX_DEPTH = 3


@dataclass(frozen=True, kw_only=True)
class Key:
    """One dotted key of a schema.

    ``components`` are the schemas that may stand under it: none for a leaf, several where a group chooses.
    """

    name: str
    owner: type[BaseModel]
    info: FieldInfo
    components: tuple[type[BaseModel], ...]

    @property
    def scalars(self) -> frozenset[type]:
        """The plain types that the annotation names, without those inside containers."""
        return frozenset(item for item in _members(self.info.annotation) if isinstance(item, type))

    @property
    def is_secret(self) -> bool:
        """Whether the value comes from the environment only and is masked everywhere."""
        return bool(self.scalars & {SecretStr, SecretBytes})

    @property
    def is_text(self) -> bool:
        """Whether every value is text, so that ``007`` on the command line is not a number."""
        return bool(self.scalars) and self.scalars <= {str, Path, type(None)}

    @property
    def explanation(self) -> str:
        """What the key does and why one changes it: its description, or its entry in the owner's docstring."""
        return " ".join(
            (self.info.description or _documented(self.owner, self.name.rpartition(".")[2])).split()
        )

    @property
    def variable(self) -> str:
        """The environment variable that carries the key if it is a secret."""
        return "PENSTOCK_" + self.name.replace(".", "_").upper()


def keys(schema: type[BaseModel]) -> dict[str, Key]:
    """Return all keys by dotted name: components and leaves, those of every choice of a group included.

    Where two choices of a group share a key, the first one's description of it stands.
    """
    found: dict[str, Key] = {}
    for key in _walk(schema, "", ()):
        found.setdefault(key.name, key)
    return found


def leaf_names(schema: type[BaseModel]) -> tuple[str, ...]:
    """Return the dotted names of all keys that hold a value, in the order of the schema."""
    return tuple(name for name, key in keys(schema).items() if not key.components)


def broken_rules(schema: type[BaseModel]) -> tuple[str, ...]:
    """Return what in ``schema`` breaks the rules of the house.

    Every component is frozen and refuses unknown keys, nesting is at most three deep, and a component's default
    is what its class makes without arguments (otherwise setting one of its keys would silently reset the rest).
    """
    faults = [fault for component in _components_below(schema) for fault in _component_faults(component)]
    for name, key in keys(schema).items():
        if name.count(".") >= MAX_DEPTH:
            faults.append(f"{name} is nested deeper than {MAX_DEPTH}")
        if key.components and _has_odd_default(key.info):
            faults.append(f"{name}: its default must be what its class makes without arguments")
    return tuple(sorted(set(faults)))


def undescribed(schema: type[BaseModel]) -> tuple[str, ...]:
    """Return the dotted names of leaves that nothing explains."""
    return tuple(name for name, key in keys(schema).items() if not key.components and not key.explanation)


def components(annotation: Any) -> tuple[type[BaseModel], ...]:
    """Return the schemas that ``annotation`` allows directly: itself, or the members of a union."""
    return tuple(
        member
        for member in _members(annotation)
        if isinstance(member, type) and issubclass(member, BaseModel) and not issubclass(member, RootModel)
    )


def effective(value: BaseModel, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield dotted key and value of every leaf of a configuration, in the order of the schema."""
    for name in type(value).model_fields:
        item = getattr(value, name)
        if isinstance(item, BaseModel) and not isinstance(item, RootModel):
            yield from effective(item, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", item


def _walk(schema: type[BaseModel], prefix: str, above: tuple[type[BaseModel], ...]) -> Iterator[Key]:
    for name, info in schema.model_fields.items():
        inner = components(info.annotation)
        yield Key(name=f"{prefix}{name}", owner=schema, info=info, components=inner)
        for component in inner:
            if component not in (*above, schema):
                yield from _walk(component, f"{prefix}{name}.", (*above, schema))


def _documented(owner: type[BaseModel], field: str) -> str:
    """Return what the section "Attributes" of a numpy docstring says about a field; empty if nothing."""
    for component in owner.__mro__:
        section = inspect.getdoc(component) if component.__doc__ else None
        _, heading, entries = (section or "").partition("Attributes\n----------\n")
        found = (
            re.search(rf"^{field}\b[^\n]*\n((?:    [^\n]*\n?)+)", entries, re.MULTILINE) if heading else None
        )
        if found is not None:
            return found[1]
    return ""


def _members(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _members(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation


def _components_below(schema: type[BaseModel]) -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = [schema]
    for key in keys(schema).values():
        found.extend(component for component in key.components if component not in found)
    return found


def _component_faults(component: type[BaseModel]) -> Iterator[str]:
    rules: Mapping[str, Any] = component.model_config
    if not rules.get("frozen"):
        yield f"{component.__qualname__} must be frozen: model_config = ConfigDict(frozen=True, extra='forbid')"
    if rules.get("extra") != "forbid":
        yield f"{component.__qualname__} must refuse unknown keys: model_config = ConfigDict(frozen=True, extra='forbid')"


def _has_odd_default(info: FieldInfo) -> bool:
    default = info.default
    return isinstance(default, BaseModel) and bool(default.model_fields_set)
