"""JSON trees back to Python values: the inverse of :mod:`penstock.storage.encoding`."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

from penstock.domain.errors import StorageError, bounded
from penstock.storage.classes import class_name, find_class
from penstock.storage.encoding import TAG

Tree: TypeAlias = Mapping[str, Any]


class Decoder:
    """Turns JSON trees into values; ``foreign`` reads the tagged objects that the encoder's counterpart made."""

    def __init__(self, foreign: Callable[[Tree], object] | None = None) -> None:
        self._foreign = foreign

    def decode(self, tree: Any) -> Any:
        """Return the value that was encoded.

        Raises
        ------
        StorageError
            A class was renamed, moved or got other fields, or the tree was not written by the encoder.
        """
        if isinstance(tree, list):
            return [self.decode(item) for item in tree]
        if not isinstance(tree, dict):
            return tree
        if TAG not in tree:
            return {key: self.decode(item) for key, item in tree.items()}
        return self._tagged(tree)

    def _tagged(self, tree: Tree) -> object:
        tag = tree[TAG]
        if tag in _SIMPLE:
            return _SIMPLE[tag](tree)
        if tag in _COLLECTIONS:
            return _COLLECTIONS[tag](self.decode(tree["items"]))
        if tag == "object":
            return self._object(tree)
        if tag == "enum":
            return self._enum(tree)
        if self._foreign is not None:
            return self._foreign(tree)
        raise StorageError(
            f"cannot read a stored value with the tag {tag!r}; a newer Penstock may have written it"
        )

    def _object(self, tree: Tree) -> object:
        cls: Any = find_class(tree["type"])
        fields = {name: self.decode(item) for name, item in tree["fields"].items()}
        if hasattr(cls, "__pydantic_fields__") and not dataclasses.is_dataclass(cls):
            _check_fields(cls, fields, set(cls.__pydantic_fields__))
            return _revive_model(cls, fields, self.decode(tree.get("extra")), set(tree["unset"]))
        if hasattr(cls, "__dataclass_fields__"):
            _check_fields(cls, fields, {field.name for field in dataclasses.fields(cls)})
            return _revive_dataclass(cls, fields)
        if issubclass(cls, tuple) and hasattr(cls, "_fields"):
            _check_fields(cls, fields, set(cls._fields))
            return cls._make(fields[name] for name in cls._fields)
        raise StorageError(
            f"cannot read a stored value of class {tree['type']!r}: it is neither a dataclass, a pydantic model nor "
            "a named tuple any more. Run the step that made it again"
        )

    def _enum(self, tree: Tree) -> object:
        cls = find_class(tree["type"])
        value = self.decode(tree["value"])
        if not issubclass(cls, Enum):
            raise StorageError(
                f"cannot read a stored value of class {tree['type']!r}: it is not an Enum any more"
            )
        try:
            return cls(value)
        except ValueError as error:
            raise StorageError(
                f"cannot read a stored {tree['type']!r}: it has no member with the value {value!r} any more. "
                "Run the step that made it again"
            ) from error


def _check_fields(cls: type, found: Mapping[str, object], expected: set[str]) -> None:
    if set(found) == expected:
        return
    gone, new = sorted(set(found) - expected), sorted(expected - set(found))
    raise StorageError(
        f"cannot read a stored value of class {class_name(cls)!r}: its fields changed since "
        f"(stored but gone: {bounded(gone) or 'none'}; new: {bounded(new) or 'none'}). "
        "Run the step that made it again"
    )


def _revive_model(
    cls: Any, fields: dict[str, object], extra: dict[str, object] | None, unset: set[str]
) -> object:
    # As unpickling does: the values were validated when the model was made; validators need not be idempotent.
    allows_extra = cls.model_config.get("extra") == "allow"
    model = cls.__new__(cls)
    model.__setstate__(
        {
            "__dict__": fields,
            "__pydantic_extra__": (extra or {}) if allows_extra else None,
            "__pydantic_fields_set__": set(fields) - unset | set(extra or {}),
            "__pydantic_private__": None,
        }
    )
    if cls.__pydantic_post_init__:
        model.model_post_init(None)
    return model


def _revive_dataclass(cls: type, fields: Mapping[str, object]) -> object:
    value: object = object.__new__(cls)
    for name, item in fields.items():
        object.__setattr__(value, name, item)
    return value


def _datetime(tree: Tree) -> datetime:
    moment = datetime.fromisoformat(tree["value"])
    zone = tree.get("zone")
    if moment.tzinfo is None:
        return moment.replace(fold=tree["fold"])
    if zone is None:
        return moment.astimezone(UTC)
    return moment.astimezone(ZoneInfo(zone) if isinstance(zone, str) else timezone(timedelta(seconds=zone)))


_COLLECTIONS: Mapping[str, Callable[[Any], object]] = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "dict": lambda pairs: {key: item for key, item in pairs},  # noqa: C416  (keys and values say more)
}
_SIMPLE: Mapping[str, Callable[[Tree], object]] = {
    "float": lambda tree: float(tree["value"]),
    "bytes": lambda tree: base64.b64decode(tree["value"]),
    "date": lambda tree: date.fromisoformat(tree["value"]),
    "time": lambda tree: time.fromisoformat(tree["value"]),
    "decimal": lambda tree: Decimal(tree["value"]),
    "uuid": lambda tree: UUID(tree["value"]),
    "path": lambda tree: Path(tree["value"]),
    "timedelta": lambda tree: timedelta(tree["days"], tree["seconds"], tree["us"]),
    "datetime": _datetime,
}
