"""One file that needs nothing of this package, cut out of the modules that the package itself runs.

What the file does is so, by construction, what the package does. Only definitions that are reached are taken, word by
word; annotations do not count, for nothing evaluates them.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from inspect import getsource

from penstock.domain.errors import PipelineError, bounded

PACKAGE = "penstock"
_FUTURE = "from __future__ import annotations\n"


@dataclass(frozen=True)
class _Definition:
    """One statement at the top level: its lines, where it stands, the names it uses and the modules it imports."""

    text: str
    line: int
    uses: frozenset[str]
    imports: frozenset[str]


@dataclass(frozen=True)
class _Module:
    """Definitions by name; ``borrowed`` are names from the package, as (module, name), ``outside`` import statements."""

    definitions: Mapping[str, _Definition]
    borrowed: Mapping[str, tuple[str, str]]
    outside: Mapping[str, str]


@dataclass
class _Cut:
    """What was reached so far: module → names, import statements, names that others take, and what stands in the way."""

    allowed: frozenset[str]
    modules: dict[str, _Module] = field(default_factory=dict)
    taken: dict[str, dict[str, _Definition]] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)
    lent: set[tuple[str, str]] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


def cut_out(
    entries: Iterable[tuple[str, str]], *, libraries: Iterable[str], title: str, last: str = ""
) -> str:
    """Return the source of a module that holds the named definitions and all that they reach.

    Parameters
    ----------
    entries
        Pairs of module and name, each below this package.
    libraries
        Distributions beside the standard library that may be imported.
    title
        Docstring of the module.
    last
        Statements at its end.

    Raises
    ------
    PipelineError
        Something reached cannot stand alone: another library, a module of the package imported inside a function, one
        name that two modules lend. All faults are listed.
    """
    cut = _Cut(allowed=frozenset(libraries) | sys.stdlib_module_names)
    for module, name in entries:
        cut.lent.add((module, name))
        _reach(cut, module, name)
    owners = _owners(cut)
    if cut.faults:
        raise PipelineError(f"no single file can be cut: {bounded(sorted(set(cut.faults)))}")
    parts = [f'"""{title}"""\n', _FUTURE, "\n".join(sorted(cut.imports)) + "\n"]
    for module in _ordered(cut):
        parts += [f"# {module}\n", *_texts(cut, module, owners)]
    return "\n".join([*parts, last]).rstrip() + "\n"


def _reach(cut: _Cut, module: str, name: str) -> None:
    """Take what ``name`` means in ``module``, if anything: it may as well be a variable of a function."""
    if module not in cut.modules:
        cut.modules[module] = _parse(module)
        cut.taken[module] = {}
    source = cut.modules[module]
    if name in source.borrowed:
        _borrow(cut, module, name)
    elif name in source.outside:
        _allow(cut, module, source.outside[name].split()[1])
        cut.imports.add(source.outside[name])
    elif name in source.definitions and name not in cut.taken[module]:
        _take(cut, module, name)


def _borrow(cut: _Cut, module: str, name: str) -> None:
    origin, original = cut.modules[module].borrowed[name]
    cut.lent.add((origin, original))
    _reach(cut, origin, original)
    if original != name or original not in {
        **cut.modules[origin].definitions,
        **cut.modules[origin].borrowed,
    }:
        cut.faults.append(f"{module} takes {name} from {origin}, which is no definition of that name there")


def _take(cut: _Cut, module: str, name: str) -> None:
    definition = cut.modules[module].definitions[name]
    cut.taken[module][name] = definition
    for imported in sorted(definition.imports):
        _allow(cut, f"{module}.{name}", imported)
    for used in sorted(definition.uses):
        _reach(cut, module, used)


def _owners(cut: _Cut) -> dict[str, str]:
    """Decide whose each name is, where several modules have it: of the one that others take it from."""
    owners: dict[str, str] = {}
    for module in sorted(cut.taken):
        for name in cut.taken[module]:
            owner = owners.setdefault(name, module)
            if {(owner, name), (module, name)} <= cut.lent and owner != module:
                cut.faults.append(f"{name} stands in {owner} and in {module}")
            elif (module, name) in cut.lent:
                owners[name] = module
    return owners


def _texts(cut: _Cut, module: str, owners: Mapping[str, str]) -> list[str]:
    """Return the definitions of a module in their order; its own names that are another's too get its name."""
    texts = {one.line: one.text for one in cut.taken[module].values()}
    twice = [name for name in cut.taken[module] if owners[name] != module]
    for name in twice:
        own = f"{name}_of_{module.rpartition('.')[2]}"
        texts = {line: re.sub(rf"(?<![\w.]){name}\b", own, text) for line, text in texts.items()}
    return [texts[line] for line in sorted(texts)]


def _allow(cut: _Cut, who: str, imported: str) -> None:
    if imported.partition(".")[0] not in cut.allowed:
        cut.faults.append(f"{who} needs {imported}")


def _ordered(cut: _Cut) -> list[str]:
    """Return the modules of which something was taken, each behind those that it imports."""
    order: dict[str, None] = {}

    def visit(module: str) -> None:
        for origin, _ in sorted(cut.modules[module].borrowed.values()):
            if origin in cut.taken and origin not in order:
                visit(origin)
        order[module] = None

    for module in sorted(cut.taken):
        if module not in order:
            visit(module)
    return [module for module in order if cut.taken[module]]


def _parse(module: str) -> _Module:
    text = getsource(import_module(module))
    lines = text.splitlines(keepends=True)
    definitions: dict[str, _Definition] = {}
    borrowed: dict[str, tuple[str, str]] = {}
    outside: dict[str, str] = {}
    for statement in ast.parse(text).body:
        for name, origin, line in _imported(statement):
            if origin.partition(".")[0] == PACKAGE:
                borrowed[name] = (origin, line.split()[3])
            else:
                outside[name] = line
        definitions |= dict.fromkeys(_bound(statement), _definition(statement, lines))
    return _Module(definitions=definitions, borrowed=borrowed, outside=outside)


def _imported(statement: ast.stmt) -> Iterator[tuple[str, str, str]]:
    """Yield for each name that a statement imports: the name, the module it comes from, and a statement for it alone."""
    if isinstance(statement, ast.ImportFrom) and statement.module != "__future__":
        for alias in statement.names:
            yield (
                alias.asname or alias.name,
                str(statement.module),
                f"from {statement.module} import {_shown(alias)}",
            )
    elif isinstance(statement, ast.Import):
        for alias in statement.names:
            name = alias.asname or alias.name.partition(".")[0]
            yield name, alias.name, f"import {_shown(alias)}"


def _shown(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def _bound(statement: ast.stmt) -> list[str]:
    """List the names that a statement defines; tests such as ``if TYPE_CHECKING`` define nothing here."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]


def _definition(statement: ast.stmt, lines: list[str]) -> _Definition:
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(decorator.lineno for decorator in decorators)])
    nodes = list(_evaluated(statement))
    imports = {origin for node in nodes if isinstance(node, ast.stmt) for _, origin, _ in _imported(node)}
    return _Definition(
        text="".join(lines[first - 1 : statement.end_lineno]) + "\n",
        line=first,
        uses=frozenset(node.id for node in nodes if isinstance(node, ast.Name)),
        imports=frozenset(imports),
    )


def _evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree without its annotations."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _evaluated(child)
