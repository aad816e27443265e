"""Cuts a source file into units and gathers the facts about each."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from penstock.engine.source.collect import Collector
from penstock.engine.source.facts import UNKNOWN, ModuleFacts, Unit, UnitKind, Value
from penstock.engine.source.normal import Normaliser, bare_string, digest_text
from penstock.engine.source.syntax import constant_text, is_main_test, is_typing_test
from penstock.engine.source.values import together, value_of

_KINDS: dict[type[ast.stmt], UnitKind] = {
    ast.Import: "import",
    ast.ImportFrom: "import",
    ast.FunctionDef: "function",
    ast.AsyncFunctionDef: "function",
    ast.ClassDef: "class",
}


def module_facts(source: bytes, path: str) -> ModuleFacts:
    """Parse one file.

    Raises
    ------
    SyntaxError
        If the running Python cannot parse it.
    """
    tree = ast.parse(source, filename=path)
    normaliser = Normaliser()
    return ModuleFacts(
        units=tuple(_unit(statement, flags, normaliser) for statement, flags in _statements(tree.body)),
        future=_future(tree),
        docs=digest_text(*(text for node in tree.body if (text := bare_string(node)) is not None)),
        tables={name: table for name, node in _assigned(tree) if (table := _text_table(node))},
        texts={name: text for name, node in _assigned(tree) if (text := constant_text(node)) is not None},
    )


def _statements(
    body: Sequence[ast.stmt], flags: frozenset[str] = frozenset()
) -> Iterator[tuple[ast.stmt, frozenset[str]]]:
    for statement in body:
        if isinstance(statement, ast.If) and is_typing_test(statement.test):
            yield from _statements(statement.body, flags | {"typing"})
            yield from _statements(statement.orelse, flags)
        elif isinstance(statement, ast.If) and is_main_test(statement.test):
            yield from _statements(statement.body, flags | {"guard"})
            yield from _statements(statement.orelse, flags)
        elif not (
            _is_future(statement) or isinstance(statement, ast.Pass) or bare_string(statement) is not None
        ):
            yield statement, flags


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _future(tree: ast.Module) -> tuple[str, ...]:
    return tuple(
        sorted(
            alias.name
            for statement in tree.body
            if isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
            for alias in statement.names
        )
    )


def _unit(statement: ast.stmt, flags: frozenset[str], normaliser: Normaliser) -> Unit:
    collector = Collector()
    collector.read(statement)
    digest, docs = normaliser.digests(statement)
    found = collector.found
    return Unit(
        kind=_kind(statement),
        digest=digest,
        docs=docs,
        names=tuple(sorted(collector.module.bound)),
        imports=tuple(collector.imports),
        stars=tuple(collector.stars),
        loads=tuple(collector.loads),
        inner_loads=tuple(collector.inner_loads),
        uses=tuple(found.uses),
        passes=tuple(found.passes),
        strings=tuple(collector.strings),
        traits=frozenset(found.traits) | flags,
        dynamic=tuple(collector.dynamic),
        groups=tuple(collector.groups),
        value=_value(statement),
        params=found.params,
        mutated=tuple(sorted(found.mutated)),
        changers=tuple(
            sorted(found.changers | (set() if "frozen" in found.traits else found.perhaps_changers))
        ),
        self_calls=tuple(sorted(found.self_calls)),
        methods=tuple(found.methods),
        inside_changed=tuple(sorted(found.changed_through_self)),
    )


def _kind(statement: ast.stmt) -> UnitKind:
    if (kind := _KINDS.get(type(statement))) is not None:
        return kind
    return "value" if _is_plain_assignment(statement) or hasattr(statement, "type_params") else "code"


def _is_plain_assignment(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.AnnAssign):
        return isinstance(statement.target, ast.Name)
    return isinstance(statement, ast.Assign) and all(_are_names(target) for target in statement.targets)


def _are_names(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return all(_are_names(item) for item in target.elts)
    return isinstance(target, ast.Name | ast.Starred)


def _value(statement: ast.stmt) -> Value:
    if isinstance(statement, ast.Assign | ast.AugAssign):
        return value_of(statement.value)
    if isinstance(statement, ast.AnnAssign):
        return value_of(statement.value) if statement.value is not None else Value("frozen", ())
    if isinstance(statement, ast.If | ast.Try):
        return together(_value(inner) for inner in _inner_statements(statement))
    bindings = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    harmless = (*bindings, ast.Pass, ast.Expr, ast.Raise, ast.Assert, ast.Delete)
    return Value("frozen", ()) if isinstance(statement, harmless) else UNKNOWN


def _inner_statements(statement: ast.If | ast.Try) -> list[ast.stmt]:
    inner = [*statement.body, *statement.orelse]
    if isinstance(statement, ast.Try):
        inner += [*statement.finalbody, *(item for handler in statement.handlers for item in handler.body)]
    return inner


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            if isinstance(target, ast.Name):
                yield target.id, statement.value


def _text_table(node: ast.expr) -> dict[str, str]:
    if not isinstance(node, ast.Dict):
        return {}
    pairs = [
        (constant_text(key) if key is not None else None, constant_text(value))
        for key, value in zip(node.keys, node.values, strict=True)
    ]
    table = {key: value for key, value in pairs if key is not None and value is not None}
    return table if len(table) == len(pairs) else {}
