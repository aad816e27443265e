"""Follows everything that a definition can reach."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from penstock.engine.source.effects import Effects
from penstock.engine.source.facts import Target, Unit, Use
from penstock.engine.source.known import DYNAMIC_BUILTINS, is_dynamic, reads_docs, reads_source
from penstock.engine.source.modules import Module, Modules
from penstock.engine.source.resolve import Hit, Resolver
from penstock.engine.source.writers import Writers


class UnitId(NamedTuple):
    """A unit by module and position."""

    module: str
    position: int


@dataclass(slots=True)
class Reach:
    """Everything found so far; grows until nothing new turns up."""

    modules: Modules
    resolver: Resolver
    effects: Effects
    writers: Writers
    entry_points: Callable[[str], tuple[str, ...]]
    loaded_elsewhere: tuple[str, ...] = ()
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    units: dict[UnitId, None] = field(default_factory=dict)
    names: dict[tuple[str, str], None] = field(default_factory=dict)
    hops: dict[tuple[str, str], None] = field(default_factory=dict)
    lazies: dict[tuple[str, str], None] = field(default_factory=dict)
    loaded: dict[str, None] = field(default_factory=dict)
    whole: dict[str, None] = field(default_factory=dict)
    read: dict[str, None] = field(default_factory=dict)
    distributions: dict[str, None] = field(default_factory=dict)
    dynamic: dict[str, None] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    reads_docs: bool = False
    reads_source: bool = False
    _work: deque[UnitId] = field(default_factory=deque)
    _asked: set[tuple[str, str]] = field(default_factory=set)
    _known: set[str] = field(default_factory=set)
    _noted: set[str] = field(default_factory=set)
    _scanned: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Follow until nothing new turns up."""
        while self._step():
            pass

    def _step(self) -> bool:
        while self._work:
            self._follow(self._work.popleft())
        before = (len(self.units), len(self.whole), len(self.loaded))
        self._scan_roots()
        self._ask_writers()
        if self.dynamic:
            self._fall_back()
        return bool(self._work) or before != (len(self.units), len(self.whole), len(self.loaded))

    # -- growing -------------------------------------------------------------------------------------------

    def add_start(self, module: Module, name: str) -> None:
        """Reach a definition by a name under which a module offers it."""
        self._take(module, self.resolver.resolve(module, name, ()))

    def add_name(self, module: Module, name: str) -> None:
        """Reach everything that binds ``name`` in ``module``."""
        if (module.name, name) in self.names:
            return
        self.names[module.name, name] = None
        for index, unit in module.units_of(name):
            if unit.kind != "import":
                self.add_unit(module, index)

    def add_unit(self, module: Module, index: int) -> None:
        """Reach one unit, and every other unit that binds one of its names."""
        unit_id = UnitId(module.name, index)
        if unit_id in self.units:
            return
        self.units[unit_id] = None
        self._work.append(unit_id)
        for name in module.facts.units[index].names:
            self.add_name(module, name)

    def add_whole(self, module: Module) -> None:
        """Reach every unit of a module."""
        if module.name in self.whole:
            return
        self.whole[module.name] = None
        self.load(module.name)
        for index, unit in enumerate(module.facts.units):
            self.add_unit(module, index)
            if unit.kind == "import":
                for bound, target in unit.imports:
                    self._take_import(module, target, whole=True)
                    self.hops[module.name, bound] = None

    def load(self, name: str) -> None:
        """Note that a module is imported, its packages first."""
        if name in self._noted:
            return
        self._noted.add(name)
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            prefix = ".".join(parts[:end])
            if prefix not in self.loaded:
                self._load_one(prefix)

    def _load_one(self, name: str) -> None:
        module = self.modules.get(name)
        if module is None or module.is_own:
            return
        self.loaded[name] = None
        self.read[name] = None
        if module.broken:
            self.dynamic[module.broken] = None
        for unit in module.facts.units:
            if "typing" not in unit.traits:
                for target in unit.loads:
                    self._load_target(module, target)
        for index, unit in enumerate(module.facts.units):
            if self.effects.at_import(module, unit):
                self.add_unit(module, index)
        self._notice_bare_imports(module)

    def _load_target(self, module: Module, target: Target) -> None:
        name = module.absolute(target)
        self.load(name)
        if target.name is not None and self.modules.get(name) is not None:
            inner = f"{name}.{target.name}"
            if self.modules.get(inner) is not None:
                self.load(inner)

    def _notice_bare_imports(self, module: Module) -> None:
        """Take libraries that are imported for their effects alone, and so never mentioned again."""
        used = {use.root for unit in module.facts.units for use in unit.uses}
        for unit in module.facts.units:
            if unit.kind == "import" and "typing" not in unit.traits and not set(unit.names) & used:
                for target in unit.loads:
                    self._take_import(module, target, whole=False)

    # -- following -----------------------------------------------------------------------------------------

    def _follow(self, unit_id: UnitId) -> None:
        module = self.modules.get(unit_id.module)
        if module is None:
            return
        self.read[module.name] = None
        unit = module.facts.units[unit_id.position]
        if module.is_trusted:
            return
        self.load(module.name)
        for target in unit.inner_loads:
            self._load_target(module, target)
        self._notice(module, unit)
        for hit, is_soft in self.resolver.used(module, unit_id.position):
            self._take(module, (hit,), soft=is_soft)

    def _take_import(self, module: Module, target: Target, *, whole: bool) -> None:
        """Take what an import statement names; naming a library is no look-up in it."""
        for hit in self.resolver.resolve(module, target, ()):
            if hit.kind == "library":
                self.distributions[hit.name.partition(".")[0]] = None
            elif hit.kind not in ("stdlib", "missing"):
                self._take(module, (hit,), whole=whole)

    def _take_group(self, module: Module, group: Use) -> None:
        """Take whatever is registered as an entry point of a group."""
        text = group.attrs[0] if group.root == "" else self._text(module, group)
        if text is None:
            self.dynamic[f"{module.name} asks for entry points of a group that is computed"] = None
            return
        points = self.entry_points(text)
        self.groups[text] = points
        for point in points:
            name, _, attribute = point.partition("=")[2].partition("[")[0].strip().partition(":")
            target = Target(0, name.strip(), attribute.strip().partition(".")[0] or None)
            self._load_target(module, target)
            self._take(module, self.resolver.resolve(module, target, ()))

    def _text(self, module: Module, constant: Use) -> str | None:
        for hit in self.resolver.resolve(module, constant.root, constant.attrs):
            owner = self.modules.get(hit.module)
            if hit.kind == "binding" and owner is not None and len(owner.bindings[hit.name]) == 1:
                return owner.facts.texts.get(hit.name)
        return None

    def _notice(self, module: Module, unit: Unit) -> None:
        self.reads_docs = self.reads_docs or "reads_docs" in unit.traits
        for group in unit.groups:
            self._take_group(module, group)
        for reason in unit.dynamic:
            self.dynamic[f"{module.name} {reason}"] = None

    def _take(self, module: Module, hits: tuple[Hit, ...], *, soft: bool = False, whole: bool = True) -> None:
        for hit in hits:
            if hit.kind in ("library", "stdlib"):
                self._take_library(module, hit, soft=soft)
            elif hit.kind == "builtin":
                if hit.name in DYNAMIC_BUILTINS and not soft:
                    self.dynamic[f"{module.name} calls {hit.name}"] = None
            elif hit.kind == "missing":
                if not soft:
                    self.dynamic[hit.name] = None
            else:
                self._take_own(hit, whole=whole)

    def _take_library(self, module: Module, hit: Hit, *, soft: bool) -> None:
        if hit.kind == "library":
            self.distributions[hit.name.partition(".")[0]] = None
        if is_dynamic(hit.name) and not soft:
            self.dynamic[f"{module.name} uses {hit.name}"] = None
        self.reads_docs = self.reads_docs or reads_docs(hit.name)
        self.reads_source = self.reads_source or reads_source(hit.name)

    def _take_own(self, hit: Hit, *, whole: bool) -> None:
        owner = self.modules.get(hit.module)
        if owner is None:
            return
        self.load(owner.name)
        if hit.kind == "binding":
            self.add_name(owner, hit.name)
        elif hit.kind == "module":
            if whole:
                self._add_tree(owner)
        else:
            (self.hops if hit.kind == "hop" else self.lazies)[hit.module, hit.name] = None
            self.read[owner.name] = None

    def _add_tree(self, module: Module) -> None:
        """Reach a module that is used as a value: any of its attributes may be read, submodules included."""
        if module.is_trusted:
            return
        self.add_whole(module)
        if module.found.is_package:
            for name in self.modules.scan_all(module.root):
                if name.startswith(f"{module.name}.") and (inner := self.modules.get(name)) is not None:
                    self.add_whole(inner)

    # -- what others do ------------------------------------------------------------------------------------

    def roots(self) -> list[str]:
        """Import roots of the code found so far."""
        names = {*self.loaded, *self.whole, *(unit.module for unit in self.units)}
        found = (self.modules.get(name) for name in names)
        return sorted({module.root for module in found if module is not None and not module.is_trusted})

    def _scan_roots(self) -> None:
        for root in self.roots():
            if root in self._scanned:
                continue
            self._scanned.add(root)
            for name in self.modules.scan(root):
                module = self.modules.get(name)
                if module is not None:
                    self._look_at(module)
        self._known.update(self.loaded)
        self.writers.add(self.modules.get(name) for name in self.loaded)

    def _look_at(self, module: Module) -> None:
        self.read[module.name] = None
        self._known.add(module.name)
        self.writers.add([module])
        for index, unit in enumerate(module.facts.units):
            if self.effects.changes_libraries(module, unit):
                self.add_unit(module, index)

    def _ask_writers(self) -> None:
        for key in (*self.names, *self.hops):
            if key not in self._asked:
                self._asked.add(key)
                for module, index in self.writers.of(*key, self._known):
                    self.add_unit(module, index)

    def _fall_back(self) -> None:
        """Where names are made at run time, everything that could answer to them counts."""
        self.reasons = self.reasons or tuple(sorted(self.dynamic))
        below = (name for root in self.roots() for name in self.modules.scan_all(root))
        for module in self.modules.all((*below, *self.loaded_elsewhere)):
            if not (module.is_trusted or module.is_test_kit):
                self.add_whole(module)
