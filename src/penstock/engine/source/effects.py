"""Which statements do something when their module is imported, beyond binding a name."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.engine.source.facts import Unit, Use
from penstock.engine.source.known import PURE_BASES, PURE_EXTERNAL, READERS, changes_world
from penstock.engine.source.modules import Module, Modules
from penstock.engine.source.resolve import Hit, Resolver

_BUILTINS_WITH_EFFECTS = frozenset({"exec", "eval", "setattr", "delattr", "__import__"})


@dataclass(slots=True)
class Effects:
    """Judges units of modules that the analysed code loads.

    State of first-party modules is left to the search for writers; what counts here is everything that could
    change the world behind their backs.
    """

    modules: Modules
    resolver: Resolver
    _busy: dict[tuple[str, str], bool] = field(default_factory=dict)

    def at_import(self, module: Module, unit: Unit) -> bool:
        """Whether importing ``module`` runs ``unit`` for its effects."""
        if unit.traits & {"typing", "guard"} or unit.kind == "import":
            return False
        if "calls_unknown" in unit.traits:
            return True
        return any(self._acts(module, unit, use) for use in unit.uses if use.now)

    def changes_libraries(self, module: Module, unit: Unit) -> bool:
        """Whether importing ``module`` plainly changes a library, the environment or the interpreter."""
        if "typing" in unit.traits or unit.kind == "import":
            return False
        return any(self._changes_library(module, use) for use in unit.uses if use.now)

    def _changes_library(self, module: Module, use: Use) -> bool:
        if use.kind not in ("store", "call", "do", "decorate"):
            return False
        outside = [
            hit
            for hit in self.resolver.resolve(module, use.root, use.attrs)
            if hit.kind in ("library", "stdlib") and not hit.name.startswith(("logging", "argparse"))
        ]
        return any(use.kind == "store" or changes_world(hit.name) for hit in outside)

    def _acts(self, module: Module, unit: Unit, use: Use) -> bool:
        if use.kind not in ("store", "call", "do", "decorate", "base"):
            return False
        return any(
            self._hit_acts(hit, unit, use) for hit in self.resolver.resolve(module, use.root, use.attrs)
        )

    def _hit_acts(self, hit: Hit, unit: Unit, use: Use) -> bool:
        if use.kind == "base":
            return hit.kind == "library" and not PURE_BASES.fullmatch(hit.name)
        if hit.kind in ("library", "stdlib"):
            return use.kind == "store" or not PURE_EXTERNAL.fullmatch(hit.name)
        if hit.kind == "builtin":
            return hit.name in _BUILTINS_WITH_EFFECTS
        if hit.kind == "binding" and use.kind != "store":
            return self._call_acts(hit, unit, use)
        return hit.kind == "missing"

    def _call_acts(self, hit: Hit, unit: Unit, use: Use) -> bool:
        module = self.modules.get(hit.module)
        if module is None or module.is_trusted:
            return False
        if use.kind == "decorate" or unit.kind in ("function", "class"):
            return self.is_busy(hit.module, hit.name)
        called = [found for _, found in module.units_of(hit.name)]
        if use.kind == "do":
            return True
        if hit.rest and hit.rest[-1] in READERS:
            return False
        return any(item.kind != "class" or bool(hit.rest) or self._is_busy_class(item) for item in called)

    def _is_busy_class(self, unit: Unit) -> bool:
        return bool(unit.traits & {"busy_init", "hooks"})

    def is_busy(self, module_name: str, name: str) -> bool:
        """Whether calling a first-party function may change a library, the environment or the interpreter."""
        key = (module_name, name)
        if key not in self._busy:
            self._busy[key] = self._reaches_change(key)
        return self._busy[key]

    def _reaches_change(self, start: tuple[str, str]) -> bool:
        queue, seen = [start], {start}
        while queue:
            module_name, name = queue.pop()
            module = self.modules.get(module_name)
            if module is None or module.is_trusted:
                continue
            for _, unit in module.units_of(name):
                if any(self._changes_library(module, use) for use in unit.uses):
                    return True
                new = self._called_by(module, unit) - seen
                seen |= new
                queue += new
        return False

    def _called_by(self, module: Module, unit: Unit) -> set[tuple[str, str]]:
        return {
            (hit.module, hit.name)
            for use in unit.uses
            if use.kind != "soft"
            for hit in self.resolver.resolve(module, use.root, use.attrs)
            if hit.kind == "binding"
        }
