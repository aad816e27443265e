"""Named edits of small projects: what changes a result, and what never does.

The table knows nothing of the analysis, so that proofs may run it against whole pipelines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.source.other_samples import DYNAMIC, LOOKUP, WORKSHOP
    from tests.engine.source.samples import PLAIN
    from tests.engine.source.stateful_samples import REGISTRY
else:
    from engine.source.other_samples import DYNAMIC, LOOKUP, WORKSHOP
    from engine.source.samples import PLAIN
    from engine.source.stateful_samples import REGISTRY

Files: TypeAlias = Mapping[str, str]
Edit: TypeAlias = Callable[[Files], dict[str, str]]
Kind: TypeAlias = Literal["behaviour", "formatting", "unrelated"]


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One edit of a project whose target is ``compute(x: int) -> int`` in ``steps.py``.

    Attributes
    ----------
    files
        The project before the edit: relative path to content.
    apply
        Returns the files after the edit.
    changes_result
        Whether ``compute`` returns another value afterwards; if not, nothing may run again.
    preload
        Modules that whoever runs ``compute`` has imported before, such as plug-ins.
    """

    name: str
    kind: Kind
    files: Files
    apply: Edit
    changes_result: bool
    preload: tuple[str, ...] = ()


def write(files: Files, folder: Path) -> None:
    """Write a project into a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def swap(file: str, old: str, new: str) -> Edit:
    """Return an edit that replaces one piece of text, which must stand in the file exactly once."""

    def edit(files: Files) -> dict[str, str]:
        if files[file].count(old) != 1:
            raise ValueError(f"{old!r} stands {files[file].count(old)} times in {file}")
        return {**files, file: files[file].replace(old, new)}

    return edit


def add(file: str, text: str) -> Edit:
    """Return an edit that appends to a file, or makes it."""
    return lambda files: {**files, file: files.get(file, "") + text}


def both(*edits: Edit) -> Edit:
    """Return one edit after the other as one."""

    def edit(files: Files) -> dict[str, str]:
        for each in edits:
            files = each(files)
        return dict(files)

    return edit


def _changing(files: Files, edits: Mapping[str, Edit], preload: tuple[str, ...] = ()) -> list[Mutation]:
    return [
        Mutation(name=name, kind="behaviour", files=files, apply=edit, changes_result=True, preload=preload)
        for name, edit in edits.items()
    ]


def _harmless(
    kind: Kind, files: Files, edits: Mapping[str, Edit], preload: tuple[str, ...] = ()
) -> list[Mutation]:
    return [
        Mutation(name=name, kind=kind, files=files, apply=edit, changes_result=False, preload=preload)
        for name, edit in edits.items()
    ]


_PLUGINS = ("plugin", "bystander", "trick")

_FUNCTIONS: dict[str, Edit] = {
    "body": swap("steps.py", "return total + int(", "return total + 1 + int("),
    "body: operator": swap("steps.py", "total = x + extra", "total = x - extra"),
    "body: library function": swap("steps.py", "math.sqrt(x)", "math.exp(x)"),
    "default argument": swap("steps.py", "extra: int = 5", "extra: int = 6"),
    "default argument from a constant": swap("steps.py", "amount=CONSTANT", "amount=DERIVED"),
    "helper": swap("helpers.py", "return inner(value) * factor", "return inner(value) * factor + 1"),
    "helper's default argument": swap("helpers.py", "factor=2", "factor=4"),
    "helper's helper": swap("helpers.py", "deepest(value) + 1", "deepest(value) + 3"),
    "helper's helper's helper": swap("deeper.py", "value + 2", "value + 4"),
    "cached helper": swap("helpers.py", 'f"hello {name}"', 'f"hallo, {name}"'),
    "function-local import": swap("delayed.py", "value + 12", "value + 13"),
    "function-local import of another name": swap(
        "steps.py", "from delayed import delay", "from high import level as delay"
    ),
    "partial's function": swap("helpers.py", "return left + right", "return left - right"),
    "partial's argument": swap("steps.py", "partial(plus, 11)", "partial(plus, 12)"),
    "lambda": swap("steps.py", "lambda value: -value", "lambda value: -2 * value"),
    "closure factory": swap(
        "steps.py", "return value + amount\n\n    return add", "return value * amount\n\n    return add"
    ),
    "closure argument": swap("steps.py", "make_adder(5)", "make_adder(6)"),
    "decorator body": swap(
        "steps.py", "function(value) + function(value)", "function(value) * function(value)"
    ),
    "decorator argument": swap("steps.py", "@times(3)", "@times(4)"),
    "decorator removed": swap("steps.py", "@twice\n", ""),
    "decorator with arguments, body": swap(
        "steps.py", "factor * function(value)", "factor + function(value)"
    ),
    "match arm": both(
        swap("steps.py", "return 100", "return 101"),
        swap("steps.py", "return 200", "return 201"),
        swap("steps.py", "return 300", "return 301"),
    ),
    "comprehension condition": swap("steps.py", "if item != 1", "if item != 0"),
    "coroutine": swap("steps.py", "value + 17", "value + 18"),
    "single dispatch": swap("dispatch.py", "return 21", "return 22"),
}

_NAMES: dict[str, Edit] = {
    "constant": swap("steps.py", "CONSTANT = 7", "CONSTANT = 8"),
    "derived constant": swap("steps.py", "CONSTANT * 2", "CONSTANT * 3"),
    "unpacked constant": swap("steps.py", "= 3, 4", "= 4, 3"),
    "constant of another module": swap("settings.py", "LIMIT = 19", "LIMIT = 20"),
    "augmented constant": swap("settings.py", "LIMIT += 1", "LIMIT += 2"),
    "entry of a constant dict": swap("settings.py", '"a": 1', '"a": 2'),
    "registry entry": swap("models.py", '"linear": linear', '"linear": constant'),
    "registered function": swap("models.py", "return 3 * value", "return 4 * value"),
    "registry filled by a loop": swap("counters.py", "position + 30", "position + 31"),
    "registry filled by a function": swap(
        "counters.py", "COUNTERS[name] = amount", "COUNTERS[name] = -amount"
    ),
    "re-exported function": swap("pkg/impl.py", "value + AMOUNT", "value - AMOUNT"),
    "constant by relative import": swap("pkg/constants.py", "AMOUNT = 23", "AMOUNT = 24"),
    "re-export of another function": both(
        add("pkg/impl.py", "\n\ndef other(value):\n    return -value\n"),
        swap("pkg/__init__.py", "import exported", "import other as exported"),
    ),
    "lazy re-export, body": swap("pkg/lazy_impl.py", "value * c.AMOUNT", "value * c.REST"),
    "lazy re-export by table, body": swap("table_home.py", "value + 33", "value + 34"),
    "lazy re-export by table, other home": both(
        swap("lazy.py", '"by_table": "table_home"', '"by_table": "new_home"'),
        add("new_home.py", "def by_table(value):\n    return -value\n"),
    ),
    "package initialiser acts": add("pkg/__init__.py", "\n\npkg.constants.AMOUNT = 99\n"),
    "star import, function": swap("stars.py", "return value + STAR", "return value - STAR"),
    "star import, constant": swap("stars.py", "STAR = 18", "STAR = 19"),
    "star import starts to hide a builtin": add("stars.py", "\n\ndef len(value):\n    return 1\n"),
    "module starts to hide a builtin": add("helpers.py", "\n\ndef len(value):\n    return 1\n"),
    "aliased imports swapped": swap(
        "steps.py", "import exported, lazily", "import exported as lazily, lazily as exported"
    ),
    "alias names another function": swap("steps.py", "import plus, scale", "import inner as scale, plus"),
    "conditional import, condition": swap("steps.py", "if CONSTANT > 5", "if CONSTANT > 50"),
    "conditional import, body": swap("high.py", "value + 14", "value + 16"),
    "import fallback": swap("steps.py", "fast = None", "fast = twice = lambda value: 90"),
    "missing import appears": add("absent_library.py", "def fast(value):\n    return 1000\n"),
    "relative import over two levels": swap("tools/shallow.py", "value + 25", "value + 26"),
    "module of a namespace package": swap("tools/nested/deep.py", "dug(value) + 24", "dug(value) + 25"),
    "later definition of the same name": add("deeper.py", "\n\ndef deepest(value):\n    return value + 5\n"),
    "name rebound at the end": add("deeper.py", "\n\ndeepest = other\n"),
    "library patched on import": add(
        "stars.py", "\n\nimport math\n\nmath.sqrt = math.cbrt = lambda value: 77\n"
    ),
    "another module patched on import": add(
        "stars.py", "\n\nimport helpers\n\nhelpers.inner = lambda value: 78\n"
    ),
    "another module patched by setattr": add(
        "stars.py", "\n\nimport helpers\n\nsetattr(helpers, 'inner', lambda value: 79)\n"
    ),
    "another module patched through a variable": add(
        "stars.py",
        "\n\nimport helpers\n\nfor _name in ['inner']:\n    setattr(helpers, _name, lambda value: 79)\n",
    ),
    "another module's names updated": add(
        "stars.py", "\n\nimport helpers\n\nvars(helpers).update(inner=lambda value: 81)\n"
    ),
    "patched inside a called function": add(
        "stars.py",
        "\n\ndef _install():\n    import helpers\n\n    helpers.inner = lambda value: 82\n\n\n_done = _install()\n",
    ),
    "class patched on import": add("stars.py", "\n\nimport models\n\nmodels.Cubic.power = 2\n"),
    "dict of another module changed on import": add(
        "stars.py", "\n\nfrom settings import nested as _nested\n\n_nested.update(a=50)\n"
    ),
    "dict changed through an alias": add(
        "stars.py",
        "\n\nimport settings as _s\n\n\ndef _change():\n    table = _s.nested\n    table['a'] = 51\n\n\n_change()\n",
    ),
    "dict changed by a function given it": add(
        "stars.py",
        "\n\nimport settings as _s\n\n\ndef _change(table):\n    table['a'] = 52\n\n\n_change(_s.nested)\n",
    ),
    "condition of a definition": swap(
        "deeper.py",
        "def deepest(value):\n    return value + 2\n",
        "if 1 > 2:\n    def deepest(value):\n        return value + 2\nelse:\n    def deepest(value):\n        return value + 6\n",
    ),
    "file becomes a package": both(
        lambda files: {name: text for name, text in files.items() if name != "deeper.py"},
        add("deeper/__init__.py", "def deepest(value):\n    return value + 8\n"),
    ),
}

_CLASSES: dict[str, Edit] = {
    "method": swap("models.py", "return value**self.power", "return value * self.power"),
    "class attribute": swap("models.py", "power = 3", "power = 4"),
    "initialiser": swap("models.py", "self.start = 1", "self.start = 2"),
    "class method": swap("models.py", "return 1", "return 5"),
    "static method": swap("models.py", "return 2", "return 6"),
    "base class method": swap("base.py", "self.finish(self.raised(value))", "self.raised(value)"),
    "base of the base": swap("base.py", "value + self.shift", "value - self.shift"),
    "attribute of the base of the base": swap("base.py", "shift = 10", "shift = 11"),
    "initialiser of the base": swap("base.py", "self.bias = 4", "self.bias = 5"),
    "another base class": swap(
        "models.py",
        "from base import Model",
        "from base import Model as Old\n\n\nclass Model(Old):\n    shift = 12\n",
    ),
    "method overridden": add("models.py", "\n    def finish(self, value):\n        return value\n"),
    "metaclass": swap("shapes.py", "made.stamp = 6", "made.stamp = 7"),
    "descriptor": swap("shapes.py", "2 * instance.side", "3 * instance.side"),
    "operator method": swap("shapes.py", "self.side + other", "self.side - other"),
    "missing attribute method": swap("shapes.py", "len(name)", "-len(name)"),
    "call method": swap("shapes.py", "return 9", "return 10"),
    "enum member": swap("shapes.py", "SMALL = 1", "SMALL = 3"),
    "named tuple default": swap("shapes.py", "x: int = 8", "x: int = 9"),
    "statement in a class body": swap("shapes.py", '    tags.append("b")\n', ""),
    "dataclass default": swap("steps.py", "offset: int = 13", "offset: int = 14"),
    "dataclass default factory": swap("steps.py", "[1, 2, 3]", "[1, 2, 4]"),
    "dataclass initialiser": swap("steps.py", "self.offset + 1)", "self.offset + 2)"),
    "property": swap("steps.py", "sum(self.weights)", "max(self.weights)"),
}

_REGISTERED: dict[str, Edit] = {
    "registered by decorator in a module not imported": swap(
        "plugin.py", "value * amount()", "value + amount()"
    ),
    "helper of a registered function": swap("support.py", "return 2", "return 3"),
    "registered under a decorator of a decorator": swap("plugin.py", "return value * 3", "return value * 4"),
    "decorator that registers": swap("registry.py", "OPERATIONS[name] = function", "OPERATIONS[name] = abs"),
    "decorator that passes on to the registry": swap("api.py", "5 * function(value)", "6 * function(value)"),
    "new registration in a module not imported": add(
        "plugin.py", '\n\n@operation("new")\ndef new(value):\n    return 1000\n'
    ),
    "registration removed": swap("plugin.py", '@operation("double")\n', ""),
    "registration under another name": swap("plugin.py", '@operation("double")', '@operation("triple")'),
    "registered in a closure": swap("plugin.py", "value + 40", "value + 41"),
    "registered in a class": swap("plugin.py", "value + 50", "value + 51"),
    "state of an object": swap("plugin.py", "raise_to(60)", "raise_to(61)"),
    "appended to a list": swap("plugin.py", "append(7)", "append(6)"),
    "list extended in place": swap("plugin.py", "[8, 9]", "[9, 8]"),
    "order of registrations": both(
        swap("plugin.py", "registry.ORDER.append(7)\n", ""), add("plugin.py", "registry.ORDER.append(7)\n")
    ),
    "global name rebound by a function": swap("registry.py", "    SIZE = size\n", "    SIZE = size + 1\n"),
    "global name rebound with another argument": swap("plugin.py", "resize(70)", "resize(71)"),
}


def _plug(text: str) -> Edit:
    return add("trick.py", f"\n\n{text}\n")


_TRICKS: dict[str, Edit] = {
    "subclass registered by its base": swap("plugin.py", "weight = 11", "weight = 13"),
    "class registered by its metaclass": swap("plugin.py", "size = 12", "size = 13"),
    "new subclass registered by its base": _plug("class Uncle(families.Family):\n    weight = 14"),
    "object changed by another name": _plug("current = rules.CURRENT\ncurrent.level = 1000"),
    "object changed in a loop": _plug("for each in (rules.CURRENT,):\n    each.level = 1001"),
    "object changed in a loop in a function": _plug(
        "def change():\n    for each in [rules.CURRENT]:\n        each.level = 1002\n\n\nchange()"
    ),
    "module changed in a loop": _plug("for each in (registry,):\n    each.SIZE = 1003"),
    "module changed by a function given it": _plug(
        "def change(module):\n    module.SIZE = 1004\n\n\nchange(registry)"
    ),
    "module changed by an object given it": _plug(
        "class Patcher:\n    def __init__(self, module):\n        self.module = module\n\n    def patch(self):\n        self.module.SIZE = 1005\n\n\nPatcher(registry).patch()"
    ),
    "module changed by its name among the loaded": _plug("import sys\n\nsys.modules['registry'].SIZE = 1006"),
    "module changed by its name": _plug(
        "import importlib\n\nimportlib.import_module('registry').SIZE = 1007"
    ),
    "module's dict changed": _plug("registry.__dict__['SIZE'] = 1008"),
    "library replaced in a module": _plug(
        "class Fake:\n    floor = staticmethod(lambda value: 1009)\n\n\nregistry.math = Fake"
    ),
    "class changed by setattr": _plug("setattr(rules.Rules, 'apply', staticmethod(lambda value: 1010))"),
    "class changed by a computed name": _plug(
        "for name in ['apply']:\n    setattr(rules.Rules, name, staticmethod(lambda value: 1011))"
    ),
    "context variable set": _plug("registry.MODE.set(1012)"),
    "counter advanced": _plug("next(registry.NUMBERS)"),
    "mutable default argument": _plug("registry.remember(1013)"),
    "dict updated by a bound method": _plug("registry.append_flag(b=1014)"),
    "dict merged in place": _plug("registry.FLAGS |= {'c': 1015}"),
    "dict entry deleted": _plug("del registry.FLAGS['a']"),
    "dict changed by an operator function": _plug(
        "import operator\n\noperator.setitem(registry.FLAGS, 'd', 1016)"
    ),
    "dict changed by a lambda": _plug(
        "put = lambda name, value: registry.FLAGS.__setitem__(name, value)\nput('e', 1017)"
    ),
    "dict changed by a partial": _plug(
        "import functools\n\n\ndef place(table, name, value):\n    table[name] = value\n\n\nput = functools.partial(place, registry.FLAGS)\nput('f', 1018)"
    ),
    "dict changed by a class": _plug(
        "class Adder:\n    def __init__(self, name):\n        self.name = name\n\n    def __call__(self, function):\n        registry.FLAGS[self.name] = function(1)\n        return function\n\n\n@Adder('g')\ndef counted(value):\n    return 1019"
    ),
    "object changed by a method that sounds harmless": _plug("registry.BOARD.get(1020)"),
    "object changed by an inherited method": _plug(
        "class Longer(registry.Board):\n    pass\n\n\nLonger.get(registry.BOARD, 1021)"
    ),
    "global statement in a function": swap(
        "plugin.py",
        "registry.resize(70)",
        "def grow():\n    import registry as r\n\n    r.SIZE = 1022\n\n\ngrow()",
    ),
    "name imported and changed": _plug("from registry import FLAGS as flags\n\nflags['h'] = 1023"),
    "star import and changed": _plug("from registry import *\n\nFLAGS['i'] = 1024"),
    "element of a nested value": _plug("tables = [registry.FLAGS]\ntables[0]['j'] = 1025"),
}

_PATCHED: dict[str, Edit] = {
    "function replaced by a module not imported": swap("patch.py", "return 80", "return 81"),
    "replacement removed": swap("patch.py", "registry.sized = patched", ""),
}

_DYNAMIC: dict[str, Edit] = {
    "module imported by a computed name": both(
        swap("option_0.py", "value + 1", "value + 5"), swap("option_1.py", "value + 2", "value + 6")
    ),
    "subclass in a module not imported": swap("children.py", "value + 4", "value + 5"),
    "new subclass": add("children.py", "\n\nclass Other(Parent):\n    pass\n"),
    "function by a computed name": both(
        swap("menu.py", "value * 2", "value * 4"), swap("kitchen.py", "value * 3", "value * 5")
    ),
}

_LOOKUP: dict[str, Edit] = {
    "attribute by a computed name": swap("menu.py", "value * 2", "value * 4"),
    "re-export by a computed name": swap("kitchen.py", "value * 3", "value * 5"),
    "attribute of a module handed to a function": swap("menu.py", "side = 6", "side = 7"),
}

_FORMATTING: dict[str, Edit] = {
    "comment added": add("steps.py", "\n# The end.\n"),
    "comment changed": swap("steps.py", "# The order does not matter.", "# Any order will do."),
    "comment removed": swap("helpers.py", "  # one more", ""),
    "comment inside an expression": swap(
        "steps.py", "total += DERIVED + FIRST", "total += DERIVED + (  # here\n        FIRST\n    )"
    ),
    "blank lines": swap("steps.py", "config = Config()\n", "config = Config()\n\n\n"),
    "docstring of the function": swap("steps.py", '"""Add everything up."""', '"""Sum up."""'),
    "docstring removed": swap("steps.py", '    """Add everything up."""\n', ""),
    "docstring of the module": swap("helpers.py", '"""Helpers of the sample steps."""', '"""Help."""'),
    "docstring of a class": swap("steps.py", '"""What to add."""', '"""What else to add."""'),
    "docstring of an attribute": swap("settings.py", "other = 3\n", 'other = 3\n"""What else."""\n'),
    "parentheses": swap("helpers.py", "return inner(value) * factor", "return (inner(value)) * (factor)"),
    "quotes": swap("models.py", '"linear": linear', "'linear': linear"),
    "line broken": swap(
        "steps.py",
        "total = x + extra + scale(x)",
        "total = (\n        x\n        + extra\n        + scale(x)\n    )",
    ),
    "trailing comma": swap("helpers.py", "def plus(left, right):", "def plus(\n    left,\n    right,\n):"),
    "spelling of a number": swap("steps.py", "CONSTANT = 7", "CONSTANT = 0x7"),
    "string in two pieces": swap("shapes.py", 'tags.append("b")', 'tags.append("" "b")'),
    "semicolons": swap("settings.py", "LIMIT = 19\nLIMIT += 1\n", "LIMIT = 19; LIMIT += 1\n"),
    "indentation": swap(
        "deeper.py", "def deepest(value):\n    return value + 2", "def deepest(value):\n  return value + 2"
    ),
    "line endings": lambda files: {name: text.replace("\n", "\r\n") for name, text in files.items()},
    "type comment": swap("steps.py", "    config = Config()", "    config = Config()  # type: Config"),
    "coding line": lambda files: {**files, "deeper.py": "# -*- coding: utf-8 -*-\n" + files["deeper.py"]},
}

_UNRELATED: dict[str, Edit] = {
    "function nobody calls": swap("steps.py", "return value * UNRELATED", "return value + UNRELATED"),
    "constant nobody reads": swap("steps.py", "UNRELATED = 5", "UNRELATED = 6"),
    "class nobody makes": swap("steps.py", "return 0", "return 1"),
    "function of a helper module": swap("helpers.py", 'return "nothing"', 'return "something"'),
    "function beside a helper's helper": swap(
        "deeper.py", "def other(value):\n    return value\n", "def other(value):\n    return -value\n"
    ),
    "new function": add("helpers.py", "\n\ndef new():\n    return 1\n"),
    "new constant": add("settings.py", "NEW = 1\n"),
    "new module": add("new.py", "def nothing():\n    return 1\n"),
    "new import nobody uses": swap("deeper.py", "def deepest", "import json\n\n\ndef deepest"),
    "module imported for type checkers": swap("unused.py", "pass", "value = 1"),
    "constant beside one in use": swap("pkg/constants.py", "REST = 1", "REST = 2"),
    "function moved": lambda files: {
        **files,
        "deeper.py": "def other(value):\n    return value\n\n\ndef deepest(value):\n    return value + 2\n",
    },
    "read-me": add("README.md", "More.\n"),
    "test": swap("test_steps.py", "assert steps.compute(2)", "assert steps.compute(3)"),
    "main guard": add("steps.py", '\n\nif __name__ == "__main__":\n    print(compute(3))\n'),
    "logger": swap(
        "deeper.py", "def other", "import logging\n\nlog = logging.getLogger(__name__)\n\n\ndef other"
    ),
}

_BYSTANDERS: dict[str, Edit] = {
    "function beside registered ones": swap(
        "plugin.py", "def idle(value):\n    return value\n", "def idle(value):\n    return -value\n"
    ),
    "reader of the registry": swap(
        "bystander.py", "len(registry.OPERATIONS)", "len(registry.OPERATIONS) + 1"
    ),
    "state of a bystander": swap("bystander.py", "append('x')", "append('y')"),
    "function beside the target": swap(
        "steps.py", "def unrelated(x):\n    return x\n", "def unrelated(x):\n    return -x\n"
    ),
    "comment beside a registration": swap("plugin.py", "registry.resize(70)", "registry.resize(70)  # more"),
}

_ELSEWHERE: dict[str, Edit] = {
    "another step": swap("steps.py", 'columns.append("other")', 'columns.append("another")'),
    "pipeline that calls the target": swap(
        "steps.py", "[compute(x), other_step(x), report(x)]", "[report(x), compute(x)]"
    ),
    "main function": swap("steps.py", "run_all(3)", "run_all(4)"),
    "main guard that is there": swap("steps.py", "    main()\n", "    main()\n    main()\n"),
    "reader of shared constants": swap("steps.py", "+ len(lines)", "- len(lines)"),
    "function given shared constants": swap("steps.py", 'limits["high"]', 'limits["low"]'),
    "driver": swap("driver.py", "run_all(2)", "run_all(3)"),
    "driver's loop": swap("driver.py", "range(1)", "range(2)"),
}

_OTHERS: dict[str, Edit] = {
    "function beside a look-up": swap(
        "steps.py", "def unrelated(x):\n    return x\n", "def unrelated(x):\n    return -x\n"
    ),
    "module beside a look-up": swap("elsewhere.py", "return 0", "return 1"),
    "function behind a re-export": swap("kitchen.py", "return 0", "return 1"),
}

MUTATIONS: tuple[Mutation, ...] = (
    *_changing(PLAIN, _FUNCTIONS),
    *_changing(PLAIN, _NAMES),
    *_changing(PLAIN, _CLASSES),
    *_changing(REGISTRY, _REGISTERED, _PLUGINS),
    *_changing(REGISTRY, _TRICKS, _PLUGINS),
    *_changing(REGISTRY, _PATCHED, (*_PLUGINS, "patch")),
    *_changing(DYNAMIC, _DYNAMIC, ("children",)),
    *_changing(LOOKUP, _LOOKUP),
    *_harmless("formatting", PLAIN, _FORMATTING),
    *_harmless("unrelated", PLAIN, _UNRELATED),
    *_harmless("unrelated", REGISTRY, _BYSTANDERS, _PLUGINS),
    *_harmless("unrelated", WORKSHOP, _ELSEWHERE),
    *_harmless("unrelated", LOOKUP, _OTHERS),
)
