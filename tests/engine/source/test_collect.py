from __future__ import annotations

import symtable
from collections.abc import Iterator
from pathlib import Path

import pytest

import penstock
from penstock.engine.source.facts import Target, Unit, Use
from penstock.engine.source.units import module_facts

STDLIB = Path(symtable.__file__).parent
FILES = [
    *(
        STDLIB / f"{name}.py"
        for name in ("argparse", "ast", "dataclasses", "enum", "functools", "inspect", "typing")
    ),
    *sorted((STDLIB / "asyncio").glob("*.py")),
    *sorted((STDLIB / "concurrent" / "futures").glob("*.py")),
    *sorted((Path(penstock.__file__).parent / "engine").rglob("*.py")),
]
SPECIAL = {"__class__"}
"""The compiler binds it within methods."""


def unit_of(source: str) -> Unit:
    return module_facts(source.encode(), "m.py").units[-1]


def roots(source: str, *kinds: str) -> set[str | Target]:
    return {use.root for use in unit_of(source).uses if not kinds or use.kind in kinds}


def chains(source: str, *kinds: str) -> set[tuple[str | Target, tuple[str, ...]]]:
    return {(use.root, use.attrs) for use in unit_of(source).uses if use.kind in kinds}


def global_names(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols() if table.get_name() != "top" else ():
        if symbol.is_global() and symbol.is_referenced():
            yield symbol.get_name()
    for child in table.get_children():
        yield from global_names(child)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_agrees_with_the_compiler_about_global_names(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    table = symtable.symtable(source, str(path), "exec")
    at_top = {symbol.get_name() for symbol in table.get_symbols()}
    wanted = {name for child in table.get_children() for name in global_names(child)}
    facts = module_facts(source.encode(), str(path))
    used = {use.root for unit in facts.units for use in unit.uses if isinstance(use.root, str)}
    needed = {use.root for unit in facts.units for use in unit.uses if use.kind != "soft"}
    assert wanted - used <= SPECIAL
    assert {name for name in needed if isinstance(name, str)} - wanted - at_top <= SPECIAL


SCOPES = {
    "parameter": ("def f(a, /, b, *c, d=g, **e):\n    return a, b, c, d, e\n", {"g"}),
    "assignment": ("def f():\n    a = b\n    a += c\n    return a\n", {"b", "c"}),
    "use before binding": ("def f():\n    print(a)\n    a = 1\n", {"print"}),
    "nested function": ("def f(a):\n    def g(b):\n        return a, b, c\n    return g\n", {"c"}),
    "comprehension": ("def f():\n    return [a + b for a in c if a]\n", {"b", "c"}),
    "assignment expression": ("def f():\n    return [a := b for c in d] and a\n", {"b", "d"}),
    "class attribute": ("class C:\n    a = 1\n    def f(self):\n        return a\n", {"a"}),
    "exception": ("def f():\n    try:\n        a()\n    except B as e:\n        return e\n", {"a", "B"}),
    "with": ("def f():\n    with a() as b, c as (d, e):\n        return b, d, e\n", {"a", "c"}),
    "match": (
        """
def f(a):
    match a:
        case {'k': b, **c}: return b, c
        case [d, *e]: return d, e
        case G(x=h) as i: return h, i
        case J.K: return 1
""",
        {"G", "J"},
    ),
    "import": ("def f():\n    import a.b, c as d\n    return a, d\n", set()),
    "global": ("def f():\n    global a\n    a = b\n", {"a", "b"}),
    "nonlocal": (
        "def f():\n    a = 1\n    def g():\n        nonlocal a\n        a = b\n    return g\n",
        {"b"},
    ),
    "lambda": ("f = lambda a, b=c: a + b + d\n", {"c", "d"}),
    "decorator and base": ("@a(b)\nclass C(D, metaclass=E):\n    pass\n", {"a", "b", "D", "E"}),
    "annotation": ("def f(a: 'B[C]', b: D = e) -> G: ...\n", {"B", "C", "D", "e", "G"}),
    "text that is no annotation": ("def f():\n    return 'B'\n", set()),
    "formatted text": ("def f(a):\n    return f'{a!r:{b}} {c()}'\n", {"b", "c"}),
    "deletion": ("def f():\n    a = b\n    del a\n", {"b"}),
    "loop": ("def f():\n    for a, (b, c) in d:\n        e = a, b, c\n    else:\n        return e\n", {"d"}),
    "await": ("async def f(a):\n    async for b in c(a):\n        await d(b)\n", {"c", "d"}),
}


@pytest.mark.parametrize(("source", "expected"), SCOPES.values(), ids=SCOPES.keys())
def test_names_that_leave_a_scope(source: str, expected: set[str]) -> None:
    assert {root for root in roots(source) if isinstance(root, str)} == expected


def test_local_imports_become_targets() -> None:
    source = "def f():\n    from .a import b as c\n    import d.e\n    return c.x(), d.e.y\n"
    assert chains(source, "call", "read") == {
        (Target(1, "a", "b"), ("x",)),
        (Target(0, "d", None), ("e", "y")),
    }
    assert unit_of(source).inner_loads == (Target(1, "a", "b"), Target(0, "d.e", None))
    assert unit_of(source).loads == ()


def test_top_level_imports_bind() -> None:
    unit = unit_of("try:\n    import a.b as c\nexcept ImportError:\n    from d import *\n    c = None\n")
    assert unit.imports == (("c", Target(0, "a.b", None)),)
    assert unit.stars == (Target(0, "d", None),)
    assert unit.loads == (Target(0, "a.b", None), Target(0, "d", None))
    assert unit.names == ("c",)


CHANGES = {
    "attribute": ("def f():\n    m.x = 1\n", ("m", ("x",))),
    "item": ("def f():\n    m.x['a'] = 1\n", ("m", ("x", "[]"))),
    "deletion": ("def f():\n    del m.x\n", ("m", ("x",))),
    "loop target": ("def f():\n    for m.x in y: ...\n", ("m", ("x",))),
    "setattr": ("def f():\n    setattr(m, 'x', 1)\n", ("m", ("x",))),
    "setattr of a variable": ("def f(n):\n    setattr(m, n, 1)\n", ("m", ("*",))),
    "vars": ("def f(n):\n    vars(m)[n] = 1\n", ("m", ("__dict__", "[]"))),
    "alias": ("def f():\n    a = m.x\n    b = a\n    b.y = 1\n", ("m", ("x", "y"))),
    "loop variable": ("def f():\n    for a in m:\n        a.y = 1\n", ("m", ("[]", "y"))),
    "loop over a display": ("def f():\n    for a in (m, n):\n        a.y = 1\n", ("m", ("y",))),
    "loop over items": (
        "def f():\n    for k, v in m.items():\n        v.y = 1\n",
        ("m", ("[]", "[]", "[]", "y")),
    ),
    "loop with counter": ("def f():\n    for i, a in enumerate(m):\n        a.y = 1\n", ("m", ("[]", "y"))),
    "with": ("def f():\n    with m as a:\n        a.y = 1\n", ("m", ("y",))),
    "condition": ("def f(c):\n    a = m if c else n\n    a.y = 1\n", ("m", ("y",))),
    "unpacking": ("def f():\n    a, b = m, n\n    a.y = 1\n", ("m", ("y",))),
    "get": ("def f():\n    a = m.get(1)\n    a.y = 1\n", ("m", ("[]", "y"))),
    "container": ("def f():\n    a = [m]\n    a[0].y = 1\n", ("m", ("y",))),
    "top level": ("for a in (m,):\n    a.y = 1\n", ("m", ("y",))),
    "inner function": ("def f():\n    a = m\n    def g():\n        a.y = 1\n    g()\n", ("m", ("y",))),
    "loaded module": ("def f():\n    sys.modules['m'].y = 1\n", (Target(0, "m", None), ("y",))),
    "module imported by name": ("def f():\n    import_module('m').y = 1\n", (Target(0, "m", None), ("y",))),
}


@pytest.mark.parametrize(("source", "expected"), CHANGES.values(), ids=CHANGES.keys())
def test_changes_are_traced_to_global_names(
    source: str, expected: tuple[str | Target, tuple[str, ...]]
) -> None:
    assert expected in chains(source, "store")


def test_rebinding_a_local_name_changes_nothing() -> None:
    assert chains("def f():\n    a = m\n    a = 1\n", "store", "call") == set()


def test_aliases_of_themselves_end() -> None:
    source = "def f(n):\n    while n:\n        n = n.next or n.other\n        n.next = n = n.last\n"
    assert chains(source, "store") == set()


def test_calls_say_how_they_are_used() -> None:
    source = "@a\ndef f(x=b()):\n    c()\n    return d()\n"
    assert {(use.root, use.kind, use.now) for use in unit_of(source).uses} == {
        ("a", "decorate", True),
        ("b", "call", True),
        ("c", "do", False),
        ("d", "call", False),
    }


def test_strings_and_paths_are_kept() -> None:
    strings = unit_of("def f(p):\n    'doc'\n    return p / 'a' / 'b.csv', 'c', 'd\\n', ''\n").strings
    assert set(strings) == {"a", "b.csv", "a/b.csv", "c"}


def test_a_group_of_entry_points_is_kept() -> None:
    unit = unit_of("def f():\n    return entry_points(group='a.b'), entry_points(group=NAME)\n")
    assert unit.groups == (Use("", ("a.b",), "read", False), Use("NAME", (), "read", False))
