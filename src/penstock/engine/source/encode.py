"""Facts as JSON and back, for the cache on disk."""

from __future__ import annotations

import json
from typing import Any

from penstock.engine.source.facts import Method, ModuleFacts, Pass, Target, Unit, Use, Value


def dumps(facts: ModuleFacts) -> str:
    """Return the facts as JSON."""
    body = [
        [_unit(unit) for unit in facts.units],
        facts.future,
        facts.docs,
        facts.tables,
        facts.texts,
    ]
    return json.dumps(body, separators=(",", ":"))


def loads(text: str) -> ModuleFacts:
    """Return the facts that :func:`dumps` wrote.

    Raises
    ------
    ValueError, TypeError, KeyError, IndexError
        If the text is anything else.
    """
    units, future, docs, tables, texts = json.loads(text)
    return ModuleFacts(
        units=tuple(_read_unit(unit) for unit in units),
        future=tuple(future),
        docs=docs,
        tables=tables,
        texts=texts,
    )


def _unit(unit: Unit) -> list[object]:
    names = [unit.names, unit.imports, unit.stars, unit.loads, unit.inner_loads]
    uses = [unit.uses, unit.passes, unit.groups, unit.value]
    texts = [unit.strings, sorted(unit.traits), unit.dynamic, unit.params, unit.mutated, unit.changers]
    inside = [unit.self_calls, unit.methods, unit.inside_changed]
    return [unit.kind, unit.digest, unit.docs, names, uses, texts, inside]


def _read_unit(item: Any) -> Unit:
    kind, digest, docs, names, uses, texts, inside = item
    bound, imports, stars, loads_now, inner_loads = names
    used, passes, groups, (value, refs) = uses
    self_calls, methods, inside_changed = inside
    strings, traits, dynamic, params, mutated, changers = map(tuple, texts)
    return Unit(
        kind=kind,
        digest=digest,
        docs=docs,
        names=tuple(bound),
        imports=tuple((name, Target(*target)) for name, target in imports),
        stars=tuple(Target(*target) for target in stars),
        loads=tuple(Target(*target) for target in loads_now),
        inner_loads=tuple(Target(*target) for target in inner_loads),
        uses=_uses(used),
        passes=tuple(_read_pass(item) for item in passes),
        groups=_uses(groups),
        value=Value(value, _uses(refs)),
        strings=strings,
        traits=frozenset(traits),
        dynamic=dynamic,
        params=params,
        mutated=mutated,
        changers=changers,
        self_calls=tuple((method, called) for method, called in self_calls),
        methods=tuple(_read_method(*method) for method in methods),
        inside_changed=tuple(inside_changed),
    )


def _uses(items: Any) -> tuple[Use, ...]:
    return tuple(Use(_root(root), tuple(attrs), kind, now) for root, attrs, kind, now in items)


def _read_pass(item: Any) -> Pass:
    root, attrs, callee, callee_attrs, slot, param = item
    return Pass(_root(root), tuple(attrs), _root(callee), tuple(callee_attrs), slot, param)


def _read_method(name: str, params: Any, mutated: Any, kept: Any) -> Method:
    return Method(name, tuple(params), tuple(mutated), tuple((attr, param) for attr, param in kept))


def _root(root: Any) -> str | Target:
    return root if isinstance(root, str) else Target(*root)
