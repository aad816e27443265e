"""Python values as JSON trees, exactly enough to come back as they were.

JSON's own types stand for themselves; everything else is an object with the key ``$``, which says what it is::

    {"$": "tuple", "items": [...]}        {"$": "float", "value": "nan"}
    {"$": "object", "type": "module:Class", "fields": {...}}
"""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cached_property
from pathlib import PurePath
from typing import Any, TypeAlias
from uuid import UUID

from penstock.domain.errors import PipelineError, bounded
from penstock.domain.values import Json
from penstock.storage.classes import class_name, storable_name
from penstock.storage.volatile import Items, Mask, Positions, Skip, field_masks

TAG = "$"
Foreign: TypeAlias = Callable[[object, str], "dict[str, Json] | None"]
"""Called with each value JSON has no form for, and its place; returns a tagged object or ``None`` to decline."""

_PLAIN = frozenset({str, int, bool, type(None)})
ALLOWED = (
    "None, bool, int, float, str, bytes, date, time, datetime, timedelta, Decimal, UUID, Enum, list, tuple, set, "
    "frozenset, dict, dataclass, pydantic model, named tuple, numpy array, polars/pandas/pyarrow table, "
    "lightgbm.Booster, scikit-learn estimator, Path"
)


def dump(tree: Json, *, sort_keys: bool) -> bytes:
    """Write a JSON tree without white space, in ASCII."""
    return json.dumps(tree, sort_keys=sort_keys, separators=(",", ":"), allow_nan=False).encode("ascii")


class Encoder:
    """Turns values into JSON trees.

    Parameters
    ----------
    logical
        Leave out what does not count in the logical digest: volatile fields, the difference between tuples and
        lists, which fields of a pydantic model were set.
    foreign
        Takes the values that JSON has no form for (tables, arrays, …).
    """

    def __init__(self, *, logical: bool, foreign: Foreign | None = None) -> None:
        self._logical = logical
        self._foreign = foreign
        self._path: list[str] = []
        self._within: set[int] = set()

    def encode(self, value: object, mask: Mask = None) -> Json:
        """Return the JSON tree of ``value``.

        Raises
        ------
        PipelineError
            A value inside has a type that cannot be stored, or contains itself; the message names its place.
        """
        kind = type(value)
        if kind in _PLAIN and mask is None:
            return value  # type: ignore[return-value]  # exactly the JSON types
        if isinstance(mask, Skip):
            return {TAG: "volatile"}
        handler = _HANDLERS.get(kind)
        if handler is not None:
            return handler(self, value, mask)
        return self._encode_other(value, mask)

    def _encode_other(self, value: Any, mask: Mask) -> Json:
        taken = self._foreign(value, self.place) if self._foreign is not None else None
        if taken is not None:
            return taken
        if isinstance(value, Enum):
            return self._enum(value)
        if _has_fields(value):
            return self._object(value)
        if isinstance(value, Mapping) and not hasattr(type(value), "__missing__"):
            return self._mapping(value, mask)
        if isinstance(value, PurePath):
            return {TAG: "path", "value": value.as_posix()}
        if _is_numpy_scalar(value):
            return self._numpy_scalar(value)
        raise self._refusal(value)

    @property
    def place(self) -> str:
        """Where in the value the encoder is, for example ``.metrics['fit'][3]``."""
        return "".join(self._path)

    def _float(self, value: float, _mask: Mask) -> Json:
        return value if math.isfinite(value) else {TAG: "float", "value": str(value)}

    def _list(self, value: list[object], mask: Mask) -> Json:
        return self._items(value, mask)

    def _tuple(self, value: tuple[object, ...], mask: Mask) -> Json:
        items = self._items(value, mask)
        return items if self._logical else {TAG: "tuple", "items": items}

    def _set(self, value: set[object] | frozenset[object], _mask: Mask) -> Json:
        items = sorted(self._items(list(value), None), key=lambda item: dump(item, sort_keys=True))
        return {TAG: type(value).__name__, "items": items}

    def _items(self, value: Sequence[object], mask: Mask) -> list[Json]:
        masks = mask.masks if isinstance(mask, Positions) and len(mask.masks) == len(value) else None
        each = mask.mask if isinstance(mask, Items) else None
        if masks is None and each is None and _is_plain(value):
            return list(value)  # type: ignore[arg-type]  # exactly the JSON types
        with self._inside(value):
            return [
                self._at(f"[{index}]", item, masks[index] if masks else each)
                for index, item in enumerate(value)
            ]

    def _mapping(self, value: Mapping[object, object], mask: Mask) -> Json:
        each = mask.mask if isinstance(mask, Items) else None
        with self._inside(value):
            if all(type(key) is str for key in value) and TAG not in value:
                return {str(key): self._at(f"[{key!r}]", item, each) for key, item in value.items()}
            pairs: list[Json] = [
                [self._at(".keys()", key, None), self._at(f"[{key!r}]", item, each)]
                for key, item in value.items()
            ]
        if self._logical:
            pairs.sort(key=lambda pair: dump(pair, sort_keys=True))
        return {TAG: "dict", "items": pairs}

    def _object(self, value: Any) -> Json:
        cls: type = type(value)
        tree: dict[str, Json] = {
            TAG: "object",
            "type": class_name(cls) if self._logical else storable_name(cls),
        }
        masks = field_masks(cls) if self._logical else {}
        with self._inside(value):
            parts = _parts(value, with_set=not self._logical)
            for part, fields in parts.items():
                tree[part] = {
                    name: self._at(f".{name}", item, masks.get(name)) for name, item in fields.items()
                }
        return tree

    def _enum(self, value: Enum) -> Json:
        cls = type(value)
        name = class_name(cls) if self._logical else storable_name(cls)
        return {TAG: "enum", "type": name, "value": self._at(".value", value.value, None)}

    def _bytes(self, value: bytes, _mask: Mask) -> Json:
        return {TAG: "bytes", "value": base64.b64encode(value).decode("ascii")}

    def _datetime(self, value: datetime, _mask: Mask) -> Json:
        if value.tzinfo is None:
            return {TAG: "datetime", "value": value.isoformat(), "fold": value.fold}
        tree: dict[str, Json] = {TAG: "datetime", "value": value.astimezone(UTC).isoformat()}
        zone = _zone(value)
        return tree if zone is None else {**tree, "zone": zone}

    def _text_form(self, value: Any, _mask: Mask) -> Json:
        if isinstance(value, time) and value.tzinfo is not None:
            raise self._refusal(value, "a time of day with a zone")
        text = value.isoformat() if isinstance(value, date | time) else str(value)
        return {TAG: type(value).__name__.lower(), "value": text}

    def _timedelta(self, value: timedelta, _mask: Mask) -> Json:
        return {TAG: "timedelta", "days": value.days, "seconds": value.seconds, "us": value.microseconds}

    def _numpy_scalar(self, value: Any) -> Json:
        plain = value.item()
        if type(plain) not in (bool, int, float, str, bytes):
            raise self._refusal(value)
        return self.encode(plain)

    def _at(self, step: str, value: object, mask: Mask) -> Json:
        self._path.append(step)
        tree = self.encode(value, mask)
        self._path.pop()
        return tree

    @contextmanager
    def _inside(self, value: object) -> Iterator[None]:
        if id(value) in self._within:
            raise PipelineError(f"cannot store a value that contains itself (at value{self.place})")
        self._within.add(id(value))
        yield
        self._within.discard(id(value))

    def _refusal(self, value: object, what: str = "") -> PipelineError:
        kind = what or f"a value of type {class_name(type(value))!r}"
        return PipelineError(f"cannot store {kind} (at value{self.place}). Allowed: {ALLOWED}")


_HANDLERS: dict[type, Callable[[Encoder, Any, Mask], Json]] = {
    str: lambda _encoder, value, _mask: value,
    int: lambda _encoder, value, _mask: value,
    bool: lambda _encoder, value, _mask: value,
    type(None): lambda _encoder, value, _mask: value,
    float: Encoder._float,  # noqa: SLF001
    list: Encoder._list,  # noqa: SLF001
    tuple: Encoder._tuple,  # noqa: SLF001
    set: Encoder._set,  # noqa: SLF001
    frozenset: Encoder._set,  # noqa: SLF001
    dict: Encoder._mapping,  # noqa: SLF001
    bytes: Encoder._bytes,  # noqa: SLF001
    datetime: Encoder._datetime,  # noqa: SLF001
    date: Encoder._text_form,  # noqa: SLF001
    time: Encoder._text_form,  # noqa: SLF001
    timedelta: Encoder._timedelta,  # noqa: SLF001
    Decimal: Encoder._text_form,  # noqa: SLF001
    UUID: Encoder._text_form,  # noqa: SLF001
}


def _is_plain(items: Sequence[Any]) -> bool:
    kinds = set(map(type, items))
    return kinds <= _PLAIN or (kinds == {float} and all(map(math.isfinite, items)))


def _has_fields(value: object) -> bool:
    cls = type(value)
    is_named_tuple = isinstance(value, tuple) and hasattr(cls, "_fields")
    return hasattr(cls, "__pydantic_fields__") or dataclasses.is_dataclass(cls) or is_named_tuple


def _parts(value: Any, *, with_set: bool) -> dict[str, dict[str, object]]:
    cls = type(value)
    if isinstance(value, tuple):
        return {"fields": dict(zip(cls._fields, value, strict=True))}
    if not hasattr(value, "__pydantic_fields_set__"):
        return {"fields": _dataclass_fields(value)}
    fields = {name: item for name, item in value.__dict__.items() if name in cls.__pydantic_fields__}
    private = {name: attribute.get_default() for name, attribute in cls.__private_attributes__.items()}
    _refuse_hidden(value, [name for name, item in private.items() if getattr(value, name, item) != item])
    parts = {"fields": fields}
    if value.__pydantic_extra__:
        parts["extra"] = dict(value.__pydantic_extra__)
    if with_set:
        parts["unset"] = dict.fromkeys(sorted(set(fields) - value.__pydantic_fields_set__))
    return parts


def _dataclass_fields(value: Any) -> dict[str, object]:
    names = [field.name for field in dataclasses.fields(value)]
    hidden = set(getattr(value, "__dict__", ())) - set(names)
    cached = {name for name in hidden if isinstance(getattr(type(value), name, None), cached_property)}
    _refuse_hidden(value, sorted(hidden - cached))
    return {name: getattr(value, name) for name in names}


def _refuse_hidden(value: object, names: list[str]) -> None:
    if names:
        raise PipelineError(
            f"cannot store a value of class {class_name(type(value))!r}: it keeps {bounded(names)} outside its "
            "fields, which would be lost. Make them fields or cached properties"
        )


def _zone(value: datetime) -> Json:
    zone = value.tzinfo
    key = getattr(zone, "key", None)
    if key in ("UTC", "Etc/UTC") or zone is UTC:
        return None
    if isinstance(key, str):
        return key
    offset = value.utcoffset() or timedelta()
    return offset.total_seconds() or None


def _is_numpy_scalar(value: object) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic)
