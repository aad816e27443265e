from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import TypeAlias

import pytest

from penstock.domain.errors import DataError, PipelineError
from penstock.domain.values import Seconds
from penstock.engine.source import CodeClosure, SourceIndex
from penstock.engine.source.locate import Locator

MakeIndex: TypeAlias = Callable[[Mapping[str, str]], SourceIndex]
MakeClosure: TypeAlias = Callable[[Mapping[str, str]], CodeClosure]

TWO = {
    "steps.py": "from helpers import used\n\n\ndef compute(x):\n    return used(x)\n\n\ndef other(x):\n    return x\n",
    "helpers.py": "def used(x):\n    return x\n\n\ndef unused(x):\n    return x\n",
}


def helper(value: int) -> int:
    return value + 1


def tripled(function: Callable[[int], int]) -> Callable[[int], int]:
    @wraps(function)
    def wrapper(value: int) -> int:
        return 3 * function(value)

    return wrapper


def holding(held: type) -> Callable[[], type]:
    return lambda: held


class Outer:
    class Inner:
        def method(self) -> int:
            return helper(1)


def names(closure: CodeClosure) -> set[str]:
    return set(closure.parts)


class TestClosure:
    def test_names_its_parts(self, closure_of: MakeClosure) -> None:
        assert names(closure_of(TWO)) == {"steps:compute", "steps:used", "helpers:used"}

    def test_takes_functions_and_classes_of_this_process(self) -> None:
        closure = SourceIndex().closure(helper)
        assert names(closure) == {f"{__name__}:helper"}
        assert closure.files == (Path(__file__),)

    def test_counts_the_class_around_an_inner_class(self) -> None:
        assert names(SourceIndex().closure(Outer.Inner)) == {f"{__name__}:Outer", f"{__name__}:helper"}

    def test_counts_the_code_of_a_wrapper_and_what_it_wraps(self) -> None:
        closure = SourceIndex().closure(tripled(helper))
        assert {f"{__name__}:tripled", f"{__name__}:helper"} <= names(closure)

    def test_counts_what_a_closure_holds(self) -> None:
        closure = SourceIndex().closure(holding(DataError))
        assert "penstock.domain.errors:DataError" in names(closure)

    def test_takes_a_name_without_importing(self, project: MakeIndex) -> None:
        index = project({"steps.py": "raise SystemExit\n\n\nclass Kept:\n    pass\n"})
        assert "steps:Kept" in names(index.closure("steps:Kept"))
        assert "steps" not in sys.modules

    def test_follows_a_class_that_goes_by_the_name_of_its_package(self, project: MakeIndex) -> None:
        index = project(
            {"pkg/__init__.py": "from pkg.home import Kept\n", "pkg/home.py": "class Kept:\n    pass\n"}
        )
        assert names(index.closure("pkg:Kept")) == {"pkg:Kept", "pkg.home:Kept"}

    def test_is_remembered(self, project: MakeIndex) -> None:
        index = project(TWO)
        assert index.closure("steps:compute") is index.closure("steps:compute")

    def test_has_one_digest_over_all_parts(self, project: MakeIndex) -> None:
        index = project(TWO)
        digests = {index.closure(f"steps:{name}").digest for name in ("compute", "other")}
        assert len(digests) == 2
        assert all(len(digest) == 64 for digest in digests)

    def test_does_not_depend_on_earlier_questions(self, project: MakeIndex) -> None:
        files = {
            "steps.py": "import state\n\n\ndef compute(x):\n    return state.KNOWN.get(x)\n",
            "state.py": "KNOWN = {}\n",
            "far/wide.py": "import importlib\n\n\ndef anything(name):\n    return importlib.import_module(name)\n",
            "far/writer.py": "import state\n\n\ndef put(name):\n    state.KNOWN[name] = 1\n",
        }
        alone = project(files).closure("steps:compute")
        index = project(files)
        index.closure("far.wide:anything")
        assert index.closure("steps:compute") == alone

    def test_of_a_library_class_is_the_library(self) -> None:
        closure = SourceIndex().closure(pytest.MonkeyPatch)
        assert closure.parts == {}
        assert closure.distributions == {"_pytest"}

    def test_of_a_built_in_class_is_empty(self) -> None:
        assert SourceIndex().closure(int).distributions == frozenset()

    def test_says_which_source_is_missing(self, project: MakeIndex) -> None:
        with pytest.raises(PipelineError, match=r"source of steps:made cannot be found in .*steps\.py"):
            project({"steps.py": "exec('made = 1')\n"}).closure("steps:made")

    def test_refuses_what_lies_in_no_file(self, project: MakeIndex) -> None:
        with pytest.raises(
            PipelineError, match="source of __main__:compute cannot be found for there is no file"
        ):
            project({}).closure("__main__:compute")


class TestPenstock:
    def test_counts_as_first_party(self) -> None:
        index = SourceIndex()
        assert index.is_first_party("penstock.domain.errors")
        assert "penstock.domain.values:VOLATILE" in names(index.closure("penstock.domain.values:Seconds")), (
            Seconds
        )

    def test_decorators_reach_nothing_of_the_engine(self, closure_of: MakeClosure) -> None:
        source = "from penstock.engine import step\n\n\n@step(stage='train')\ndef compute(x):\n    return x\n"
        closure = closure_of({"steps.py": source})
        assert names(closure) == {"steps:compute", "steps:step"}
        assert [path.name for path in closure.files] == ["steps.py"]

    def test_engine_functions_count_alone(self, closure_of: MakeClosure) -> None:
        source = "from penstock.engine.context import progress\n\n\ndef compute(x):\n    progress(1)\n"
        assert "penstock.engine.context:progress" in names(closure_of({"steps.py": source}))
        assert len(closure_of({"steps.py": source}).parts) == 3


class TestModules:
    def test_tells_first_party_from_others(self, project: MakeIndex) -> None:
        index = project(TWO)
        told = {
            name: index.is_first_party(name) for name in ("helpers", "json", "pytest", "sys", "absent", "")
        }
        assert told == {
            "helpers": True,
            "json": False,
            "pytest": False,
            "sys": False,
            "absent": False,
            "": False,
        }

    def test_names_types_it_can_close_over(self, project: MakeIndex) -> None:
        index = project({"steps.py": "class Kept:\n    pass\n"})
        assert index.type_named("steps:Kept") == "steps:Kept"
        assert index.type_named("steps:Gone") is None
        assert index.type_named("builtins:dict") is None

    def test_tells_the_module_of_a_file(self, project: MakeIndex, tmp_path: Path) -> None:
        index = project(TWO)
        index.closure("steps:compute")
        assert index.module_of(tmp_path / "helpers.py") == "helpers"
        assert index.module_of(tmp_path / "absent.py") is None

    @pytest.mark.parametrize("how", [["script.py"], ["-m", "script"]])
    def test_knows_the_running_script(self, tmp_path: Path, how: list[str]) -> None:
        (tmp_path / "script.py").write_text(
            "from penstock.engine.source import SourceIndex\n\n\n"
            "def compute(x):\n    return x\n\n\n"
            "if __name__ == '__main__':\n    print(*SourceIndex().closure(compute).parts)\n"
        )
        done = subprocess.run(
            [sys.executable, *how], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == ["script:compute"]


class TestRest:
    def test_lists_files_and_folders_read(self, closure_of: MakeClosure, tmp_path: Path) -> None:
        closure = closure_of({**TWO, "pkg/__init__.py": "", "notes.txt": "", "pkg/far.py": "x = 1\n"})
        assert closure.files == tuple(
            sorted(tmp_path / name for name in ("steps.py", "helpers.py", "pkg/__init__.py", "pkg/far.py"))
        )
        assert closure.folders == (tmp_path, tmp_path / "pkg")

    def test_lists_libraries_reached(self, closure_of: MakeClosure) -> None:
        closure = closure_of(
            {
                "steps.py": "import json\nimport numpy as np\nimport polars\nimport pydantic\nimport effectful\n\n\n"
                "def compute(x):\n    import pyarrow.parquet as pq\n\n    return json.dumps(np.sum(x)), pq\n\n\n"
                "def other(x):\n    return polars.lit(x)\n",
                "effectful.py": "import rich\n",
            }
        )
        # pydantic and rich are mentioned nowhere else: they may have been imported for what that does.
        assert closure.distributions == {"numpy", "pyarrow", "pydantic", "rich"}

    def test_lists_files_named_by_constants(
        self, closure_of: MakeClosure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        for name in ("near.csv", "here/local.csv", "far.csv", "data.csv"):
            (tmp_path / name).write_text("1")
        (tmp_path / "table").mkdir()
        (tmp_path / "table" / "deep.csv").write_text("1")
        closure = closure_of(
            {
                "steps.py": "from pathlib import Path\n\n\ndef compute(x):\n"
                f"    return open('near.csv'), open('local.csv'), open({str(tmp_path / 'far.csv')!r}), 'table', "
                "Path(__file__).parent / 'table' / 'deep.csv'\n\n\ndef other():\n    return open('data.csv')\n"
            }
        )
        assert [path.relative_to(tmp_path).as_posix() for path in closure.literal_paths] == [
            "far.csv",
            "here/local.csv",
            "near.csv",
            "table/deep.csv",
        ]

    def test_counts_docstrings_where_they_are_read(self, closure_of: MakeClosure) -> None:
        plain = "def compute(x):\n    '''{}'''\n    return x\n"
        reading = "def compute(x):\n    '''{}'''\n    return compute.__doc__\n"
        for source, differs in ((plain, False), (reading, True)):
            before, after = (closure_of({"steps.py": source.format(text)}).digest for text in ("one", "two"))
            assert (before != after) == differs

    def test_counts_comments_where_source_is_read(self, closure_of: MakeClosure) -> None:
        source = "import inspect\n\n\ndef compute(x):\n    return inspect.getsource(compute)  # {}\n"
        before, after = (closure_of({"steps.py": source.format(text)}).digest for text in ("one", "two"))
        assert before != after

    def test_counts_entry_points_of_a_named_group(self, project: MakeIndex) -> None:
        index = project(
            {
                "steps.py": "from importlib.metadata import entry_points\n\nGROUP = 'my.group'\n\n\n"
                "def compute(x):\n    return [point.load() for point in entry_points(group=GROUP)]\n",
                "plugin.py": "def feature(x):\n    return x\n\n\ndef other(x):\n    return x\n",
            }
        )
        index.entry_points = {"my.group": ("mine = plugin:feature", "theirs = numpy:sum [extra]")}.__getitem__
        closure = index.closure("steps:compute")
        assert closure.dynamic == ()
        assert {"plugin:feature", "entry points my.group"} <= names(closure)
        assert "plugin:other" not in names(closure)
        assert closure.distributions == {"numpy"}


DYNAMIC = {
    "import by name": "import importlib\n\n\ndef compute(x):\n    return importlib.import_module(x)\n",
    "import function": "from importlib import import_module\n\n\ndef compute(x):\n    return import_module(x)\n",
    "built-in import": "def compute(x):\n    return __import__(x)\n",
    "relative import": "from importlib import import_module\n\n\ndef compute(x):\n    return import_module('.a', x)\n",
    "globals": "def compute(x):\n    return globals()[x]\n",
    "eval": "def compute(x):\n    return eval(x)\n",
    "exec": "def compute(x):\n    exec(x)\n",
    "vars without argument": "def compute(x):\n    return vars()[x]\n",
    "loaded modules": "import sys\n\n\ndef compute(x):\n    return sys.modules[x]\n",
    "subclasses": "class Base:\n    pass\n\n\ndef compute(x):\n    return Base.__subclasses__()\n",
    "subclasses by getattr": "class Base:\n    pass\n\n\ndef compute(x):\n    return getattr(Base, '__subclasses__')()\n",
    "getattr as a value": "from functools import reduce\n\n\ndef compute(x):\n    return reduce(getattr, x)\n",
    "function globals": "def compute(x):\n    return compute.__globals__[x]\n",
    "all entry points": "from importlib.metadata import entry_points\n\n\ndef compute(x):\n    return entry_points()[x]\n",
    "entry points of a computed group": "from importlib import metadata\n\n\n"
    "def compute(x):\n    return metadata.entry_points(group=x)\n",
    "walking packages": "import pkgutil\n\n\ndef compute(x):\n    return list(pkgutil.iter_modules())\n",
    "unpickling": "import pickle\n\n\ndef compute(x):\n    return pickle.loads(x)\n",
    "name nothing binds": "def compute(x):\n    return made_elsewhere(x)\n",
    "attribute nothing binds": "import far\n\n\ndef compute(x):\n    return far.made_elsewhere(x)\n",
    "name bound by a global statement": "def start():\n    global MODE\n    MODE = 1\n\n\ndef compute(x):\n    return MODE\n",
    "lazy export that is computed": "from lazy import thing\n\n\ndef compute(x):\n    return thing(x)\n",
    "module that cannot be parsed": "import broken\n\n\ndef compute(x):\n    return x\n",
}


@pytest.mark.parametrize("source", DYNAMIC.values(), ids=DYNAMIC.keys())
def test_falls_back_to_everything(closure_of: MakeClosure, source: str) -> None:
    closure = closure_of(
        {
            "steps.py": source,
            "far.py": "def far(x):\n    return x\n",
            "lazy.py": "import importlib\n\n\ndef __getattr__(name):\n    return importlib.import_module(name.upper())\n",
            "broken.py": "def broken(:\n",
        }
    )
    assert closure.dynamic != ()
    assert "far" in names(closure)


NOT_DYNAMIC = {
    "getattr by a constant": "import far\n\n\ndef compute(x):\n    return getattr(far, 'far')(x)\n",
    "getattr with a default": "import far\n\n\ndef compute(x):\n    return getattr(far, 'absent', far.far)(x)\n",
    "import by a constant": "import importlib\n\n\ndef compute(x):\n    return importlib.import_module('far').far(x)\n",
    "loaded module by a constant": "import sys\nimport far\n\n\ndef compute(x):\n    return sys.modules['far'].far(x)\n",
    "getattr of a class": "from far import Far\n\n\ndef compute(x):\n    return getattr(Far(), x)()\n",
}


@pytest.mark.parametrize("source", NOT_DYNAMIC.values(), ids=NOT_DYNAMIC.keys())
def test_follows_look_ups_by_constants(closure_of: MakeClosure, source: str) -> None:
    far = "class Far:\n    def one(self):\n        return far(1)\n\n\ndef far(x):\n    return x\n\n\n"
    unrelated = far + "def unrelated(x):\n    return {}\n"
    before, after = (closure_of({"steps.py": source, "far.py": unrelated.format(n)}) for n in (1, 2))
    changed = closure_of({"steps.py": source, "far.py": far.replace("return x", "return -x")})
    assert before.dynamic == ()
    assert before.digest == after.digest
    assert before.digest != changed.digest


def test_counts_a_module_whole_where_any_attribute_may_be_asked_for(closure_of: MakeClosure) -> None:
    files = {
        "steps.py": "import pkg\n\n\ndef compute(x):\n    return getattr(pkg, x)\n",
        "pkg/__init__.py": "from pkg.inner import name\n",
        "pkg/inner.py": "def name():\n    return helper()\n\n\ndef helper():\n    return 1\n",
        "pkg/never_imported.py": "ANSWER = 42\n",
        "beside.py": "ANSWER = 43\n",
    }
    assert {"pkg", "pkg.inner", "pkg.never_imported"} <= names(closure_of(files))
    assert "beside" not in names(closure_of(files))


@pytest.mark.parametrize("root", ["there", "tests", "test"])
def test_counts_modules_loaded_elsewhere_in_a_fall_back(tmp_path: Path, root: str) -> None:
    for folder, name in (("here", "steps"), (root, "loaded_there")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{name}.py").write_text("def compute(x):\n    return eval(x)\n")
    module = type(sys)("loaded_there")
    module.__file__ = str(tmp_path / root / "loaded_there.py")
    locator = Locator((str(tmp_path / "here"), *sys.path), loaded={"loaded_there": module})
    assert "loaded_there" in names(SourceIndex(locator).closure("steps:compute"))
