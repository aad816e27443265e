"""Which local names stand for which other objects after an assignment, a loop or a ``with``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from penstock.engine.source.facts import ELEMENT, HOLDER
from penstock.engine.source.lookups import named_module
from penstock.engine.source.syntax import items_of, plain_chain

if TYPE_CHECKING:
    from penstock.engine.source.scopes import Source

Alias: TypeAlias = "tuple[str, Source]"

_ITEM_METHODS = frozenset({"get", "items", "pop", "setdefault", "values"})
_PASSING_ON = frozenset({"enumerate", "filter", "iter", "list", "reversed", "set", "sorted", "tuple", "zip"})


def assigned(target: ast.expr, value: ast.expr) -> Iterator[Alias]:
    """Yield the aliases that ``target = value`` makes."""
    if isinstance(target, ast.Starred):
        target = target.value
    if isinstance(target, ast.Name):
        for root, attrs in _sources(value):
            yield target.id, (root, attrs)
    elif isinstance(target, ast.Tuple | ast.List):
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
            for inner, item in zip(target.elts, value.elts, strict=True):
                yield from assigned(inner, item)
        else:
            for inner in target.elts:
                for name, (root, attrs) in assigned(inner, value):
                    yield name, (root, (*attrs, ELEMENT))


def iterated(target: ast.expr, value: ast.expr) -> Iterator[Alias]:
    """Yield the aliases that ``for target in value`` makes."""
    if isinstance(value, ast.Tuple | ast.List | ast.Set):
        for item in value.elts:
            yield from (
                iterated(target, item.value) if isinstance(item, ast.Starred) else assigned(target, item)
            )
    elif isinstance(value, ast.Call) and plain_chain(value.func) in {(name, ()) for name in _PASSING_ON}:
        for item in value.args:
            for inner in target.elts if isinstance(target, ast.Tuple) else (target,):
                yield from iterated(inner, item)
    else:
        for name, (root, attrs) in assigned(target, value):
            yield name, (root, (*attrs, ELEMENT))


def _sources(value: ast.expr) -> Iterator[Source]:
    """Yield what an expression may be another name for."""
    if (module := named_module(value)) is not None:
        yield module, ()
    elif (chain := plain_chain(value)) is not None:
        yield chain
    elif isinstance(value, ast.Call):
        yield from _items_of(value)
    elif isinstance(value, ast.List | ast.Tuple | ast.Set | ast.Dict):
        yield from _held(items_of(value))
    else:
        for branch in _branches(value):
            yield from _sources(branch)


def _branches(value: ast.expr) -> list[ast.expr]:
    if isinstance(value, ast.IfExp):
        return [value.body, value.orelse]
    if isinstance(value, ast.BoolOp):
        return value.values
    return [value.value] if isinstance(value, ast.NamedExpr | ast.Await) else []


def _items_of(call: ast.Call) -> Iterator[Source]:
    if isinstance(call.func, ast.Attribute) and call.func.attr in _ITEM_METHODS:
        base = plain_chain(call.func.value)
        if base is not None:
            yield base[0], (*base[1], ELEMENT)


def _held(items: list[ast.expr]) -> Iterator[Source]:
    for item in items:
        inner, steps = (item.value, (ELEMENT,)) if isinstance(item, ast.Starred) else (item, ())
        for root, attrs in _sources(inner):
            yield root, (*attrs, *steps, HOLDER)
