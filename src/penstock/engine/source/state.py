"""Which module-level objects can change after they were made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from penstock.engine.source.facts import ELEMENT, Target, Unit, Use
from penstock.engine.source.known import FROZEN_EXTERNAL, INITIALISERS, MUTATORS, READERS, READING_BUILTINS
from penstock.engine.source.modules import Module, Modules
from penstock.engine.source.resolve import Hit, Resolver

Name: TypeAlias = tuple[str, str]
"""Module and name."""

_CONTAINER_BUILTINS = frozenset({"list", "dict", "set", "iter", "type", "bytearray", "object"})
_NO_NAMES: frozenset[Name] = frozenset()


@dataclass(slots=True)
class State:
    """Judges names by the units that bind them."""

    modules: Modules
    resolver: Resolver
    _families: dict[Name, tuple[tuple[Module, Unit], ...]] = field(default_factory=dict)

    def names(
        self, module: Module, root: str | Target, attrs: tuple[str, ...]
    ) -> Iterator[tuple[Name, tuple[str, ...]]]:
        """Yield the definitions that a chain stands for, with the attributes left over."""
        for hit in self.resolver.resolve(module, root, attrs):
            if hit.kind == "binding":
                yield (hit.module, hit.name), hit.rest

    def units(self, name: Name) -> list[tuple[Module, Unit]]:
        """Return the units that bind a name."""
        module = self.modules.get(name[0])
        return [(module, unit) for _, unit in module.units_of(name[1])] if module else []

    def sources(
        self, name: Name, rest: tuple[str, ...], seen: frozenset[Name] = _NO_NAMES, *, is_store: bool = False
    ) -> Iterator[tuple[Name, tuple[str, ...]]]:
        """Yield what else changes when ``name.rest`` does.

        That is what a name is just another name for, what a container holds, and the bases of a class.
        """
        for module, unit in self.units(name) if name not in seen else ():
            for ref, inner_rest in _inner(unit, rest, is_store=is_store):
                for inner, between in self.names(module, ref.root, ref.attrs):
                    yield inner, between + inner_rest
                    yield from self.sources(inner, between + inner_rest, seen | {name}, is_store=is_store)

    # -- objects -------------------------------------------------------------------------------------------

    def is_changeable(self, name: Name, *, deep: bool = False, seen: frozenset[Name] = _NO_NAMES) -> bool:
        """Whether the object (``deep``: something inside it) can be changed without rebinding the name."""
        return name in seen or any(
            self._unit_changeable(module, unit, name, deep, seen | {name})
            for module, unit in self.units(name)
        )

    def _unit_changeable(
        self, module: Module, unit: Unit, name: Name, deep: bool, seen: frozenset[Name]
    ) -> bool:
        kind, refs = unit.value
        if unit.kind == "class":
            traits = {trait for _, each in self.family(name) for trait in each.traits}
            return "shared_state" in traits or (deep and "class_state" in traits)
        if unit.kind == "function" or kind == "frozen":
            return False
        if kind in ("container", "nested"):
            return kind == "nested" or not deep
        if kind == "derived":
            inner = [found for ref in refs for found, _ in self.names(module, ref.root, ref.attrs)]
            return any(self.is_changeable(each, deep=deep, seen=seen) for each in inner)
        return kind != "object" or any(self._makes_changeable(module, ref) for ref in refs)

    def _makes_changeable(self, module: Module, called: Use) -> bool:
        hits = self.resolver.resolve(module, called.root, called.attrs)
        return any(self._hit_makes_changeable(hit) for hit in hits)

    def _hit_makes_changeable(self, hit: Hit) -> bool:
        if hit.kind == "binding":
            return bool(hit.rest) or self.instances_change((hit.module, hit.name))
        if hit.kind == "builtin":
            return hit.name in _CONTAINER_BUILTINS or hit.name not in READING_BUILTINS
        if hit.kind in ("library", "stdlib"):
            return not FROZEN_EXTERNAL.fullmatch(hit.name)
        return hit.kind == "missing"

    # -- methods -------------------------------------------------------------------------------------------

    def method_changes(self, name: Name, path: tuple[str, ...]) -> bool:
        """Whether calling ``name.path()`` may change the object behind ``name``."""
        return any(self._method_changes(module, unit, name, path) for module, unit in self.units(name))

    def _method_changes(self, module: Module, unit: Unit, name: Name, path: tuple[str, ...]) -> bool:
        method, deep = path[-1], len(path) > 1
        if unit.kind == "function":
            return not deep and method not in READERS
        if unit.kind == "class":
            return self._class_method_changes(name, method, deep)
        if unit.value.kind in ("container", "nested"):
            return method in MUTATORS and (not deep or unit.value.kind == "nested")
        made = [found for ref in unit.value.refs for found in self.names(module, ref.root, ref.attrs)]
        classes = [inner for inner, rest in made if not rest and self._is_class(inner)]
        if unit.value.kind == "object" and classes and not deep:
            return any(method in self.changers(inner) for inner in classes)
        return method not in READERS and self.is_changeable(name, deep=deep)

    def _class_method_changes(self, name: Name, method: str, deep: bool) -> bool:
        if deep:
            return method in MUTATORS and self.is_changeable(name, deep=True)
        return method in self.changers(name) and self.is_changeable(name)

    def argument_changes(self, name: Name, path: tuple[str, ...], slot: int | str) -> bool:
        """Whether ``name(argument)`` or ``name.method(argument)`` may change its argument, now or later.

        Nothing is known of methods of objects whose class cannot be told.
        """
        classes = [name] if self._is_class(name) else [] if not path else list(self._classes_of(name))
        return len(path) <= 1 and any(
            self._class_changes_argument(each, path[0] if path else "__init__", slot) for each in classes
        )

    def _classes_of(self, name: Name) -> Iterator[Name]:
        for module, unit in self.units(name):
            for ref in unit.value.refs if unit.value.kind == "object" else ():
                for inner, rest in self.names(module, ref.root, ref.attrs):
                    if not rest and self._is_class(inner):
                        yield inner

    def _class_changes_argument(self, name: Name, method: str, slot: int | str) -> bool:
        family = [unit for _, unit in self.family(name)]
        changed = {attr for unit in family for attr in unit.inside_changed}
        known = [each for unit in family for each in unit.methods if each.name == method]
        if method == "__init__" and not known:
            return slot in changed if isinstance(slot, str) else bool(changed)
        if slot == 0 and method in self.changers(name) - INITIALISERS:
            return True
        for each in known:
            # The first parameter may be the object itself or, in a static method, the first argument.
            params = {slot} if isinstance(slot, str) else set(each.params[slot : slot + 2]) - {"self", "cls"}
            if params & set(each.mutated) or changed & {attr for attr, param in each.kept if param in params}:
                return True
        return False

    def _is_class(self, name: Name) -> bool:
        return all(unit.kind == "class" for _, unit in self.units(name))

    def changers(self, name: Name) -> set[str]:
        """Return the methods of a class, inherited ones included, that change their object."""
        family = [unit for _, unit in self.family(name)]
        changers = {method for unit in family for method in unit.changers}
        calls = {pair for unit in family for pair in unit.self_calls}
        while new := {method for method, called in calls if called in changers} - changers:
            changers |= new
        return changers

    def family(self, name: Name) -> tuple[tuple[Module, Unit], ...]:
        """Return a class and all its first-party bases."""
        if name not in self._families:
            found: dict[Name, None] = {}
            queue = [name]
            while queue:
                each = queue.pop()
                if each not in found:
                    found[each] = None
                    queue += self._bases(each)
            self._families[name] = tuple(
                pair for each in found for pair in self.units(each) if pair[1].kind == "class"
            )
        return self._families[name]

    def _bases(self, name: Name) -> list[Name]:
        return [
            inner
            for module, unit in self.units(name)
            for use in unit.uses
            if use.kind == "base"
            for inner, _ in self.names(module, use.root, use.attrs)
        ]

    def instances_change(self, name: Name) -> bool:
        """Whether what a class makes has methods that change it; what a function makes may always have them."""
        if not self._is_class(name):
            return True
        if self.changers(name) - INITIALISERS:
            return True
        return any("shared_state" in unit.traits for _, unit in self.family(name))

    # -- calls ---------------------------------------------------------------------------------------------

    def keeps_state_when_called(self, name: Name) -> bool:
        """Whether calling what the name stands for may change what a later call does."""
        return any(self._call_keeps_state(module, unit) for module, unit in self.units(name))

    def _call_keeps_state(self, module: Module, unit: Unit) -> bool:
        if "shared_state" in unit.traits:
            return True
        if unit.kind in ("function", "class"):
            return False
        if unit.value.kind != "object":
            return unit.value.kind in ("unknown", "nested")
        made = [name for ref in unit.value.refs for name, _ in self.names(module, ref.root, ref.attrs)]
        return any(self._hands_out_state(name, _NO_NAMES) for name in made)

    def _hands_out_state(self, name: Name, seen: frozenset[Name]) -> bool:
        if name in seen:
            return False
        return any(
            self._unit_hands_out(module, unit, name, seen | {name}) for module, unit in self.units(name)
        )

    def _unit_hands_out(self, module: Module, unit: Unit, name: Name, seen: frozenset[Name]) -> bool:
        if unit.kind == "class":
            return "__call__" in self.changers(name) or self.instances_change(name)
        if unit.kind != "function" or "keeps_state" in unit.traits:
            return True
        return any(
            self._hands_out_state(inner, seen)
            for use in unit.uses
            if use.kind in ("call", "escape")
            for inner, rest in self.names(module, use.root, use.attrs)
            if not rest and any(found.kind in ("function", "class") for _, found in self.units(inner))
        )


def _inner(unit: Unit, rest: tuple[str, ...], *, is_store: bool) -> Iterator[tuple[Use, tuple[str, ...]]]:
    """Yield what a unit's value refers to, with the attributes that lead on from there."""
    if unit.value.kind == "derived":
        yield from ((ref, rest) for ref in unit.value.refs)
    elif unit.value.kind in ("container", "nested"):
        inside = rest
        while inside and inside[0] == ELEMENT:
            inside = inside[1:]
            # Replacing an item changes the container, not what it held.
            if inside or not is_store:
                yield from ((ref, inside) for ref in unit.value.refs)
    yield from ((use, rest) for use in unit.uses if use.kind == "base")
