from __future__ import annotations

import sys
from pathlib import Path

import pytest

from penstock.engine.source.cache import FactsCache
from penstock.engine.source.effects import Effects
from penstock.engine.source.locate import Locator
from penstock.engine.source.modules import Modules
from penstock.engine.source.resolve import Resolver

BESIDE = """\
import os
import random

def quiet(x=1):
    return x

def busy(x=1):
    random.seed(x)
    return x

def indirect(x):
    return busy(x)

def wrapping(function):
    def wrapper(*args):
        return function(*args)
    return wrapper

def seeding(function):
    random.seed(1)
    return function

class Plain:
    def __init__(self, x=1):
        self.x = x

class Busy:
    def __init__(self):
        os.environ.update(X="1")

OBJECT = Plain()
"""

ACTING = {
    "library call": "import random\nrandom.seed(1)",
    "library call in an assignment": "import numpy as np\nx = np.random.default_rng(1)",
    "library patched": "import json\njson.dumps = None",
    "environment": "import os\nos.environ['X'] = '1'",
    "environment in a loop": "import os\nfor n in 'ab':\n    os.environ[n] = '1'",
    "environment under a condition": "import os\nif not os.environ.get('X'):\n    os.environ['X'] = '1'",
    "call of one's own function": "from beside import quiet\nquiet()",
    "call in an assignment": "from beside import busy\nx = busy()",
    "call of a method": "from beside import OBJECT\nOBJECT.anything()",
    "class that acts when made": "from beside import Busy\nx = Busy()",
    "decorator of a library": "import atexit\n@atexit.register\ndef f(): ...",
    "decorator of one's own that acts": "from beside import seeding\n@seeding\ndef f(): ...",
    "default argument that acts": "from beside import indirect\ndef f(x=indirect(1)): ...",
    "statement in a class body": "import warnings\nclass C:\n    warnings.simplefilter('error')",
    "base class of an unknown library": "import pluggy\nclass C(pluggy.PluginManager): ...",
    "call of what a call returned": "from beside import wrapping\nwrapping(print)(1)",
    "call of a looked-up attribute": "import beside\ngetattr(beside, 'busy')()",
    "built-in that runs code": "exec('x = 1')",
    "call of a name nothing binds": "absent()",
    "with statement": "import decimal\nwith decimal.localcontext() as c:\n    x = 1",
}
SILENT = {
    "imports": "import numpy as np\nfrom beside import busy",
    "definitions": "from beside import busy\ndef f():\n    return busy()\n\nclass C:\n    def g(self):\n        return busy()",
    "constants": "A = 1\nB = [A, 'x']\nC = {**{}}\nD = A if B else None",
    "known constructors": "import re, logging\nfrom pathlib import Path\nP = re.compile('a')\nL = logging.getLogger()\nF = Path()",
    "classes made": "from beside import Plain\nx = Plain(1)",
    "known decorators": "import functools\nfrom dataclasses import dataclass\n@functools.cache\ndef f(): ...\n\n@dataclass\nclass C: ...",
    "decorator of one's own": "from beside import wrapping\n@wrapping\ndef f(): ...",
    "steps": "from penstock.engine import step\n@step(stage='train')\ndef f(): ...",
    "typing": "from typing import TYPE_CHECKING, TypeVar\nT = TypeVar('T')\nif TYPE_CHECKING:\n    import random\n    random.seed(1)",
    "main guard": "import random\nif __name__ == '__main__':\n    random.seed(1)",
    "fallback import": "try:\n    import numpy as np\nexcept ImportError:\n    np = None",
    "known base classes": "import enum, pydantic\nclass A(enum.Enum): ...\nclass B(pydantic.BaseModel): ...\nclass C(Exception): ...",
    "output": "print('hello')",
    "docstrings": "'''about'''\nx = 1\n'''about x'''",
}


def acting_units(folder: Path, text: str) -> int:
    (folder / "beside.py").write_text(BESIDE)
    (folder / "target.py").write_text(text)
    modules = Modules(Locator((str(folder), *sys.path), loaded={}), FactsCache())
    module = modules.get("target")
    assert module is not None
    effects = Effects(modules, Resolver(modules))
    return sum(effects.at_import(module, unit) for unit in module.facts.units)


@pytest.mark.parametrize("text", ACTING.values(), ids=ACTING.keys())
def test_statements_that_act_when_imported(tmp_path: Path, text: str) -> None:
    assert acting_units(tmp_path, text) == 1


@pytest.mark.parametrize("text", SILENT.values(), ids=SILENT.keys())
def test_statements_that_only_bind(tmp_path: Path, text: str) -> None:
    assert acting_units(tmp_path, text) == 0
