"""Which parts of a class's fields are volatile: stored, but not counted in the logical digest.

A *mask* follows the shape of an annotation: ``None`` (all counts), ``SKIP`` (nothing counts), ``Items`` (a mask for
every item of a sequence or every value of a mapping), ``Positions`` (a mask for each place of a fixed tuple).
"""

from __future__ import annotations

import builtins
import dataclasses
import inspect
import sys
import types
import typing
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, TypeAlias, cast

from penstock.domain import values


@dataclass(frozen=True)
class Skip:
    """Nothing of the value counts."""


@dataclass(frozen=True)
class Items:
    """The mask holds for every item, or for every value of a mapping (its keys count)."""

    mask: Mask


@dataclass(frozen=True)
class Positions:
    """One mask for each place of a tuple."""

    masks: tuple[Mask, ...]


Mask: TypeAlias = Skip | Items | Positions | None
SKIP = Skip()


@cache
def field_masks(cls: Hashable) -> Mapping[str, Mask]:
    """Return the masks of those fields of ``cls`` that have volatile parts, by field name."""
    masks = {name: mask_of(annotation) for name, annotation in _annotations(cast("type", cls)).items()}
    return {name: mask for name, mask in masks.items() if mask is not None}


def mask_of(annotation: object) -> Mask:
    """Return the mask of one annotation."""
    if isinstance(annotation, str | typing.ForwardRef):
        return mask_of(_evaluated(annotation, _Names({}, {})))
    if getattr(annotation, "__metadata__", None) is not None:
        return _mask_of_annotated(annotation)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _mask_of_union(arguments)
    if origin is tuple and arguments[-1:] != (...,):
        return _of_positions(tuple(mask_of(argument) for argument in arguments))
    if origin is None or origin is typing.Literal or not arguments:
        return None
    inner = mask_of([argument for argument in arguments if argument is not ...][-1])
    return None if inner is None else Items(inner)


def _mask_of_annotated(annotation: Any) -> Mask:
    if any(mark is values.VOLATILE for mark in annotation.__metadata__):
        return SKIP
    return mask_of(annotation.__origin__)


def _mask_of_union(arguments: tuple[object, ...]) -> Mask:
    masks = {mask_of(argument) for argument in arguments if argument is not type(None)}
    return masks.pop() if len(masks) == 1 else None


def _of_positions(masks: tuple[Mask, ...]) -> Mask:
    return Positions(masks) if any(mask is not None for mask in masks) else None


def _annotations(cls: type) -> Mapping[str, object]:
    pydantic_fields = getattr(cls, "__pydantic_fields__", None)
    if pydantic_fields is not None:
        return {name: _of_pydantic(field) for name, field in pydantic_fields.items()}
    is_record = dataclasses.is_dataclass(cls)
    names = [field.name for field in dataclasses.fields(cls)] if is_record else getattr(cls, "_fields", ())
    return {name: _resolved(cls, name) for name in names}


def _of_pydantic(field: Any) -> object:
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _resolved(cls: type, name: str) -> object:
    owner = next((base for base in cls.__mro__ if name in inspect.get_annotations(base)), None)
    annotation = None if owner is None else inspect.get_annotations(owner)[name]
    if owner is None or not isinstance(annotation, str | typing.ForwardRef):
        return annotation
    return _evaluated(annotation, _Names(vars(sys.modules.get(owner.__module__, builtins)), vars(owner)))


def _evaluated(annotation: str | typing.ForwardRef, names: _Names) -> object:
    text = annotation if isinstance(annotation, str) else annotation.__forward_arg__
    return eval(text, {}, names)  # noqa: S307  (the annotation is source code of the class itself)


class _Names(dict[str, object]):
    """Names as an annotation sees them; those imported for type checkers only stand for something unknown."""

    def __init__(self, module: Mapping[str, object], owner: Mapping[str, object]) -> None:
        super().__init__({**vars(values), **vars(builtins), **module, **owner})

    def __missing__(self, name: str) -> object:
        return _Unknown()


class _Unknown:
    """Stands for a class that is imported for type checkers only: it has no volatile part."""

    def __getattr__(self, name: str) -> _Unknown:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, item: object) -> _Unknown:
        return self

    def __or__(self, other: object) -> object:
        return other if mask_of(other) is not None else self

    __ror__ = __or__
