"""The entry point: from a function or class to everything its behaviour depends on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from types import CellType, FunctionType
from typing import TypeAlias

from penstock.domain.errors import PipelineError
from penstock.domain.values import Digest
from penstock.engine.source.cache import FactsCache
from penstock.engine.source.closure import CodeClosure
from penstock.engine.source.digest import literal_paths, parts_of
from penstock.engine.source.effects import Effects
from penstock.engine.source.locate import OWN_PACKAGE, Found, Locator
from penstock.engine.source.memory import Kept, Key, Learned, Looks, content_of
from penstock.engine.source.modules import Module, Modules, is_test
from penstock.engine.source.normal import digest_text
from penstock.engine.source.reach import Reach
from penstock.engine.source.resolve import Resolver
from penstock.engine.source.state import State
from penstock.engine.source.writers import Writers

Definition: TypeAlias = "Callable[..., object] | str"


@dataclass(slots=True)
class SourceIndex:
    """Reads first-party source, each file once, and answers what a definition can reach.

    An index is a snapshot: files that change later are not read again. Make a new one for each plan.
    """

    locator: Locator = field(default_factory=Locator)
    cache: FactsCache = field(default_factory=FactsCache)
    entry_points: Callable[[str], tuple[str, ...]] = field(default_factory=lambda: installed_entry_points)
    _elsewhere: tuple[str, ...] = field(init=False)
    _groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _imports: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _modules: Modules = field(init=False)
    _resolver: Resolver = field(init=False)
    _effects: Effects = field(init=False)
    _writers: Writers = field(init=False)
    _closures: dict[Definition, CodeClosure] = field(default_factory=dict)
    _kept: dict[Key, Kept] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._elsewhere = _loaded_elsewhere(self.locator)
        self._modules = Modules(self.locator, self.cache)
        self._resolver = Resolver(self._modules)
        self._effects = Effects(self._modules, self._resolver)
        self._writers = Writers(self._modules, State(self._modules, self._resolver))

    def closure(self, definition: Definition) -> CodeClosure:
        """Return everything that a function or class can reach.

        Parameters
        ----------
        definition
            A function, a class, or the name of one as ``module:qualified_name``; naming it imports nothing.

        Raises
        ------
        PipelineError
            If its source cannot be found.
        """
        name = definition if isinstance(definition, str) else _name_of(definition)
        if definition not in self._closures:
            key = Key(name, tuple(_related(definition)))
            if key not in self._kept:
                self._kept[key] = self._closure(name, definition)
            self._closures[definition] = self._kept[key].closure
        return self._closures[definition]

    def learned(self) -> Learned:
        """Return the closures found so far, and all that was looked at for them."""
        modules, scans = self._modules.seen()
        return Learned(
            closures=dict(self._kept),
            places=self.locator.seen(),
            contents={name: content_of(module) for name, module in modules.items()},
            scans=scans,
            groups=dict(self._groups),
            elsewhere=self._elsewhere,
        )

    def recall(self, learned: Learned) -> bool:
        """Take over what another index has learned in this process, if it still holds; return whether it did."""
        points = {group: self.entry_points(group) for group in learned.groups}
        if not learned.still_holds(self._modules, points):
            return False
        self._groups.update(points)
        self._kept.update(learned.closures_with(self._elsewhere))
        return True

    def is_first_party(self, module_name: str) -> bool:
        """Whether a module's source counts."""
        return self._module(module_name) is not None

    def type_named(self, name: str) -> str | None:
        """Return ``name`` (``module:Class``) if :meth:`closure` can take it, ``None`` if it is not first-party."""
        module_name, _, qualified = name.partition(":")
        module = self._module(module_name)
        return name if module is not None and _top(qualified) in module.bindings else None

    def module_of(self, path: Path) -> str | None:
        """Return the name of the first-party module that a file holds, if it was read already."""
        return self._modules.name_of(path)

    def _closure(self, name: str, definition: Definition) -> Kept:
        module_name, _, qualified = name.partition(":")
        module = self._module(module_name)
        if module is None:
            return self._outside(name, module_name.partition(".")[0])
        top = _top(qualified)
        if top not in module.bindings:
            raise PipelineError(_no_source(name, f"in {module.found.path}"))
        reach = Reach(
            self._modules,
            self._resolver,
            self._effects,
            self._writers,
            self._points_of,
            self._elsewhere,
        )
        reach.add_start(module, top)
        for related in _related(definition):
            self._add_related(reach, *related)
        reach.run()
        return self._made(f"{module.name}:{top}", reach)

    def _add_related(self, reach: Reach, module_name: str, qualified: str) -> None:
        module = self._module(module_name)
        if module is not None and _top(qualified) in module.bindings:
            reach.add_start(module, _top(qualified))

    def _outside(self, name: str, top: str) -> Kept:
        found = self.locator.find(top)
        if (found is None or found.origin == "first") and top not in sys.stdlib_module_names:
            raise PipelineError(_no_source(name, f"for there is no file of a module {top!r}"))
        is_library = found is not None and found.origin == "third"
        nothing = CodeClosure(
            digest=Digest(digest_text()),
            parts={},
            files=(),
            folders=(),
            distributions=frozenset({top} if is_library else ()),
            literal_paths=(),
            dynamic=(),
        )
        return Kept(nothing, Looks())

    def _made(self, target: str, reach: Reach) -> Kept:
        parts = parts_of(target, reach)
        files = {
            module.found.path
            for module in self._modules.all(self._imported_by(reach.read))
            if module.found.path is not None
        }
        looks = Looks()
        found = CodeClosure(
            digest=Digest(digest_text(*(text for item in parts.items() for text in item))),
            parts=parts,
            files=tuple(sorted(files)),
            folders=tuple(sorted({path.parent for path in files})),
            distributions=frozenset(reach.distributions),
            literal_paths=literal_paths(reach, looks),
            dynamic=reach.reasons,
        )
        return Kept(found, looks)

    def _imported_by(self, names: Iterable[str]) -> set[str]:
        """Return modules with their packages and, for our own, all that they import: these are opened too.

        They do not count: nothing that importing a module of ours does matters to a step.
        """
        waiting = [name for given in names for name in _with_packages(given)]
        found = set(waiting)
        while waiting:
            name = waiting.pop()
            if name not in self._imports:
                inner = {part for each in self._imports_of(name) for part in _with_packages(each)}
                self._imports[name] = tuple(sorted(inner))
            new = [each for each in self._imports[name] if each not in found]
            found.update(new)
            waiting += new
        return found

    def _imports_of(self, name: str) -> Iterator[str]:
        module = self._modules.get(name)
        if module is None or not module.is_own:
            return
        for unit in module.facts.units:
            if "typing" not in unit.traits:
                for target in unit.loads:
                    base = module.absolute(target)
                    yield base
                    if target.name is not None:
                        yield f"{base}.{target.name}"

    def _points_of(self, group: str) -> tuple[str, ...]:
        if group not in self._groups:
            self._groups[group] = self.entry_points(group)
        return self._groups[group]

    # -- modules by their running names --------------------------------------------------------------------

    def _module(self, name: str) -> Module | None:
        """Return the module that goes by ``name`` in this process."""
        if name not in ("__main__", "__mp_main__"):
            return self._modules.get(name)
        running = self.locator.loaded.get(name)
        spec = getattr(running, "__spec__", None)
        if spec is not None:
            return self._modules.get(spec.name)
        file = getattr(running, "__file__", None)
        path = Path(file).absolute() if file is not None else None
        if path is None or self.locator.origin_of(path) != "first":
            return None
        self.locator.place(Found(path.stem, "first", path))
        return self._modules.get(path.stem)


def _with_packages(name: str) -> Iterator[str]:
    """Yield a module's packages, the outermost first, and the module."""
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _loaded_elsewhere(locator: Locator) -> tuple[str, ...]:
    """Return the first-party modules that are loaded at this moment, Penstock's own and tests left out, sorted."""
    names = []
    for name, module in dict(locator.loaded).items():
        path = getattr(module, "__file__", None)
        is_ours = name.partition(".")[0] in (OWN_PACKAGE, "__main__", "__mp_main__")
        if not path or not path.endswith(".py") or is_ours or is_test(name, Path(path)):
            continue
        if locator.origin_of(Path(path)) == "first":
            names.append(name)
    return tuple(sorted(names))


def _no_source(name: str, why: str) -> str:
    return (
        f"The source of {name} cannot be found {why}. Define steps and the classes of their values by plain "
        "statements in a module that lies in a file."
    )


def installed_entry_points(group: str) -> tuple[str, ...]:
    """Return the installed entry points of a group as ``name=module:attribute``, sorted."""
    return tuple(sorted(f"{point.name}={point.value}" for point in entry_points(group=group)))


def _name_of(definition: Callable[..., object]) -> str:
    return f"{definition.__module__}:{definition.__qualname__}"


def _top(qualified: str) -> str:
    return qualified.partition(".")[0].partition("[")[0]


def _related(definition: object) -> Iterator[tuple[str, str]]:
    """Yield what a function made at run time holds, as module and qualified name.

    A wrapper may go by the name of the function it wraps: its own code counts, and so do the functions and classes
    in its cells.
    """
    queue, seen = [definition], set[int]()
    while queue:
        item = queue.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, FunctionType):
            yield str(item.__globals__.get("__name__", "")), item.__code__.co_qualname
            queue += [getattr(item, "__wrapped__", None), *map(_content, item.__closure__ or ())]
        if isinstance(item, FunctionType | type):
            yield item.__module__, item.__qualname__


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return None
