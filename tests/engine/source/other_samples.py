"""Projects that look names up, make them at run time, or merely share constants."""

from __future__ import annotations

from typing import Final

DYNAMIC: Final[dict[str, str]] = {
    "steps.py": """\
import importlib
import sys

import family
import menu


def compute(x: int) -> int:
    total = importlib.import_module(f"option_{x % 2}").choose(x)
    total += getattr(menu, f"dish_{x % 2}")(x)
    total += sum(kind().value(x) for kind in family.Parent.__subclasses__())
    return total + sys.modules["menu"].dish_1(x)
""",
    "option_0.py": "def choose(value):\n    return value + 1\n",
    "option_1.py": "def choose(value):\n    return value + 2\n",
    "menu.py": "from kitchen import dish_0\n\n\ndef dish_1(value):\n    return value * 2\n",
    "kitchen.py": "def dish_0(value):\n    return value * 3\n",
    "family.py": "class Parent:\n    def value(self, value):\n        return value\n",
    "children.py": "from family import Parent\n\n\nclass Child(Parent):\n    def value(self, value):\n        return value + 4\n",
}

LOOKUP: Final[dict[str, str]] = {
    "steps.py": """\
import menu


def compute(x: int) -> int:
    return getattr(menu, f"dish_{x % 2}")(x) + pick(menu, "side") + DISHES[x % 2](x)


def pick(module, name):
    return getattr(module, name)


def names():
    return list(DISHES)


def unrelated(x):
    return x


DISHES = [getattr(menu, f"dish_{number}") for number in range(2)]
""",
    "menu.py": "from kitchen import dish_0\n\nside = 6\n\n\ndef dish_1(value):\n    return value * 2\n",
    "kitchen.py": "def dish_0(value):\n    return value * 3\n\n\ndef washing_up():\n    return 0\n",
    "elsewhere.py": "def nothing():\n    return 0\n",
}

WORKSHOP: Final[dict[str, str]] = {
    "steps.py": """\
import logging
from dataclasses import dataclass, field
from functools import cache, lru_cache

from catalogue import COLUMNS, METRICS, Metric, metric_named
from console import console

log = logging.getLogger(__name__)
PLAIN = Metric("plain", abs)
LIMITS = {"low": 1, "high": 9}


@dataclass
class Result:
    values: list[int] = field(default_factory=list)

    def add(self, value):
        self.values.append(value)
        return self


@cache
def squares(limit):
    return [value**2 for value in range(limit)]


def compute(x: int) -> int:
    log.info("computing %s", x)
    console.say("computing")
    columns = [*COLUMNS, "more"]
    columns.append("most")
    result = Result().add(x).add(len(columns))
    total = sum(result.values) + metric_named("double").of(x) + PLAIN.of(-x) + sum(squares(x))
    return total + sum(LIMITS[name] for name in sorted(LIMITS))


def other_step(x):
    log.info("other %s", x)
    console.say("other")
    columns = list(COLUMNS)
    columns.append("other")
    return len(columns) + METRICS["half"].of(x) + PLAIN.of(x) + len(squares(x)) + LIMITS["low"]


def report(x):
    lines = [name for name, metric in METRICS.items() if metric.of(x)]
    for name in COLUMNS:
        lines.append(name)
    return show(COLUMNS, METRICS, LIMITS) + len(lines)


def show(columns, metrics, limits):
    return len(columns) + sum(metric.of(1) for metric in metrics.values()) + limits["high"]


def run_all(x):
    return [compute(x), other_step(x), report(x)]


def main():
    print(run_all(3))


if __name__ == "__main__":
    main()
""",
    "catalogue.py": """\
from dataclasses import dataclass
from typing import Callable

COLUMNS = ["a", "b"]


@dataclass(frozen=True)
class Metric:
    name: str
    function: Callable[[int], int]

    def of(self, value):
        return self.function(value)


def double(value):
    return 2 * value


def half(value):
    return value // 2


METRICS = {metric.name: metric for metric in (Metric("double", double), Metric("half", half))}


def metric_named(name):
    if name not in METRICS:
        raise KeyError(f"{name} is none of {sorted(METRICS)}")
    return METRICS[name]
""",
    "console.py": """\
class Console:
    def say(self, text):
        return None


console = Console()
""",
    "driver.py": """\
import steps


def drive():
    return steps.run_all(2)


RESULTS = []
for _ in range(1):
    RESULTS.append(drive())
""",
}
