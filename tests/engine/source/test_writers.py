from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import pytest

from penstock.engine.source import CodeClosure

MakeClosure: TypeAlias = Callable[[Mapping[str, str]], CodeClosure]

STATE = """\
from dataclasses import dataclass, field
import collections, logging, re, threading
from contextvars import ContextVar

TABLE = {"a": 1}
NESTED = {"a": {"b": 1}}
LIST = [1]
PAIR = (1, [2])
NUMBER = 3
OTHER_NAME = TABLE
HOLDER = [TABLE]
PATTERN = re.compile("a")
LOGGER = logging.getLogger("a")
MODE = ContextVar("mode")
DEQUE = collections.deque()


class Plain:
    limit = 1
    def __init__(self, table):
        self.table = table
    def read(self):
        return self.table
    def change(self):
        self.table["a"] = 2
    def change_indirectly(self):
        self.change()
    def swap(self, table):
        table["a"] = 2


class Shared:
    known = {}
    @classmethod
    def add(cls, name):
        cls.known[name] = 1
    @classmethod
    def get(cls, name):
        return cls.known.get(name)


class Derived(Shared):
    pass


@dataclass(frozen=True)
class Frozen:
    names: tuple[str, ...] = ()
    def apply(self, x):
        return x


OBJECT = Plain({})
FROZEN = Frozen()


def reads(table):
    return sorted(table)


def changes(table):
    table["a"] = 2


def passes_on(table):
    return changes(table)


def given_by_name(x, *, table):
    table.clear()


def keeps(value, kept=[]):
    kept.append(value)
    return kept


def hands_out():
    return TABLE


def make_counter():
    count = 0
    def advance():
        nonlocal count
        count += 1
        return count
    return advance


COUNT = make_counter()
ADD = LIST.append
"""

CHANGING = {
    "TABLE": {
        "item": "s.TABLE['x'] = 1",
        "augmented item": "s.TABLE['x'] += 1",
        "deleted item": "del s.TABLE['x']",
        "method": "s.TABLE.update(x=1)",
        "in place": "s.TABLE |= {}",
        "imported, in place": "from state import TABLE\nTABLE |= {}",
        "rebound": "s.TABLE = {}",
        "setattr": "setattr(s, 'TABLE', {})",
        "setattr by a variable": "for n in 'x': setattr(s, n, {})",
        "in a function": "def f():\n    s.TABLE['x'] = 1",
        "in a lambda": "f = lambda: s.TABLE.clear()",
        "in a method": "class C:\n    def f(self):\n        s.TABLE['x'] = 1",
        "in a nested function": "def f():\n    def g():\n        s.TABLE['x'] = 1\n    return g",
        "other name": "s.OTHER_NAME['x'] = 1",
        "holder": "s.HOLDER[0]['x'] = 1",
        "handed to a function": "s.changes(s.TABLE)",
        "handed on": "s.passes_on(s.TABLE)",
        "handed by name": "s.given_by_name(1, table=s.TABLE)",
        "handed to a local function": "def f():\n    def g(t):\n        t['x'] = 1\n    g(s.TABLE)",
        "handed to a class": "s.Plain(s.TABLE).change()",
        "handed to a method": "s.OBJECT.swap(s.TABLE)",
        "handed out": "s.hands_out()['x'] = 1",
        "by an operator": "import operator\noperator.setitem(s.TABLE, 'x', 1)",
        "by a type": "dict.update(s.TABLE, x=1)",
        "module handed on": "def f(m):\n    m.TABLE = 1\nf(s)",
        "module handed to a library": "from unittest import mock\nmock.patch.object(s, 'TABLE', {}).start()",
        "globals of the module": "vars(s)['TABLE'] = 1",
    },
    "NESTED": {"inner item": "s.NESTED['a']['b'] = 2", "inner method": "s.NESTED['a'].update(b=2)"},
    "LIST": {"bound method": "s.ADD(2)", "loop": "for i in 'ab': s.LIST.append(i)"},
    "PAIR": {"inside a tuple": "s.PAIR[1].append(3)"},
    "NUMBER": {"rebound": "s.NUMBER = 4", "augmented": "s.NUMBER += 1"},
    "OBJECT": {
        "method": "s.OBJECT.change()",
        "method that calls it": "s.OBJECT.change_indirectly()",
        "attribute": "s.OBJECT.table = {}",
        "unbound": "s.Plain.change(s.OBJECT)",
    },
    "Shared": {
        "class method": "s.Shared.add('x')",
        "class method of a derived class": "s.Derived.add('x')",
        "item of a class attribute": "s.Shared.known['x'] = 1",
        "attribute": "s.Shared.known = {}",
        "setattr": "setattr(s.Shared, 'known', {})",
    },
    "keeps": {"call": "s.keeps(1)"},
    "COUNT": {"call": "s.COUNT()"},
    "MODE": {"set": "s.MODE.set(1)"},
    "DEQUE": {"method": "s.DEQUE.appendleft(1)"},
    "reads": {"replaced": "s.reads = len", "attribute": "s.reads.__doc__ = 'x'"},
}

READING = {
    "TABLE": {
        "item": "x = s.TABLE['a']",
        "method": "x = list(s.TABLE.items())",
        "loop": "for k in s.TABLE: pass",
        "copy": "x = dict(s.TABLE)\nx['a'] = 2",
        "copy by method": "x = s.TABLE.copy()\nx['a'] = 2",
        "copy by display": "x = {**s.TABLE, 'b': 2}\nx['a'] = 2",
        "copy by display in a function": "def f():\n    x = {**s.TABLE}\n    x['a'] = 2",
        "item replaced": "x = [s.TABLE]\nx[0] = 2\n\n\ndef f():\n    y = [s.TABLE]\n    y[0] = 2",
        "handed to a reader": "s.reads(s.TABLE)",
        "handed to a library": "import json\nx = json.dumps(s.TABLE)",
        "handed to an unknown method": "def f(frame):\n    return frame.select(s.TABLE)",
        "membership": "x = 'a' in s.TABLE and len(s.TABLE)",
        "formatted": "x = f'{s.TABLE}'",
    },
    "NUMBER": {
        "sum": "x = s.NUMBER + 1",
        "local counter": "def f():\n    n = s.NUMBER\n    n += 1\n    return n",
        "handed on": "s.changes(s.NUMBER)",
    },
    "OBJECT": {"method": "x = s.OBJECT.read()"},
    "FROZEN": {"method": "x = s.FROZEN.apply(1)", "returned": "def f():\n    return s.FROZEN"},
    "PATTERN": {"method": "x = s.PATTERN.scanner('a')"},
    "LOGGER": {"method": "s.LOGGER.info('a')\ns.LOGGER.setLevel(1)"},
    "MODE": {"get": "x = s.MODE.get()"},
    "Shared": {"reader": "x = s.Shared.get('a')", "derived": "class C(s.Plain):\n    pass"},
    "Plain": {"made": "x = s.Plain({})", "method": "x = s.Plain({}).change()"},
    "reads": {"called": "x = s.reads({})", "handed on": "x = map(s.reads, [])"},
}


def closure_with(closure_of: MakeClosure, name: str, text: str) -> CodeClosure:
    return closure_of(
        {
            "steps.py": f"import state\n\n\ndef compute(x):\n    return state.{name}\n",
            "state.py": STATE,
            "beside.py": f"import state as s\n\n{text}\n",
        }
    )


def cases(table: Mapping[str, Mapping[str, str]]) -> list[tuple[str, str]]:
    return [(name, text) for name, texts in table.items() for text in texts.values()]


def ids(table: Mapping[str, Mapping[str, str]]) -> list[str]:
    return [f"{name}: {label}" for name, texts in table.items() for label in texts]


@pytest.mark.parametrize(("name", "text"), cases(CHANGING), ids=ids(CHANGING))
def test_what_changes_state_counts(closure_of: MakeClosure, name: str, text: str) -> None:
    parts = closure_with(closure_of, name, text).parts
    assert any(part.startswith("beside:") for part in parts)


@pytest.mark.parametrize(("name", "text"), cases(READING), ids=ids(READING))
def test_what_reads_state_does_not_count(closure_of: MakeClosure, name: str, text: str) -> None:
    parts = closure_with(closure_of, name, text).parts
    assert not any(part.startswith("beside:") for part in parts)


def test_callers_of_what_changes_state_count(closure_of: MakeClosure) -> None:
    parts = closure_with(
        closure_of,
        "TABLE",
        "def put(name):\n    s.TABLE[name] = 1\n\n\ndef put_all():\n    put('a')\n\n\ndef main():\n    put_all()\n\n\n"
        "def other():\n    return s.TABLE['a']",
    ).parts
    assert {"beside:put", "beside:put_all", "beside:main"} <= set(parts)
    assert "beside:other" not in parts


def test_decorators_that_register_count_with_what_they_register(closure_of: MakeClosure) -> None:
    parts = closure_with(
        closure_of,
        "TABLE",
        "def known(name):\n    def keep(f):\n        s.TABLE[name] = f\n        return f\n    return keep\n\n\n"
        "def helper(x):\n    return x\n\n\n@known('a')\ndef one(x):\n    return helper(x)\n\n\ndef two(x):\n    return x",
    ).parts
    assert {"beside:known", "beside:one", "beside:helper"} <= set(parts)
    assert "beside:two" not in parts
