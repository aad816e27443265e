"""From what was reached to named digests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.domain.values import Digest
from penstock.engine.source.facts import Target, Unit
from penstock.engine.source.normal import digest_text

if TYPE_CHECKING:
    from penstock.engine.source.memory import Looks
    from penstock.engine.source.modules import Module
    from penstock.engine.source.reach import Reach

TOP_LEVEL = "<top level>"
MAIN_GUARD = "<main guard>"


def parts_of(target: str, reach: Reach) -> dict[str, Digest]:
    """Return the digest of every part that was reached, sorted by name.

    All but the order belonging to ``target`` itself are the same in whatever closure they stand.
    """
    parts = dict(_named_parts(reach))
    parts.update(_unnamed_parts(reach))
    for name in reach.whole:
        module = reach.modules.get(name)
        if module is not None:
            parts[name] = _whole(module)
    for group, points in reach.groups.items():
        parts[f"entry points {group}"] = Digest(digest_text(*points))
    if order := _order(reach):
        parts[f"{target} <order>"] = order
    if reach.reads_docs:
        parts |= {f"{name}.__doc__": _docs(module) for name, module in _modules(reach)}
    if reach.reads_source:
        parts |= {f"{name} <text>": Digest(module.text_digest) for name, module in _modules(reach)}
    return dict(sorted(parts.items()))


def _modules(reach: Reach) -> Iterator[tuple[str, Module]]:
    names = {unit.module for unit in reach.units} | {name for name, _ in reach.names} | set(reach.whole)
    for name in sorted(names):
        module = reach.modules.get(name)
        if module is not None:
            yield name, module


def _named_parts(reach: Reach) -> Iterator[tuple[str, Digest]]:
    for module_name, name in {**reach.names, **reach.hops, **reach.lazies}:
        module = reach.modules.get(module_name)
        if module is not None and module_name not in reach.whole:
            digests = [_unit_digest(unit, name) for _, unit in module.units_of(name)]
            if name == "*":
                digests.append(repr(module.stars))
            if (module_name, name) in reach.lazies:
                digests += _lazy_digests(module)
            yield f"{module_name}:{name}", Digest(digest_text(*module.facts.future, *digests))


def _lazy_digests(module: Module) -> list[str]:
    """Return what decides about a lazy export: the module's ``__getattr__`` and everything it mentions."""
    hooks = [unit for _, unit in module.units_of("__getattr__")]
    mentioned = sorted({use.root for unit in hooks for use in unit.uses if isinstance(use.root, str)})
    others = [_unit_digest(unit, name) for name in mentioned for _, unit in module.units_of(name)]
    return [*(unit.digest for unit in hooks), *others]


def _unit_digest(unit: Unit, name: str) -> str:
    where = sorted(unit.traits & {"typing", "guard"})
    if unit.kind != "import":
        return digest_text(unit.digest, *where)
    return digest_text(*where, *(_import_text(target) for bound, target in unit.imports if bound == name))


def _import_text(target: Target) -> str:
    return f"{'.' * target.level}{target.module}:{target.name or ''}"


def _unnamed_parts(reach: Reach) -> Iterator[tuple[str, Digest]]:
    for module_name in dict.fromkeys(unit.module for unit in reach.units):
        module = reach.modules.get(module_name)
        if module is None or module_name in reach.whole:
            continue
        reached = [module.facts.units[unit.position] for unit in reach.units if unit.module == module_name]
        for guarded in (False, True):
            if any(_is_unnamed(unit, guarded=guarded) for unit in reached):
                digests = [unit.digest for unit in module.facts.units if _is_unnamed(unit, guarded=guarded)]
                yield f"{module_name}:{MAIN_GUARD if guarded else TOP_LEVEL}", Digest(digest_text(*digests))


def _is_unnamed(unit: Unit, *, guarded: bool) -> bool:
    return not unit.names and ("guard" in unit.traits) == guarded


def _whole(module: Module) -> Digest:
    if module.broken or module.is_opaque:
        return Digest(digest_text(module.text_digest))
    return Digest(
        digest_text(
            *module.facts.future,
            *(
                text
                for unit in module.facts.units
                for text in (unit.digest, *sorted(unit.traits & {"typing", "guard"}))
            ),
        )
    )


def _docs(module: Module) -> Digest:
    return Digest(digest_text(module.facts.docs, *(unit.docs for unit in module.facts.units)))


def _order(reach: Reach) -> Digest | None:
    """Order counts where statements act on each other: several bindings of a name, or effects."""
    texts: list[str] = []
    for name, module in _modules(reach):
        if name in reach.whole:
            continue
        reached = sorted(unit.position for unit in reach.units if unit.module == name)
        units = [module.facts.units[index] for index in reached]
        if any(_acts(reach, module, unit) for unit in units) or _has_rebinding(module, units):
            texts += [name, *(unit.digest for unit in units)]
    imports = _import_order(reach)
    return Digest(digest_text(*texts, "imports", *imports)) if texts or len(imports) > 1 else None


def _acts(reach: Reach, module: Module, unit: Unit) -> bool:
    if unit.kind == "code":
        return True
    return any(use.now and use.kind in ("do", "store") for use in unit.uses) or reach.effects.at_import(
        module, unit
    )


def _has_rebinding(module: Module, units: list[Unit]) -> bool:
    return any(len(module.bindings.get(name, ())) > 1 for unit in units for name in unit.names)


def _import_order(reach: Reach) -> list[str]:
    """Return the loaded modules with statements that act, in the order in which imports run them."""
    acting = {
        unit.module
        for unit in reach.units
        if (module := reach.modules.get(unit.module)) is not None
        and _acts(reach, module, module.facts.units[unit.position])
    }
    order: dict[str, None] = {}
    visited: set[str] = set()
    for name in reach.loaded:
        _visit(reach, name, visited, order)
    return [name for name in order if name in acting]


def _visit(reach: Reach, name: str, visited: set[str], order: dict[str, None]) -> None:
    module = reach.modules.get(name)
    if module is None or name in visited or name not in reach.loaded:
        return
    visited.add(name)
    parent = name.rpartition(".")[0]
    if parent:
        _visit(reach, parent, visited, order)
    for unit in module.facts.units:
        for target in unit.loads if "typing" not in unit.traits else ():
            absolute = module.absolute(target)
            _visit(reach, absolute, visited, order)
            if target.name is not None:
                _visit(reach, f"{absolute}.{target.name}", visited, order)
    order[name] = None


def literal_paths(reach: Reach, looks: Looks) -> tuple[Path, ...]:
    """Return the existing files that string constants in the code reached name; ``looks`` notes where it looked."""
    found: set[Path] = set()
    here = Path.cwd()
    for unit_id in reach.units:
        module = reach.modules.get(unit_id.module)
        if module is None or module.found.path is None or (module.is_own and module.name in reach.whole):
            continue
        folder = module.found.path.parent
        for text in module.facts.units[unit_id.position].strings:
            bases = {folder, folder if module.is_own else here}
            found |= {base / text for base in bases if looks.is_file(base, text)}
            if not module.is_own:
                looks.folders.add(str(here))
    return tuple(sorted(found))
