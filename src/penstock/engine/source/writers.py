"""Who changes module-level state, anywhere under the import roots in question."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from penstock.engine.source.facts import ANY, ELEMENT, Pass, Target, Unit, Use
from penstock.engine.source.known import MUTATING_FUNCTIONS, READERS, READING_FUNCTIONS
from penstock.engine.source.modules import Module, Modules
from penstock.engine.source.resolve import Hit
from penstock.engine.source.state import Name, State

Place: TypeAlias = tuple[str, int]
"""Module and position of a unit."""

Seen: TypeAlias = frozenset[tuple[Name, int | str]]
_SEEN: Seen = frozenset()


@dataclass(slots=True)
class Writers:
    """Index of the statements that may change what a name stands for, or the object behind it."""

    modules: Modules
    state: State
    _touches: dict[Name, dict[tuple[Place, Use], None]] = field(default_factory=dict)
    _passes: dict[Name, dict[tuple[Place, Pass], None]] = field(default_factory=dict)
    _callers: dict[Name, dict[Place, set[tuple[str, ...]]]] = field(default_factory=dict)
    _added: dict[str, None] = field(default_factory=dict)
    _called: set[str] = field(default_factory=set)
    _calm: dict[Name, bool] = field(default_factory=dict)

    def add(self, modules: Iterable[Module | None]) -> None:
        """Take the units of more modules into the index; the engine's own are left out."""
        for module in modules:
            if module is not None and module.name not in self._added and not module.is_trusted:
                self._added[module.name] = None
                for index, unit in enumerate(module.facts.units):
                    self._index(module, index, unit)

    def of(self, module_name: str, name: str, within: Container[str]) -> list[tuple[Module, int]]:
        """Return the units that may change ``name`` of a module, and everything that sets them off.

        Only modules ``within`` count: the index may hold more, from other questions.
        """
        wanted = (module_name, name)
        if self._is_quiet(wanted):
            return []
        direct = dict.fromkeys(place for place in self.direct(wanted) if place[0] in within)
        direct.update(dict.fromkeys(place for place in self._keepers(wanted) if place[0] in within))
        everything = {
            **self._with_callers(direct, within),
            **self._with_callers(self._hooked(wanted), within, subclasses=True),
        }
        return [
            (owner, index)
            for place, index in sorted(everything)
            if (owner := self.modules.get(place)) is not None
        ]

    def direct(self, name: Name) -> Iterator[Place]:
        """Yield the units that may change what a name stands for themselves."""
        for place, use in self._touches.get(name, ()):
            if self._changes(name, use):
                yield place
        for place, item in self._passes.get(name, ()):
            if self.state.is_changeable(name) and self._callee_changes(place, item, _SEEN):
                yield place
        anything = (name[0], ANY)
        for place, use in self._touches.get(anything, ()):
            if use.kind == "store" or not use.attrs or use.attrs[-1] not in READERS:
                yield place
        for place, item in self._passes.get(anything, ()):
            if self._callee_changes(place, item, _SEEN, unless_known=True):
                yield place

    # -- building ------------------------------------------------------------------------------------------

    def _index(self, module: Module, index: int, unit: Unit) -> None:
        place = (module.name, index)
        for use in unit.uses:
            if use.kind not in ("read", "soft"):
                for name, rest in self._touched(module, use):
                    self._touches.setdefault(name, {})[place, use._replace(root="", attrs=rest)] = None
        for item in unit.passes:
            if not item.param:
                for name, rest in self._named(module, item.root, item.attrs):
                    if not rest:
                        self._passes.setdefault(name, {})[place, item] = None

    def _touched(self, module: Module, use: Use) -> Iterator[tuple[Name, tuple[str, ...]]]:
        yield from self._named(module, use.root, use.attrs, is_store=use.kind == "store")
        if use.kind != "store":
            return
        for hit in self.state.resolver.resolve(module, use.root, use.attrs):
            if hit.kind == "hop":
                yield (hit.module, hit.name), ()

    def _named(
        self, module: Module, root: str | Target, attrs: tuple[str, ...], *, is_store: bool = False
    ) -> Iterator[tuple[Name, tuple[str, ...]]]:
        for hit in self.state.resolver.resolve(module, root, attrs):
            if hit.kind == "binding":
                yield (hit.module, hit.name), hit.rest
                yield from self.state.sources((hit.module, hit.name), hit.rest, is_store=is_store)
            elif (anything := self._any_of(module, hit)) is not None:
                yield anything, hit.rest

    def _any_of(self, module: Module, hit: Hit) -> Name | None:
        """Return the key for changes of names that are not known before run time."""
        if hit.kind == "module":
            return hit.module, ANY
        return (
            (module.name, ANY) if hit.kind == "builtin" and hit.name in ("globals", "exec", "eval") else None
        )

    # -- asking --------------------------------------------------------------------------------------------

    def _is_quiet(self, name: Name) -> bool:
        """Whether no statement seen so far touches a name that keeps no state and sets nothing off."""
        if any(key in index for index in (self._touches, self._passes) for key in (name, (name[0], ANY))):
            return False
        if name not in self._calm:
            traits = {trait for _, unit in self.state.units(name) for trait in unit.traits}
            self._calm[name] = traits.isdisjoint({"shared_state", "hooks"})
        return self._calm[name]

    def _keepers(self, name: Name) -> Iterator[Place]:
        """Yield who sets off code that keeps state of its own, in a class or in a default argument."""
        units = self.state.units(name)
        if not any("shared_state" in unit.traits for _, unit in units):
            return
        changers = self.state.changers(name)
        is_class = any(unit.kind == "class" for _, unit in units)
        self._index_callers()
        for place, rests in self._callers.get(name, {}).items():
            if not is_class or any(not rest or rest[0] in changers for rest in rests):
                yield place

    def _hooked(self, name: Name) -> dict[Place, None]:
        module = self.modules.get(name[0])
        units = module.units_of(name[1]) if module is not None else ()
        return {(name[0], index): None for index, unit in units if "hooks" in unit.traits}

    def _changes(self, name: Name, use: Use) -> bool:
        if use.kind == "store":
            return True
        if use.kind == "escape":
            return not use.attrs and self.state.is_changeable(name)
        if not use.attrs:
            return self.state.keeps_state_when_called(name)
        if use.attrs[-1] == ELEMENT:
            return False
        if use.kind == "decorate":
            return True
        return self.state.method_changes(name, use.attrs)

    def _callee_changes(self, place: Place, item: Pass, seen: Seen, *, unless_known: bool = False) -> bool:
        """Whether a call changes its argument; ``unless_known``: also where nothing is known of the callee."""
        module = self.modules.get(place[0])
        if module is None:
            return False
        hits = self.state.resolver.resolve(module, item.callee, item.callee_attrs)
        if unless_known and not hits:
            return True
        return any(
            self._definition_changes((hit.module, hit.name), hit.rest, item.slot, seen, unless_known)
            if hit.kind == "binding"
            else _library_changes(hit, unless_known)
            for hit in hits
        )

    def _definition_changes(
        self, name: Name, path: tuple[str, ...], slot: int | str, seen: Seen, unless_known: bool
    ) -> bool:
        if self.state.argument_changes(name, path, slot):
            return True
        if path:
            return unless_known
        if unless_known and any(unit.kind != "function" for _, unit in self.state.units(name)):
            return True
        return (name, slot) not in seen and self._parameter_changes(name, slot, seen)

    def _parameter_changes(self, name: Name, slot: int | str, seen: Seen) -> bool:
        module = self.modules.get(name[0])
        for index, unit in module.units_of(name[1]) if module is not None else ():
            if unit.kind != "function":
                continue
            param = slot if isinstance(slot, str) else unit.params[slot] if slot < len(unit.params) else ""
            if param in unit.mutated:
                return True
            passed = [item for item in unit.passes if item.param and item.root == param]
            if any(self._callee_changes((name[0], index), item, seen | {(name, slot)}) for item in passed):
                return True
        return False

    # -- callers -------------------------------------------------------------------------------------------

    def _with_callers(
        self, direct: Iterable[Place], within: Container[str], *, subclasses: bool = False
    ) -> dict[Place, None]:
        found = dict.fromkeys(direct)
        queue = list(found)
        while queue:
            for caller in self._callers_of(queue.pop()):
                if caller in found or caller[0] not in within:
                    continue
                if not subclasses or self._makes_classes(caller):
                    found[caller] = None
                    queue.append(caller)
        return found

    def _makes_classes(self, place: Place) -> bool:
        unit = self._unit(place)
        return unit is not None and (
            unit.kind not in ("function", "import") or "makes_classes" in unit.traits
        )

    def _unit(self, place: Place) -> Unit | None:
        module = self.modules.get(place[0])
        return module.facts.units[place[1]] if module is not None else None

    def _callers_of(self, place: Place) -> list[Place]:
        unit = self._unit(place)
        if unit is None or not _runs_later(unit):
            return []
        self._index_callers()
        return [caller for name in unit.names for caller in self._callers.get((place[0], name), ())]

    def _index_callers(self) -> None:
        for module_name in self._added:
            module = self.modules.get(module_name)
            if module is None or module_name in self._called:
                continue
            self._called.add(module_name)
            for index, unit in enumerate(module.facts.units):
                for use in unit.uses:
                    if use.kind != "soft":
                        for name, rest in self.state.names(module, use.root, use.attrs):
                            places = self._callers.setdefault(name, {})
                            places.setdefault((module_name, index), set()).add(rest)


def _runs_later(unit: Unit) -> bool:
    """Whether code of the unit runs when what it binds is called."""
    if unit.kind == "value":
        return any(not use.now for use in unit.uses) or any(
            item.callee_attrs[-1:] == ("partial",) or item.callee == "partial" for item in unit.passes
        )
    return unit.kind in ("function", "class")


def _library_changes(hit: Hit, unless_known: bool) -> bool:
    if hit.kind not in ("builtin", "stdlib", "library"):
        return False
    name = ".".join((hit.name, *hit.rest))
    return bool(MUTATING_FUNCTIONS.fullmatch(name)) or (
        unless_known and not READING_FUNCTIONS.fullmatch(name)
    )
