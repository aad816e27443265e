"""Source of the small projects that the mutations edit; ``compute`` in ``steps.py`` is always the target."""

from __future__ import annotations

from typing import Final

STEPS: Final = '''\
"""Sample steps."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import settings as conf
import shapes
import tools.nested.deep
from counters import COUNTERS
from dispatch import describe
from helpers import greet as hello
from helpers import plus, scale
from lazy import by_table
from models import MODELS, Cubic
from pkg import exported, lazily
from stars import *

if TYPE_CHECKING:
    from unused import Nothing

# A comment on a constant.
CONSTANT = 7
DERIVED = CONSTANT * 2
FIRST, SECOND = 3, 4
ADD = partial(plus, 11)
NEGATE = lambda value: -value
UNRELATED = 5

try:
    from absent_library import fast
except ImportError:
    fast = None

if CONSTANT > 5:
    from high import level
else:
    from low import level


def twice(function):
    """Call a function twice."""

    def wrapped(value):
        return function(value) + function(value)

    return wrapped


def times(factor):
    def decorate(function):
        def wrapped(value):
            return factor * function(value)

        return wrapped

    return decorate


@twice
def decorated(value):
    return value + 1


@times(3)
def multiplied(value):
    return value


def make_adder(amount):
    def add(value):
        return value + amount

    return add


add_five = make_adder(5)


@dataclass(frozen=True)
class Config:
    """What to add."""

    offset: int = 13
    weights: list[int] = field(default_factory=lambda: [1, 2, 3])

    def __post_init__(self) -> None:
        object.__setattr__(self, "offset", self.offset + 1)

    @property
    def total(self) -> int:
        return self.offset + sum(self.weights)


def late(value):
    from delayed import delay

    return delay(value)


def kinds(value):
    match value % 3:
        case 0:
            return 100
        case 1:
            return 200
        case _:
            return 300


def gathered(value):
    return sum(scale(item) for item in range(value) if item != 1)


async def waited(value):
    return value + 17


def with_default(value, amount=CONSTANT):
    return value + amount


def unrelated(value):
    """Nobody calls this."""
    return value * UNRELATED


class Idle:
    def rest(self):
        return 0


def compute(x: int, extra: int = 5) -> int:
    """Add everything up."""
    # The order does not matter.
    config = Config()
    total = x + extra + scale(x) + hello("x") + exported(x) - lazily(x)
    total += DERIVED + FIRST + ADD(x) + NEGATE(x) + level(x)
    total += decorated(x) + multiplied(x) + add_five(x) + config.total + late(x) + kinds(x) + gathered(x)
    total += asyncio.run(waited(x)) + with_default(x) + (x if fast is None else fast(x))
    total += MODELS["linear"](x) + Cubic().predict(x) + conf.LIMIT + conf.nested["a"] + describe(x)
    total += shapes.Square(x).area() + shapes.Kind.SMALL.value + shapes.Point().x + len(shapes.Tagged.tags)
    total += tools.nested.deep.dig(x) + COUNTERS["one"] + starred(x) + STAR + by_table(x)
    return total + int(math.sqrt(x))
'''

HELPERS: Final = '''\
"""Helpers of the sample steps."""

from functools import cache

from deeper import deepest


def scale(value, factor=2):
    """Scale a value."""
    return inner(value) * factor


def inner(value):
    return deepest(value) + 1  # one more


def plus(left, right):
    return left + right


@cache
def greet(name):
    return len(f"hello {name}")


def idle():
    return "nothing"
'''

MODELS: Final = """\
from base import Model


def linear(value):
    return 3 * value


def constant(value):
    return 42


MODELS = {"linear": linear, "constant": constant}


class Cubic(Model):
    power = 3

    def __init__(self):
        super().__init__()
        self.start = 1

    def raised(self, value):
        return value**self.power

    @classmethod
    def unit(cls):
        return 1

    @staticmethod
    def rest():
        return 2
"""

BASE: Final = """\
class Root:
    shift = 10

    def __init__(self):
        self.bias = 4

    def finish(self, value):
        return value + self.shift


class Model(Root):
    def predict(self, value):
        return self.finish(self.raised(value)) + self.start + self.bias + self.unit() + self.rest()
"""

SHAPES: Final = '''\
from enum import Enum
from typing import NamedTuple


class Stamped(type):
    def __call__(cls, *args):
        made = super().__call__(*args)
        made.stamp = 6
        return made


class Doubled:
    """A descriptor."""

    def __get__(self, instance, owner):
        return 2 * instance.side


class Square(metaclass=Stamped):
    double = Doubled()

    def __init__(self, side):
        self.side = side

    def __add__(self, other):
        return self.side + other

    def __getattr__(self, name):
        return len(name)

    def __call__(self):
        return 9

    def area(self):
        return self.side**2 + self.stamp + self.double + (self + 1) + self.missing + self()


class Kind(Enum):
    SMALL = 1
    LARGE = 2


class Point(NamedTuple):
    x: int = 8


class Tagged:
    tags = ["a"]
    tags.append("b")
'''

SETTINGS: Final = """\
LIMIT = 19
LIMIT += 1
nested = {"a": 1, "b": 2}
other = 3
"""

DISPATCH: Final = """\
from functools import singledispatch


@singledispatch
def describe(value):
    return 0


@describe.register
def _(value: int):
    return 21
"""

COUNTERS: Final = """\
COUNTERS = {}


def count(name, amount):
    COUNTERS[name] = amount


for position, name in enumerate(["zero", "one"]):
    count(name, position + 30)
"""

LAZY: Final = """\
from importlib import import_module

_HOMES = {"by_table": "table_home", "unused": "unused"}


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(_HOMES[name]), name)
"""

PKG_INIT: Final = '''\
"""A package that exports lazily and eagerly."""

from .impl import exported

import pkg.sibling


def __getattr__(name):
    if name == "lazily":
        from .lazy_impl import lazily

        return lazily
    raise AttributeError(name)
'''

PLAIN: Final[dict[str, str]] = {
    "steps.py": STEPS,
    "helpers.py": HELPERS,
    "deeper.py": "def deepest(value):\n    return value + 2\n\n\ndef other(value):\n    return value\n",
    "models.py": MODELS,
    "base.py": BASE,
    "shapes.py": SHAPES,
    "settings.py": SETTINGS,
    "dispatch.py": DISPATCH,
    "counters.py": COUNTERS,
    "lazy.py": LAZY,
    "table_home.py": "def by_table(value):\n    return value + 33\n",
    "delayed.py": "def delay(value):\n    return value + 12\n",
    "high.py": "def level(value):\n    return value + 14\n",
    "low.py": "def level(value):\n    return value + 15\n",
    "stars.py": "STAR = 18\n\n\ndef starred(value):\n    return value + STAR\n",
    "unused.py": "class Nothing:\n    pass\n",
    "pkg/__init__.py": PKG_INIT,
    "pkg/impl.py": "from .constants import AMOUNT\n\n\ndef exported(value):\n    return value + AMOUNT\n",
    "pkg/constants.py": "AMOUNT = 23\nREST = 1\n",
    "pkg/lazy_impl.py": "from pkg import constants as c\n\n\ndef lazily(value):\n    return value * c.AMOUNT\n",
    "pkg/sibling.py": "import pkg.constants\n\n\ndef sibling(value):\n    return value\n",
    "tools/nested/deep.py": "from ..shallow import dug\n\n\ndef dig(value):\n    return dug(value) + 24\n",
    "tools/shallow.py": "def dug(value):\n    return value + 25\n",
    "README.md": "# A sample\n",
    "test_steps.py": "import steps\n\n\ndef test_compute():\n    assert steps.compute(2)\n",
}
