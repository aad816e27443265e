"""Find the keys of a configuration that nothing reads."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict

from penstock.app.config.schema import effective

M = TypeVar("M", bound=BaseModel)

WHOLE = frozenset({"__dict__", "__iter__", "model_dump", "model_dump_json", "__repr__", "__str__"})
"""Attributes through which every field of a component is read at once."""


@dataclass
class Touched:
    """The dotted keys that were read so far."""

    names: set[str] = field(default_factory=set)
    recorders: dict[tuple[str, int], tuple[BaseModel, BaseModel]] = field(default_factory=dict)
    """Original and stand-in by prefix and identity; holding the original keeps its identity its own."""

    def whole(self, prefix: str, value: BaseModel) -> None:
        """Note that everything below ``prefix`` was read."""
        self.names.update(key for key, _ in effective(value, prefix))


def recording(config: M) -> tuple[M, Touched]:
    """Return a stand-in for ``config`` and the growing record of what is read from it.

    The stand-in is an instance of a subclass of the configuration's class: it validates, compares by field, prints
    and pickles as the original (a pickle holds the original). Reading a leaf notes the leaf; printing, dumping or
    iterating over a component notes all of it; a component that is only passed on notes nothing yet.
    """
    touched = Touched()
    return cast("M", _recorder(config, "", touched)), touched


def unused_keys(config: M, reads: Callable[[M], Iterable[object]]) -> tuple[str, ...]:
    """Return the dotted keys that ``reads`` does not read, in the order of the schema.

    Parameters
    ----------
    config
        Any valid configuration.
    reads
        Gets a stand-in and returns the values that go on to the steps, such as the parameters of a drawn graph;
        a component found in them, in containers too, counts as read altogether.
    """
    stand_in, touched = recording(config)
    for value in reads(stand_in):
        _read_all(value)
    return tuple(key for key, _ in effective(config) if key not in touched.names)


def _read_all(value: object) -> None:
    for component in _components(value):
        component.model_dump()


def _components(value: object) -> Iterator[BaseModel]:
    if isinstance(value, BaseModel):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _components(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _components(item)


def _recorder(value: BaseModel, prefix: str, touched: Touched) -> BaseModel:
    place = (prefix, id(value))
    if place not in touched.recorders:
        made = _recording_class(value, prefix, touched)
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        touched.recorders[place] = (value, made.model_construct(set(value.model_fields_set), **fields))
    return touched.recorders[place][1]


def _itself(value: BaseModel) -> BaseModel:
    """Return the original that a pickled stand-in holds."""
    return value


def _recording_class(value: BaseModel, prefix: str, touched: Touched) -> type[BaseModel]:
    original = type(value)
    names = frozenset(original.model_fields)

    def getattribute(self: BaseModel, name: str) -> Any:
        found = original.__getattribute__(self, name)
        if name in names:
            if isinstance(found, BaseModel):
                return _recorder(found, f"{prefix}{name}.", touched)
            touched.names.add(f"{prefix}{name}")
        elif name in WHOLE:
            touched.whole(prefix, value)
        return found

    def model_copy(_self: BaseModel, **options: Any) -> BaseModel:
        return _recorder(value.model_copy(**options), prefix, touched)

    def reduce(_self: BaseModel, _protocol: int) -> Any:
        touched.whole(prefix, value)
        return _itself, (value,)

    namespace = {
        "__module__": original.__module__,
        "__qualname__": original.__qualname__,
        "__doc__": original.__doc__,
        "__getattribute__": getattribute,
        "__reduce_ex__": reduce,
        "model_copy": model_copy,
        "model_config": ConfigDict(defer_build=True),
    }
    made = types.new_class(original.__name__, (original,), exec_body=lambda body: body.update(namespace))
    return cast("type[BaseModel]", made)
