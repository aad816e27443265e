from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from penstock.engine.source import CodeClosure, SourceIndex

if TYPE_CHECKING:
    from tests.engine.source.projects import PROJECTS
else:
    from engine.source.projects import PROJECTS

MakeIndex: TypeAlias = Callable[[Mapping[str, str]], SourceIndex]
MakeClosure: TypeAlias = Callable[[Mapping[str, str]], CodeClosure]

TRACER = """
import importlib, json, sys
folder, preload = sys.argv[1], sys.argv[2:]
sys.path.insert(0, folder)
ran = set()
def note(frame, event, argument):
    code = frame.f_code
    if event == "call" and code.co_filename.startswith(folder):
        ran.add((frame.f_globals["__name__"], code.co_qualname.partition(".")[0]))
for name in preload:
    importlib.import_module(name)
target = importlib.import_module("steps").compute
sys.setprofile(note)
for x in (2, 5, 6):
    target(x)
sys.setprofile(None)
print(json.dumps(sorted(ran)))
"""


@pytest.mark.parametrize(("files", "preload"), PROJECTS.values(), ids=PROJECTS.keys())
def test_everything_that_runs_is_in_the_closure(
    closure_of: MakeClosure, tmp_path: Path, files: dict[str, str], preload: tuple[str, ...]
) -> None:
    parts = set(closure_of(files).parts)
    done = subprocess.run(
        [sys.executable, "-c", TRACER, str(tmp_path), *preload], capture_output=True, text=True, check=True
    )
    ran = {(module, name) for module, name in json.loads(done.stdout) if not name.startswith("<")}
    assert len(ran) >= 3
    assert {f"{module}:{name}" for module, name in ran if module not in parts} <= parts


def test_counts_what_a_loaded_module_does_when_imported(closure_of: MakeClosure) -> None:
    parts = closure_of(
        {
            "steps.py": "import first\n\n\ndef compute(x):\n    return x\n",
            "first.py": "import second\n",
            "second.py": "import warnings\n\nfrom third import configure\n\nwarnings.simplefilter('error')\n"
            "ready = configure(1)\nplain = 1\n",
            "third.py": "import os\n\n\ndef configure(x):\n    os.environ['X'] = str(x)\n",
        }
    ).parts
    assert {"second:<top level>", "second:ready", "third:configure"} <= set(parts)
    assert "second:plain" not in parts


def test_counts_what_a_module_beside_does_to_libraries(closure_of: MakeClosure) -> None:
    parts = closure_of(
        {
            "steps.py": "def compute(x):\n    return x\n",
            "beside.py": "import numpy as np\n\nnp.random.seed(1)\n",
            "harmless.py": "import logging\n\nlogging.basicConfig()\nprint('hello')\n",
        }
    ).parts
    assert set(parts) == {"steps:compute", "beside:<top level>", "beside:np", "steps:compute <order>"}


def test_counts_seeds_set_under_the_main_guard(closure_of: MakeClosure) -> None:
    source = "import random\n\n\ndef compute(x):\n    return x\n\n\nif __name__ == '__main__':\n    random.seed({})\n"
    before, after = (closure_of({"steps.py": source.format(seed)}) for seed in (1, 2))
    assert before.digest != after.digest


ORDER = {
    "steps.py": "import names\nimport {}\nimport {}\n\n\ndef compute(x):\n    return names.KNOWN\n",
    "names.py": "KNOWN = []\n",
    "one.py": "import names\n\nnames.KNOWN.append(1)\n",
    "two.py": "import names\n\nnames.KNOWN.append(2)\n",
}


def test_counts_the_order_of_imports_that_act(closure_of: MakeClosure) -> None:
    forwards, backwards = (
        closure_of({**ORDER, "steps.py": ORDER["steps.py"].format(*order)})
        for order in (("one", "two"), ("two", "one"))
    )
    assert forwards.digest != backwards.digest


def test_leaves_out_the_order_of_imports_that_do_not(closure_of: MakeClosure) -> None:
    quiet = {**ORDER, "one.py": "x = 1\n", "two.py": "y = 1\n"}
    forwards, backwards = (
        closure_of({**quiet, "steps.py": ORDER["steps.py"].format(*order)})
        for order in (("one", "two"), ("two", "one"))
    )
    assert forwards.digest == backwards.digest


def test_counts_the_order_of_statements_that_act(closure_of: MakeClosure) -> None:
    lines = ["KNOWN.append(FIRST)\n", "FIRST = 2\n"]
    before, after = (
        closure_of(
            {
                "steps.py": "KNOWN = []\nFIRST = 1\n"
                + "".join(order)
                + "\n\ndef compute(x):\n    return KNOWN\n"
            }
        )
        for order in (lines, lines[::-1])
    )
    assert before.digest != after.digest


def test_counts_moving_a_statement_under_the_main_guard(closure_of: MakeClosure) -> None:
    source = "SCALE = 1\n{}SCALE = 2\n\n\ndef compute(x):\n    return SCALE\n"
    before, after = (
        closure_of({"steps.py": source.format(text)}) for text in ("", "if __name__ == '__main__':\n    ")
    )
    assert before.digest != after.digest


def test_counts_a_binary_module_by_its_bytes(closure_of: MakeClosure, tmp_path: Path) -> None:
    source = {"steps.py": "import fast\n\n\ndef compute(x):\n    return fast.run(x)\n"}
    digests = []
    for content in (b"one", b"two"):
        (tmp_path / "fast.abi3.so").write_bytes(content)
        closure = closure_of(source)
        digests.append(closure.digest)
        assert closure.dynamic == ()
        assert "fast" in closure.parts
    assert digests[0] != digests[1]


def test_leaves_tests_and_environments_alone(project: MakeIndex) -> None:
    index = project(
        {
            "steps.py": "import state\n\n\ndef compute(x):\n    return state.KNOWN\n",
            "state.py": "KNOWN = {}\n",
            "tests/test_state.py": "import state\n\nstate.KNOWN[1] = 1\n",
            "test_steps.py": "import state\n\nstate.KNOWN[2] = 1\n",
            "env/pyvenv.cfg": "",
            "env/setup.py": "import state\n\nstate.KNOWN[3] = 1\n",
            "not-a-package/odd.py": "import state\n\nstate.KNOWN[4] = 1\n",
        }
    )
    assert {path.name for path in index.closure("steps:compute").files} == {"steps.py", "state.py"}
