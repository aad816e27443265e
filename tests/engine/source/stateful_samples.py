"""A project whose modules register and change things at a distance."""

from __future__ import annotations

from typing import Final

REGISTRY: Final[dict[str, str]] = {
    "steps.py": """\
import families
import hooks
import registry
from rules import CURRENT, Rules


def compute(x: int) -> int:
    total = sum(operation(x) for operation in registry.OPERATIONS.values())
    total += 10 * sum(position * value for position, value in enumerate(registry.ORDER, 1))
    total += Rules.apply(x) + CURRENT.level + hooks.run(x) + registry.sized() + registry.later(x)
    return total + sum(kind.weight for kind in families.KINDS.values()) + sum(families.NAMES.values())


def unrelated(x):
    return x
""",
    "families.py": """\
KINDS = {}


class Family:
    weight = 1

    def __init_subclass__(cls):
        KINDS[cls.__name__] = cls


class Meta(type):
    def __new__(cls, name, bases, body):
        made = super().__new__(cls, name, bases, body)
        NAMES[name] = body.get("size", 0)
        return made


NAMES = {}


class Member(metaclass=Meta):
    size = 2
""",
    "registry.py": """\
import contextvars
import itertools
import math

OPERATIONS = {}
ORDER = []
SIZE = 1


def operation(name):
    def register(function):
        OPERATIONS[name] = function
        return function

    return register


def resize(size):
    global SIZE
    SIZE = size


def sized():
    return SIZE


MODE = contextvars.ContextVar("mode", default=0)
NUMBERS = itertools.count(5)
FLAGS = {"a": 1}


class Board:
    def __init__(self):
        self.notes = []

    def get(self, note):
        self.notes.append(note)
        return note

    def total(self):
        return sum(self.notes)


BOARD = Board()
append_flag = FLAGS.update


def remember(value, kept=[]):
    kept.append(value)
    return sum(kept)


def later(value):
    total = MODE.get() + next(NUMBERS) + sum(FLAGS.values()) + BOARD.total() + remember(0)
    return total + math.floor(2.5)
""",
    "rules.py": """\
class Rules:
    known = {}

    @classmethod
    def add(cls, name, rule):
        cls.known[name] = rule

    @classmethod
    def apply(cls, value):
        return sum(rule(value) for rule in cls.known.values())


class State:
    def __init__(self):
        self.level = 0

    def raise_to(self, level):
        self.level = level


CURRENT = State()
""",
    "hooks.py": """\
def make_hooks():
    kept = []

    def add(function):
        kept.append(function)
        return function

    def call(value):
        return sum(function(value) for function in kept)

    return add, call


add, run = make_hooks()
""",
    "plugin.py": """\
import api
import families
import registry
import rules
from hooks import add
from registry import operation
from support import amount


@operation("double")
def double(value):
    return value * amount()


@api.shorthand
def triple(value):
    return value * 3


@add
def hooked(value):
    return value + 40


def rule(value):
    return value + 50


def idle(value):
    return value


class Cousin(families.Family):
    weight = 11


class Niece(families.Member):
    size = 12


rules.Rules.add("first", rule)
rules.CURRENT.raise_to(60)
registry.ORDER.append(7)
registry.ORDER += [8, 9]
registry.resize(70)
""",
    "trick.py": "import families\nimport registry\nimport rules\n",
    "api.py": """\
from registry import operation


def shorthand(function):
    return operation(function.__name__)(scaled(function))


def scaled(function):
    def wrapped(value):
        return 5 * function(value)

    return wrapped
""",
    "support.py": "def amount():\n    return 2\n",
    "patch.py": "import registry\n\n\ndef patched():\n    return 80\n\n\nregistry.sized = patched\n",
    "bystander.py": "import registry\n\nNAMES = []\nNAMES.append('x')\n\n\ndef look():\n    return len(registry.OPERATIONS)\n",
}
