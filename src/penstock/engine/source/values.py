"""What an assignment binds: something nobody can change, a container, an object or something unknown."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from penstock.engine.source.facts import ELEMENT, UNKNOWN, Use, Value, ValueKind
from penstock.engine.source.syntax import items_of, plain_chain

_FROZEN = Value("frozen", ())
_CONTAINERS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


def value_of(node: ast.expr) -> Value:
    """Classify the value of an expression.

    ``derived`` values are as changeable as the names in ``refs``; ``object`` values come from calling the one
    name in ``refs``; containers hold them.
    """
    if isinstance(node, ast.Constant | ast.Lambda | ast.JoinedStr | ast.Compare):
        return _FROZEN
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        return _reference(node, "derived")
    if isinstance(node, ast.Call):
        return _reference(node.func, "object")
    return _container(node) if isinstance(node, _CONTAINERS) else _compound(node)


def _compound(node: ast.expr) -> Value:
    if isinstance(node, ast.Starred):
        kind, refs = value_of(node.value)
        return Value(kind, tuple(ref._replace(attrs=(*ref.attrs, ELEMENT)) for ref in refs))
    if isinstance(node, ast.Tuple | ast.UnaryOp | ast.BinOp | ast.BoolOp | ast.IfExp):
        return together(value_of(item) for item in ast.iter_child_nodes(node) if isinstance(item, ast.expr))
    return UNKNOWN


def _reference(node: ast.expr, kind: ValueKind) -> Value:
    chain = plain_chain(node)
    return Value(kind, (Use(*chain, "read", True),)) if chain else UNKNOWN


def together(values: Iterable[Value]) -> Value:
    """Return how changeable the whole is, going by its parts."""
    parts = list(values)
    kinds = {part.kind for part in parts}
    if kinds <= {"frozen"}:
        return _FROZEN
    if kinds <= {"frozen", "derived"}:
        return Value("derived", tuple(ref for part in parts for ref in part.refs))
    return Value("nested", _refs(parts))


def _refs(values: Iterable[Value]) -> tuple[Use, ...]:
    """Return the names that a value holds; what a call was given is not known to be held."""
    return tuple(ref for value in values if value.kind != "object" for ref in value.refs)


def _container(node: ast.expr) -> Value:
    if isinstance(node, ast.DictComp):
        items = [node.value]
    elif isinstance(node, ast.ListComp | ast.SetComp):
        items = [node.elt]
    elif isinstance(node, ast.Dict | ast.List | ast.Set):
        items = items_of(node)
    else:
        items = []
    values = [value_of(item) for item in items]
    is_shallow = {value.kind for value in values} <= {"frozen", "derived"}
    return Value("container" if is_shallow else "nested", _refs(values))
