"""Look-ups that seem dynamic but are not: ``getattr`` by a constant, a named entry point group and the like."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from penstock.engine.source.facts import ANY, Kind, Target, Use
from penstock.engine.source.syntax import constant_text, plain_chain

if TYPE_CHECKING:
    from penstock.engine.source.collect import Collector

Texts: TypeAlias = "list[str | None]"


def settled(collector: Collector, node: ast.Call) -> bool:
    """Read a call that looks something up by name, if it is one; return whether nothing else is to be read.

    Looking up an attribute of an object finds only what belongs to the object. Classes and modules that are used
    as values count whole, so such a look-up adds nothing; changing an attribute of a module does.
    """
    func = node.func
    called = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    handler = _LOOKUPS.get(called)
    if handler is None or not handler(collector, node, [constant_text(arg) for arg in node.args]):
        return False
    # Somebody's own function of that name must count all the same.
    if (chain := plain_chain(func)) is not None:
        collector.use(*chain, "soft")
    return True


def named_module(node: ast.expr) -> Target | None:
    """Return the module that ``import_module("name")`` or ``sys.modules["name"]`` stands for."""
    if isinstance(node, ast.Subscript) and plain_chain(node.value) == ("sys", ("modules",)):
        name = constant_text(node.slice)
    elif isinstance(node, ast.Call) and _names_a_module(node):
        name = constant_text(node.args[0])
    else:
        return None
    return Target(0, name, None) if name and not name.startswith(".") else None


def _names_a_module(node: ast.Call) -> bool:
    chain = plain_chain(node.func)
    if chain is None or not node.args:
        return False
    if chain == ("sys", ("modules", "get")):
        return True
    is_import = (chain[0], *chain[1])[-1] in ("import_module", "__import__")
    return is_import and len(node.args) == 1 and not node.keywords


def shown_by_vars(node: ast.expr) -> ast.expr | None:
    """Return ``x`` of ``vars(x)``."""
    if isinstance(node, ast.Call) and plain_chain(node.func) == ("vars", ()) and len(node.args) == 1:
        return node.args[0]
    return None


def _attribute(collector: Collector, node: ast.Call, texts: Texts) -> bool:
    if not isinstance(node.func, ast.Name) or len(texts) < 2:  # noqa: PLR2004 - getattr(object, name)
        return False
    function, name = node.func.id, texts[1]
    if name is not None:
        collector.notice_attribute(name)
    elif function in ("getattr", "hasattr"):
        collector.visit_all(node.args)
        return True
    chain = collector.chain(node.args[0])
    if chain is not None:
        collector.use(chain[0], (*chain[1], name or ANY), _kind(function, texts))
    collector.visit_all(node.args[1:])
    return True


def _kind(function: str, texts: Texts) -> Kind:
    if function in ("setattr", "delattr"):
        return "store"
    has_default = function == "hasattr" or len(texts) > 2  # noqa: PLR2004 - getattr(object, name, default)
    return "soft" if has_default else "read"


def _variables(collector: Collector, node: ast.Call, _: Texts) -> bool:
    """``vars(x)`` and ``dir(x)`` show an object; ``locals()`` in a function shows what it has already."""
    if not isinstance(node.func, ast.Name):
        return False
    if node.args or collector.is_inside:
        collector.visit_all(node.args)
        return bool(node.args) or node.func.id == "locals"
    return False


def _module(collector: Collector, node: ast.Call, _: Texts) -> bool:
    target = named_module(node)
    if target is None:
        return False
    collector.load(target)
    collector.use(target, (), "read")
    collector.visit_all(node.args[1:])
    return True


def _names(collector: Collector, node: ast.Call, _: Texts) -> bool:
    collector.visit_all((*node.args, *node.keywords))
    return True


def _group(collector: Collector, node: ast.Call, _: Texts) -> bool:
    groups = [item.value for item in node.keywords if item.arg == "group"]
    if len(groups) != 1 or node.args:
        return False
    text, chain = constant_text(groups[0]), plain_chain(groups[0])
    if text is not None:
        collector.groups[Use("", (text,), "read", not collector.is_inside)] = None
    elif chain is not None:
        collector.groups[Use(*chain, "read", not collector.is_inside)] = None
    collector.visit_all(node.keywords)
    return text is not None or chain is not None


_LOOKUPS: dict[str, Callable[[Collector, ast.Call, Texts], bool]] = {
    "getattr": _attribute,
    "hasattr": _attribute,
    "setattr": _attribute,
    "delattr": _attribute,
    "vars": _variables,
    "dir": _variables,
    "locals": _variables,
    "import_module": _module,
    "__import__": _module,
    "get": _module,
    "attrgetter": _names,
    "methodcaller": _names,
    "entry_points": _group,
}
