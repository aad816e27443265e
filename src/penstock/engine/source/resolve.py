"""Follows names from module to module, through imports, re-exports and star imports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from penstock.engine.source.facts import ANY, Target, Unit
from penstock.engine.source.modules import BUILTINS, MODULE_ATTRIBUTES, Module, Modules

HitKind: TypeAlias = Literal["binding", "hop", "module", "library", "stdlib", "builtin", "missing", "lazy"]

_DECLARED_BY_ENGINE = frozenset({"step", "effect", "pipeline"})
_LAZY_ROOTS = frozenset(
    {
        *("AttributeError", "ImportError", "KeyError", "__all__", "__name__", "dir", "getattr", "globals"),
        *("import_module", "importlib", "list", "name", "set", "setattr", "sorted", "sys"),
    }
)
"""What the usual ``__getattr__`` of a module uses beside its table."""


class Hit(NamedTuple):
    """One thing that a name may stand for.

    ``hop`` is an import statement on the way; ``binding`` a definition with the attributes left over behind it;
    ``missing`` carries the reason in ``name``.
    """

    kind: HitKind
    module: str
    name: str
    rest: tuple[str, ...] = ()


Seen: TypeAlias = frozenset[tuple[str, str]]
_Key: TypeAlias = tuple[str, "str | Target", tuple[str, ...]]


@dataclass(slots=True)
class Resolver:
    """Resolves chains of attributes; every answer is remembered."""

    modules: Modules
    _answers: dict[_Key, tuple[Hit, ...]] = field(default_factory=dict)
    _used: dict[tuple[str, int], tuple[tuple[Hit, bool], ...]] = field(default_factory=dict)

    def used(self, module: Module, position: int) -> tuple[tuple[Hit, bool], ...]:
        """Return everything that the uses of a unit may stand for, each once, and whether it is only mentioned."""
        key = (module.name, position)
        if key not in self._used:
            unit: Unit = module.facts.units[position]
            hits = (
                (hit, use.kind == "soft")
                for use in unit.uses
                for hit in self.resolve(module, use.root, use.attrs)
            )
            self._used[key] = tuple(dict.fromkeys(hits))
        return self._used[key]

    def resolve(self, module: Module, root: str | Target, attrs: tuple[str, ...]) -> tuple[Hit, ...]:
        """Return everything that ``root.attrs`` may stand for in ``module``."""
        key = (module.name, root, attrs)
        if key not in self._answers:
            nothing: Seen = frozenset()
            hits = (
                self._name(module, root, attrs, nothing)
                if isinstance(root, str)
                else self._target(module, root, attrs, nothing)
            )
            self._answers[key] = tuple(dict.fromkeys(hits))
        return self._answers[key]

    def _name(self, module: Module, name: str, attrs: tuple[str, ...], seen: Seen) -> Iterator[Hit]:
        if (module.name, name) in seen:
            return
        seen |= {(module.name, name)}
        if name in module.bindings:
            yield from self._binding(module, name, attrs, seen)
            return
        starred = list(self._starred(module, name, attrs, seen))
        yield from starred
        if any(hit.kind not in ("library", "stdlib") for hit in starred):
            return
        if name in BUILTINS:
            yield Hit("builtin", "", name, attrs)
        elif not starred and name not in MODULE_ATTRIBUTES:
            yield Hit("missing", module.name, f"{module.name} uses {name}, which nothing there binds")

    def _starred(self, module: Module, name: str, attrs: tuple[str, ...], seen: Seen) -> Iterator[Hit]:
        for star in module.stars:
            source = self.modules.get(module.absolute(star))
            if source is None:
                yield from self._library(module.absolute(star), (name, *attrs))
            elif self._offers(source, name, frozenset()):
                yield Hit("hop", module.name, "*")
                if "__all__" in source.bindings:
                    yield Hit("binding", source.name, "__all__")
                yield from self._name(source, name, attrs, seen)

    def _offers(self, module: Module, name: str, seen: frozenset[str]) -> bool:
        if name in module.bindings:
            return True
        sources = [
            self.modules.get(module.absolute(star)) for star in module.stars if module.name not in seen
        ]
        seen |= {module.name}
        return any(source is not None and self._offers(source, name, seen) for source in sources)

    def _binding(self, module: Module, name: str, attrs: tuple[str, ...], seen: Seen) -> Iterator[Hit]:
        if module.is_typing_only(name) and "__getattr__" in module.bindings:
            yield from self._lazily(module, name, attrs, seen)
        for _, unit in module.units_of(name):
            targets = [target for bound, target in unit.imports if bound == name]
            if targets:
                yield Hit("hop", module.name, name)
            for target in targets:
                yield from self._target(module, target, attrs, seen)
            if unit.kind != "import":
                yield Hit("binding", module.name, name, attrs)

    def _target(self, module: Module, target: Target, attrs: tuple[str, ...], seen: Seen) -> Iterator[Hit]:
        absolute = module.absolute(target)
        if target.name is not None:
            yield from self._dotted(absolute, (target.name, *attrs), seen)
            return
        yield from self._dotted(absolute, attrs, seen)
        # `import a.b as c` reads the attribute b of a, which a may have bound to something else.
        head, _, tail = absolute.rpartition(".")
        parent = self.modules.get(head) if head else None
        if parent is not None and tail in parent.bindings:
            yield from self._name(parent, tail, attrs, seen)

    def _dotted(self, name: str, attrs: tuple[str, ...], seen: Seen) -> Iterator[Hit]:
        module = self.modules.get(name)
        if module is None:
            yield from self._library(name, attrs)
        elif not attrs:
            yield Hit("module", name, "")
        elif module.is_trusted and attrs[0] in _DECLARED_BY_ENGINE:
            return
        else:
            yield from self._attribute(module, attrs, seen)

    def _attribute(self, module: Module, attrs: tuple[str, ...], seen: Seen) -> Iterator[Hit]:
        name, rest = attrs[0], attrs[1:]
        if name in (ANY, "__dict__") or (module.found.path is not None and not module.found.is_source):
            yield Hit("module", module.name, "", rest)
            return
        offered = self._offers(module, name, frozenset())
        if offered:
            yield from self._name(module, name, rest, seen)
        inner = f"{module.name}.{name}"
        is_submodule = module.found.is_package and self.modules.locator.find(inner) is not None
        if is_submodule:
            yield from self._dotted(inner, rest, seen)
        if offered or is_submodule or name in MODULE_ATTRIBUTES:
            return
        if "__getattr__" in module.bindings:
            yield from self._lazily(module, name, rest, seen)
        else:
            libraries = [
                target for star in module.stars if self.modules.get(target := module.absolute(star)) is None
            ]
            for library in libraries:
                yield from self._library(library, attrs)
            if not libraries:
                yield Hit(
                    "missing", module.name, f"{module.name} has no {name} that can be seen without running it"
                )

    def _library(self, name: str, attrs: tuple[str, ...]) -> Iterator[Hit]:
        found = self.modules.locator.find(name.partition(".")[0])
        is_stdlib = found is not None and found.origin == "stdlib"
        yield Hit("stdlib" if is_stdlib else "library", "", ".".join((name, *attrs)))

    def _lazily(self, module: Module, name: str, rest: tuple[str, ...], seen: Seen) -> Iterator[Hit]:
        """Follow a module's ``__getattr__``: by its table of names where it is the usual one."""
        if module.is_trusted:
            return
        target, _, attribute = self._table(module).get(name, "").partition(":")
        level = len(target) - len(target.lstrip("."))
        home = module.absolute(Target(level, target.lstrip("."), None))
        if self.modules.locator.find(home) is None:
            yield Hit("binding", module.name, "__getattr__")
            return
        yield Hit("lazy", module.name, name)
        yield from self._dotted(home, (attribute or name, *rest), seen)

    def _table(self, module: Module) -> dict[str, str]:
        roots = {
            use.root for _, unit in module.units_of("__getattr__") for use in unit.uses if use.kind != "soft"
        }
        tables = [module.facts.tables[root] for root in roots if root in module.facts.tables]
        others = {root for root in roots if root not in module.facts.tables}
        if others - _LAZY_ROOTS:
            return {}
        return {key: value for table in tables for key, value in table.items()}
