"""Small questions about syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from penstock.engine.source.facts import ELEMENT
from penstock.engine.source.known import METACLASS_HOOKS, METACLASSES

if TYPE_CHECKING:
    from penstock.engine.source.scopes import Scope


def plain_chain(node: ast.expr) -> tuple[str, tuple[str, ...]] | None:
    """Return root and attributes of ``a.b[0]``, or ``None`` if it does not start at a name."""
    attrs: list[str] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            attrs.append(node.attr)
        elif isinstance(node, ast.Subscript):
            attrs.append(ELEMENT)
        else:
            return None
        node = node.value
    return node.id, tuple(reversed(attrs))


def items_of(value: ast.List | ast.Tuple | ast.Set | ast.Dict) -> list[ast.expr]:
    """Return what a display holds; what another container is poured in from is starred."""
    if not isinstance(value, ast.Dict):
        return value.elts
    pairs = zip(value.keys, value.values, strict=True)
    return [ast.Starred(item) if key is None else item for key, item in pairs]


def constant_text(node: ast.expr) -> str | None:
    """Return the value of a string constant."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def constant_tail(node: ast.BinOp) -> str | None:
    """Return ``b/c`` of ``a / "b" / "c"``."""
    parts: list[str] = []
    rest: ast.expr = node
    while isinstance(rest, ast.BinOp) and isinstance(rest.op, ast.Div):
        text = constant_text(rest.right)
        if text is None:
            break
        parts.append(text)
        rest = rest.left
    return "/".join(reversed(parts)) if len(parts) > 1 else None


def arguments(args: ast.arguments) -> Iterator[ast.arg]:
    """Yield every parameter, positional ones first."""
    yield from args.posonlyargs
    yield from args.args
    if args.vararg:
        yield args.vararg
    yield from args.kwonlyargs
    if args.kwarg:
        yield args.kwarg


def bind_parameters(args: ast.arguments, scope: Scope) -> None:
    """Make the parameters local names of ``scope``."""
    positional = [arg.arg for arg in (*args.posonlyargs, *args.args)]
    scope.params = (*positional, *(arg.arg for arg in args.kwonlyargs))
    scope.bound.update(arg.arg for arg in arguments(args))
    pairs = [*zip(reversed(positional), reversed(args.defaults), strict=False)]
    pairs += [(arg.arg, value) for arg, value in zip(args.kwonlyargs, args.kw_defaults, strict=True) if value]
    scope.fresh_defaults = frozenset(
        name for name, value in pairs if not isinstance(value, ast.Constant | ast.Name | ast.Attribute)
    )


def bind_type_parameters(node: ast.AST, scope: Scope) -> None:
    """Make type parameters (Python 3.12 and later) local names of ``scope``."""
    for parameter in getattr(node, "type_params", ()):
        scope.bound.add(parameter.name)


def is_metaclass(node: ast.ClassDef) -> bool:
    """Whether a class statement defines a metaclass that runs code of its own."""
    names = {base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases}
    looks_like = bool(names & METACLASSES) or any(name.endswith(("Meta", "Metaclass")) for name in names)
    methods = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
    return looks_like and bool(methods & METACLASS_HOOKS)


def is_frozen(node: ast.ClassDef) -> bool:
    """Whether a class is declared frozen: ``@dataclass(frozen=True)``, ``model_config = ConfigDict(frozen=True)``."""
    values = [*node.decorator_list, *(item.value for item in node.body if isinstance(item, ast.Assign))]
    keywords = [
        *node.keywords,
        *(word for call in values if isinstance(call, ast.Call) for word in call.keywords),
    ]
    return any(
        word.arg == "frozen" and isinstance(word.value, ast.Constant) and word.value.value is True
        for word in keywords
    )


def is_typing_test(node: ast.expr) -> bool:
    """Whether an ``if`` asks for ``TYPE_CHECKING``."""
    chain = plain_chain(node)
    return chain is not None and "TYPE_CHECKING" in (chain[0], *chain[1])


def is_main_test(node: ast.expr) -> bool:
    """Whether an ``if`` asks for ``__name__ == "__main__"``."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq):
        return False
    sides = [node.left, node.comparators[0]]
    return any(plain_chain(side) == ("__name__", ()) for side in sides) and any(
        constant_text(side) == "__main__" for side in sides
    )
