"""Scopes of one unit: which uses of names are local, and which leave the unit."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from penstock.engine.source.facts import ELEMENT, HOLDER, Method, Pass, Target, Use
from penstock.engine.source.known import INITIALISERS, MUTATORS, READERS

Source: TypeAlias = "tuple[str | Target, tuple[str, ...]]"
"""Root and attributes of what a name is another name for."""

MAX_CHAIN = 8
"""Longer chains come from aliases of themselves."""

_BUILTIN_NAMES = frozenset(dir(builtins))


@dataclass(slots=True)
class Found:
    """What the scopes of one unit let through, and what they noticed on the way."""

    uses: dict[Use, None] = field(default_factory=dict)
    passes: dict[Pass, None] = field(default_factory=dict)
    traits: set[str] = field(default_factory=set)
    params: tuple[str, ...] = ()
    mutated: set[str] = field(default_factory=set)
    class_state: set[str] = field(default_factory=set)
    changed_through_self: set[str] = field(default_factory=set)
    changers: set[str] = field(default_factory=set)
    perhaps_changers: set[str] = field(default_factory=set)
    self_calls: set[tuple[str, str]] = field(default_factory=set)
    methods: list[Method] = field(default_factory=list)


@dataclass(slots=True)
class Scope:
    """One function, class, comprehension or module while it is being read."""

    kind: Literal["module", "class", "function", "comprehension"]
    name: str = ""
    bound: set[str] = field(default_factory=set)
    imports: dict[str, Target] = field(default_factory=dict)
    global_names: set[str] = field(default_factory=set)
    nonlocal_names: set[str] = field(default_factory=set)
    aliases: dict[str, list[Source]] = field(default_factory=dict)
    params: tuple[str, ...] = ()
    fresh_defaults: frozenset[str] = frozenset()
    uses: list[Use] = field(default_factory=list)
    passing_through: list[Use] = field(default_factory=list)
    passes: list[Pass] = field(default_factory=list)
    changed_from_inside: set[str] = field(default_factory=set)
    kept: list[tuple[str, str]] = field(default_factory=list)
    mutating_functions: set[str] = field(default_factory=set)


def close(scope: Scope, parent: Scope, found: Found) -> None:
    """Leave ``scope``: settle its local uses and hand the others to ``parent``."""
    if scope.kind == "class":
        _close_class(scope, parent, found)
    else:
        _close_function(scope, parent, found)


def _close_class(scope: Scope, parent: Scope, found: Found) -> None:
    for use in scope.uses:
        target = scope.imports.get(use.root) if isinstance(use.root, str) else None
        if target is not None:
            found.uses[use._replace(root=target)] = None
        elif use.root in scope.bound:
            # The name may still be the global one: a class body looks outside until it has bound the name.
            parent.uses.append(use._replace(kind="soft"))
        else:
            parent.uses.append(use)
    _outward(parent).extend(scope.passing_through)
    parent.passes.extend(scope.passes)
    parent.changed_from_inside |= scope.changed_from_inside


def _outward(parent: Scope) -> list[Use]:
    """Names used within functions skip the class around them."""
    return parent.passing_through if parent.kind == "class" else parent.uses


def _close_function(scope: Scope, parent: Scope, found: Found) -> None:
    outward = parent.uses if scope.kind == "comprehension" else _outward(parent)
    uses = dict.fromkeys((*scope.uses, *scope.passing_through, *_changed_arguments(scope)))
    uses.update(dict.fromkeys(through_aliases(scope, uses)))
    for use in uses:
        _settle(use, scope, found, outward)
    _notice_kept_state(scope, parent, outward, found)
    _settle_passes(scope, parent, found)
    if scope.kind == "function":
        mutated = _mutated_params(uses, scope)
        if parent.kind == "class":
            _notice_method(scope, uses, mutated, found)
        elif mutated:
            parent.mutating_functions.add(scope.name)
        if parent.kind == "module":
            _notice_function(scope, mutated, found)


def _changed_arguments(scope: Scope) -> Iterator[Use]:
    """Yield what is handed to a local function that changes its parameters."""
    for item in scope.passes:
        if item.callee in scope.mutating_functions and not item.callee_attrs:
            yield Use(item.root, (*item.attrs, "__setitem__"), "call", now=False)


def _notice_function(scope: Scope, mutated: set[str], found: Found) -> None:
    found.params = scope.params
    found.mutated |= mutated
    if found.mutated & scope.fresh_defaults:
        found.traits.add("shared_state")


def _notice_kept_state(scope: Scope, parent: Scope, outward: list[Use], found: Found) -> None:
    """Note functions that keep state between calls, by changing a variable of the function around them."""
    if scope.changed_from_inside & scope.bound:
        found.traits.add("keeps_state")
    parent.changed_from_inside |= scope.changed_from_inside - scope.bound
    if scope.kind == "function":
        parent.changed_from_inside |= {
            use.root
            for use in outward
            if isinstance(use.root, str) and _changes(use) and use.root not in scope.bound
        }


def _changes(use: Use) -> bool:
    if use.kind not in ("call", "do") or not use.attrs:
        return use.kind == "store"
    method = use.attrs[-1]
    return method in MUTATORS if ELEMENT in use.attrs else method not in READERS


def _settle(use: Use, scope: Scope, found: Found, outward: list[Use]) -> None:
    root = use.root
    if not isinstance(root, str) or root in scope.global_names:
        found.uses[use] = None
    elif root in scope.imports:
        found.uses[use._replace(root=scope.imports[root])] = None
    elif root not in scope.bound:
        outward.append(use)


def through_aliases(scope: Scope, uses: Iterable[Use]) -> list[Use]:
    """Return what the uses of local names do to the objects that have other names as well."""
    known: dict[str, tuple[Source, ...]] = {}
    return [
        use._replace(root=name, attrs=joined)
        for use in uses
        if use.kind in ("store", "call", "do", "escape") and isinstance(use.root, str)
        for name, attrs in _sources_of(use.root, scope, known, frozenset())
        if (joined := join(attrs, use.attrs, is_store=use.kind == "store")) is not None
    ]


def _sources_of(
    name: str, scope: Scope, known: dict[str, tuple[Source, ...]], seen: frozenset[str]
) -> tuple[Source, ...]:
    """Return everything that a name may be another name for, however many steps away."""
    if name in known or name in seen:
        return known.get(name, ())
    sources: dict[Source, None] = {}
    for root, attrs in scope.aliases.get(name, ()):
        sources[root, attrs] = None
        if isinstance(root, str):
            for further, between in _sources_of(root, scope, known, seen | {name}):
                if (joined := join(between, attrs)) is not None and len(joined) < MAX_CHAIN:
                    sources[further, joined] = None
    found = tuple(sources)
    if not seen:
        known[name] = found
    return found


def join(alias: tuple[str, ...], attrs: tuple[str, ...], *, is_store: bool = False) -> tuple[str, ...] | None:
    """Return the chain behind an alias, or ``None`` if only the container around the object is meant."""
    while alias and alias[-1] == HOLDER:
        if not attrs or attrs[0] != ELEMENT:
            return None
        alias, attrs = alias[:-1], attrs[1:]
        # Replacing an item changes the container, not what it held.
        if is_store and not attrs:
            return None
    return alias + attrs


def _mutated_params(uses: Iterable[Use], scope: Scope) -> set[str]:
    return {name for use in uses if (name := _mutated_param(use, scope)) is not None}


def _mutated_param(use: Use, scope: Scope) -> str | None:
    if not isinstance(use.root, str) or use.root not in scope.params:
        return None
    return use.root if _changes(use) else None


def _notice_method(scope: Scope, uses: Iterable[Use], mutated: set[str], found: Found) -> None:
    own = scope.params[0] if scope.params else None
    if len(scope.params) > 1:
        found.methods.append(Method(scope.name, scope.params, tuple(sorted(mutated)), tuple(scope.kept)))
    for use in uses:
        if use.root == own and own is not None:
            _notice_own(scope.name, own, use, found)
        elif scope.name in INITIALISERS and use.kind in ("store", "do") and _leaves(use, scope):
            found.traits.add("busy_init")


def _leaves(use: Use, scope: Scope) -> bool:
    if isinstance(use.root, str) and use.root in scope.bound and use.root not in scope.global_names:
        return False
    return use.root not in _BUILTIN_NAMES and use.root not in ("logger", "log", "_logger")


def _notice_own(method: str, own: str, use: Use, found: Found) -> None:
    """Note what a method does to its own object or class."""
    attrs = tuple(name for name in use.attrs if name not in ("__class__", "__dict__"))
    through_class = own in ("cls", "mcs", "metacls") or "__class__" in use.attrs
    if not attrs:
        return
    if use.kind == "store":
        found.changers.add(method)
        if through_class:
            found.traits.add("shared_state")
        elif ELEMENT in attrs:
            found.changed_through_self.add(attrs[0])
    elif use.kind in ("call", "do"):
        _notice_own_call(method, attrs, found, is_nested=len(use.attrs) > 1)


def _notice_own_call(method: str, attrs: tuple[str, ...], found: Found, *, is_nested: bool) -> None:
    if not is_nested:
        found.self_calls.add((method, attrs[0]))
    elif attrs[-1] in MUTATORS:
        found.changers.add(method)
        found.changed_through_self.add(attrs[0])
    elif attrs[-1] not in READERS:
        found.perhaps_changers.add(method)


def _settle_passes(scope: Scope, parent: Scope, found: Found) -> None:
    is_outermost = parent.kind == "module" and scope.kind == "function"
    for item in scope.passes:
        callee: str | Target = item.callee
        if isinstance(callee, str):
            if callee in scope.bound and callee not in scope.imports:
                continue
            callee = scope.imports.get(callee, callee)
        moved = _moved(item._replace(callee=callee), scope, is_param=is_outermost)
        for each in moved:
            if parent.kind == "module":
                found.passes[each] = None
            else:
                parent.passes.append(each)


def _moved(item: Pass, scope: Scope, *, is_param: bool) -> list[Pass]:
    root = item.root
    if item.param or not isinstance(root, str) or root in scope.global_names:
        return [item]
    if root in scope.imports:
        return [item._replace(root=scope.imports[root])]
    if root not in scope.bound:
        return [item]
    moved = [
        item._replace(root=name, attrs=joined)
        for name, attrs in _sources_of(root, scope, {}, frozenset())
        if (joined := join(attrs, item.attrs)) is not None
    ]
    if is_param and root in scope.params:
        moved.append(item._replace(param=True))
    return moved
