from __future__ import annotations

import sys
from pathlib import Path

import pytest

from penstock.engine.source.cache import FactsCache
from penstock.engine.source.facts import Target
from penstock.engine.source.locate import Locator
from penstock.engine.source.modules import Module, Modules
from penstock.engine.source.resolve import Hit, Resolver

FILES = {
    "home.py": "def f(): ...\n\nclass C:\n    x = 1\n\nVALUE = 1\n__all__ = ['f']\n",
    "pkg/__init__.py": "from .inner import g as renamed\nfrom . import inner\nfrom .sub import sub\n",
    "pkg/inner.py": "from ..home import nothing\nimport pkg.other as o\n\ndef g(): ...\n",
    "pkg/other.py": "from .inner import g\nfrom pkg import *\n",
    "pkg/sub.py": "def sub(): ...\n",
    "starry.py": "from home import *\nfrom pkg.other import *\nfrom os.path import *\n",
    "circle_a.py": "from circle_b import x\n",
    "circle_b.py": "from circle_a import x\n",
    "lazy.py": "from importlib import import_module\n_T = {'f': 'home', 'h': '.none', 'v': 'home:VALUE'}\n"
    "def __getattr__(name):\n    return getattr(import_module(_T[name]), name)\n",
    "typed.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from home import C\n"
    "def __getattr__(name):\n    if name == 'C':\n        from pkg.inner import g\n        return g\n",
    "choice.py": "try:\n    import numpy as np\n    from home import f\nexcept ImportError:\n    np = f = None\n",
}


@pytest.fixture
def resolver(tmp_path: Path) -> Resolver:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return Resolver(Modules(Locator((str(tmp_path), *sys.path), loaded={}), FactsCache()))


def hits(resolver: Resolver, module: str, chain: str) -> list[Hit]:
    root, *attrs = chain.split(".")
    return list(resolver.resolve(get(resolver, module), root, tuple(attrs)))


def get(resolver: Resolver, module: str) -> Module:
    found = resolver.modules.get(module)
    assert found is not None
    return found


def ends(resolver: Resolver, module: str, chain: str) -> set[str]:
    return {
        f"{hit.kind} {hit.module}:{hit.name}".replace(" :", " ") + "".join(f".{name}" for name in hit.rest)
        for hit in hits(resolver, module, chain)
        if hit.kind != "hop"
    }


CASES = [
    ("home", "f", {"binding home:f"}),
    ("home", "C.x", {"binding home:C.x"}),
    ("home", "len", {"builtin len"}),
    ("home", "__file__", set[str]()),
    ("pkg", "renamed", {"binding pkg.inner:g"}),
    ("pkg", "inner.g", {"binding pkg.inner:g"}),
    ("pkg", "inner", {"module pkg.inner:"}),
    ("pkg", "sub", {"binding pkg.sub:sub"}),
    ("pkg.inner", "o.g.attr", {"binding pkg.inner:g.attr"}),
    ("starry", "f", {"binding home:f", "binding home:__all__", "stdlib os.path.f"}),
    ("starry", "renamed", {"binding pkg.inner:g", "stdlib os.path.renamed"}),
    ("starry", "join", {"stdlib os.path.join"}),
    ("circle_a", "x", set[str]()),
    ("choice", "np.sum", {"library numpy.sum", "binding choice:np.sum"}),
    ("choice", "f", {"binding home:f", "binding choice:f"}),
    ("typed", "C", {"binding typed:__getattr__", "binding home:C"}),
]


@pytest.mark.parametrize(
    ("module", "chain", "expected"), CASES, ids=[f"{case[0]}.{case[1]}" for case in CASES]
)
def test_names_are_followed(resolver: Resolver, module: str, chain: str, expected: set[str]) -> None:
    assert ends(resolver, module, chain) == expected


def test_every_import_on_the_way_is_told(resolver: Resolver) -> None:
    told = [(hit.module, hit.name) for hit in hits(resolver, "starry", "renamed") if hit.kind == "hop"]
    assert told == [("starry", "*"), ("pkg.other", "*"), ("pkg", "renamed")]


TARGETS = [
    (Target(0, "home", "f"), (), {"binding home:f"}),
    (Target(0, "pkg", "inner"), ("g",), {"binding pkg.inner:g"}),
    (Target(0, "pkg", "sub"), (), {"binding pkg.sub:sub", "module pkg.sub:"}),
    (Target(0, "pkg.inner", None), ("g",), {"binding pkg.inner:g"}),
    (Target(0, "lazy", "f"), (), {"lazy lazy:f", "binding home:f"}),
    (Target(0, "lazy", "v"), ("real",), {"lazy lazy:v", "binding home:VALUE.real"}),
    (Target(0, "lazy", "h"), (), {"binding lazy:__getattr__"}),
    (Target(0, "numpy", "sum"), (), {"library numpy.sum"}),
    (Target(0, "os", "path"), ("join",), {"stdlib os.path.join"}),
    (Target(0, "absent", "x"), (), {"library absent.x"}),
    (Target(0, "home", "__dict__"), ("f",), {"module home:.f"}),
    (Target(0, "penstock.engine", "step"), (), set[str]()),
]


@pytest.mark.parametrize(("target", "attrs", "expected"), TARGETS, ids=[str(case[0]) for case in TARGETS])
def test_imports_are_followed(
    resolver: Resolver, target: Target, attrs: tuple[str, ...], expected: set[str]
) -> None:
    found = resolver.resolve(get(resolver, "home"), target, attrs)
    told = {
        f"{hit.kind} {hit.module}:{hit.name}".replace(" :", " ") + "".join(f".{name}" for name in hit.rest)
        for hit in found
        if hit.kind != "hop"
    }
    assert told == expected


@pytest.mark.parametrize(
    ("module", "chain", "reason"),
    [
        ("home", "absent", "home uses absent, which nothing there binds"),
        ("pkg", "inner.absent", "pkg.inner has no absent that can be seen without running it"),
        ("pkg.inner", "nothing", "home has no nothing"),
    ],
)
def test_missing_names_are_told(resolver: Resolver, module: str, chain: str, reason: str) -> None:
    (missing,) = [hit for hit in hits(resolver, module, chain) if hit.kind == "missing"]
    assert reason in missing.name
