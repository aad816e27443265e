"""What a result depends on beside its source: data files, variables, configuration, libraries, interpreter flags.

After each change a run in the used workspace must show what a run in a new workspace shows; where nothing changed that
counts, no step may run again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from penstock.domain.results import RunResult

if TYPE_CHECKING:
    from tests.proof.harness import Project
    from tests.proof.samples import HEAD, TAIL
else:
    from proof.samples import HEAD, TAIL

SYSTEM = (
    HEAD
    + """
import aside.helper
import libowned
import libloose
from sample import own

HERE = Path(__file__).parent


class Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    files: dict[str, Path]
    folder: Path
    level: int = 1
    extra: int = 2


@step(stage="acquire", reads=["holidays.csv", "tables/weekends.csv"])
def declared() -> list[str]:
    return [(HERE / name).read_text() for name in ("holidays" + ".csv", "tables/" + "weekends.csv")]


@step(stage="acquire")
def literal() -> list[str]:
    return [(HERE / "notes.txt").read_text(), (HERE / "more.txt").read_text()]


@step(stage="acquire")
def argued(data: Path) -> str:
    return data.name + data.read_text()


@step(stage="acquire")
def several(files: dict[str, Path]) -> dict[str, str]:
    return {name: path.read_text() for name, path in files.items()}


@step(stage="acquire")
def beside(values: list[str], files: dict[str, Path]) -> list[str]:
    return values + [path.read_text() for path in files.values()]


@step(stage="acquire")
def folded(values: list[object]) -> list[str]:
    return [value.read_text() if isinstance(value, Path) else str(value) for value in values]


@step(stage="acquire")
def listed(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*.txt"))}


@step(stage="prepare", env=["SAMPLE_LEVEL"])
def variable() -> str | None:
    return os.environ.get("SAMPLE_LEVEL")


@step(stage="prepare")
def leveled(level: int, extra: int) -> int:
    return 10 * level + extra


@step(stage="train")
def owned() -> list[str]:
    return [libowned.VALUE, libowned.variable()]


@step(stage="train")
def loose() -> str:
    return libloose.VALUE + own.VALUE


@step(stage="train")
def outside() -> str:
    return aside.helper.help()


@step(stage="train")
def first_found() -> str:
    try:
        import chosen
    except ImportError:
        return "nothing"
    return chosen.VALUE


@step(stage="train")
def flagged() -> str:
    try:
        assert False
    except AssertionError:
        return "asserted"
    return "optimized"


@step(stage="report")
def told(values: dict[str, object]) -> Summary:
    return Summary(headline=str(values))


@pipeline(name="sample")
def train(cfg: Config) -> dict[str, object]:
    literals = literal()
    values = {
        "declared": declared(),
        "literal": literals,
        "argued": argued(cfg.data),
        "several": several(cfg.files),
        "beside": beside(literals, cfg.files),
        "folded": folded([variable(), cfg.data, cfg.files["one"]]),
        "listed": listed(cfg.folder),
        "leveled": leveled(cfg.level, cfg.extra),
        "owned": owned(),
        "loose": loose(),
        "outside": outside(),
        "first_found": first_found(),
        "flagged": flagged(),
    }
    return {"summary": told(values)}
"""
    + TAIL
)
LIBRARY = 'import os\n\nVALUE = "{value}"\n\n\ndef variable():\n    return os.environ.get("LIBRARY_LEVEL", "none")\n'

Change: TypeAlias = "Callable[[Project], Mapping[str, str] | None]"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One change: what it does, which may return variables for the second run, and what is given to it."""

    name: str
    change: Change
    changes_result: bool
    arguments: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)


def files(place: Path) -> dict[str, str]:
    """Return the sample by path relative to ``place``."""
    config = {
        "data": str(place / "data/data.csv"),
        "files": {"one": str(place / "data/one.csv"), "two": str(place / "data/two.csv")},
        "folder": str(place / "data/folder"),
        "extra": 3,
    }
    return {
        "sample/system.py": SYSTEM,
        "sample/config.yaml": "".join(f"{key}: {json.dumps(value)}\n" for key, value in config.items()),
        "sample/own.py": 'VALUE = "o"\n',
        "sample/holidays.csv": "h\n",
        "sample/tables/weekends.csv": "w\n",
        "sample/notes.txt": "n\n",
        "sample/more.txt": "m\n",
        "sample/readme.txt": "r\n",
        "data/data.csv": "d\n",
        "data/one.csv": "1\n",
        "data/two.csv": "2\n",
        "data/folder/a.txt": "a\n",
        "data/folder/b/c.txt": "c\n",
        "library/aside/helper.py": 'from aside.deeper import deep\n\n\ndef help():\n    return "helped" + deep()\n',
        "library/aside/deeper.py": 'def deep():\n    return "deep"\n',
        "library/aside/__init__.py": "",
        "site-packages/libowned.py": LIBRARY.format(value="1"),
        "site-packages/libowned-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: libowned\nVersion: 1.0\n",
        "site-packages/libowned-1.0.dist-info/RECORD": "libowned.py,,\n",
        "site-packages/libloose.py": LIBRARY.format(value="1"),
        "first/readme.txt": "",
    }


def write(name: str, text: str) -> Change:
    return lambda project: _write(project.place / name, text)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def edit(name: str, old: str, new: str) -> Change:
    def change(project: Project) -> None:
        path = project.place / name
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))

    return change


def swap(one: str, two: str) -> Change:
    def change(project: Project) -> None:
        left, right = project.place / one, project.place / two
        texts = left.read_text(), right.read_text()
        left.write_text(texts[1])
        right.write_text(texts[0])

    return change


def same_size_and_time(name: str, text: str) -> Change:
    def change(project: Project) -> None:
        path = project.place / name
        facts = path.stat()
        path.write_text(text)
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        assert path.stat().st_size == facts.st_size

    return change


def upgrade(project: Project) -> None:
    site = project.place / "site-packages"
    (site / "libowned-1.0.dist-info").rename(site / "libowned-1.1.dist-info")
    edit("site-packages/libowned-1.1.dist-info/METADATA", "Version: 1.0", "Version: 1.1")(project)
    edit("site-packages/libowned.py", 'VALUE = "1"', 'VALUE = "2"')(project)


def nothing(project: Project) -> None:
    """Change no file."""


def move_data(project: Project) -> None:
    (project.place / "elsewhere").mkdir()
    (project.place / "data/data.csv").rename(project.place / "elsewhere/data.csv")
    edit("sample/config.yaml", "data/data.csv", "elsewhere/data.csv")(project)


def rename_data(project: Project) -> None:
    (project.place / "data/data.csv").rename(project.place / "data/other.csv")
    edit("sample/config.yaml", "data/data.csv", "data/other.csv")(project)


def rename_in_folder(project: Project) -> None:
    (project.place / "data/folder/a.txt").rename(project.place / "data/folder/z.txt")


def touch_all(project: Project) -> None:
    for path in project.place.rglob("*"):
        if path.is_file() and not path.is_relative_to(project.home):
            os.utime(path)


def come_first(project: Project) -> None:
    write("first/aside/__init__.py", "")(project)
    write("first/aside/helper.py", 'def help():\n    return "first"\n')(project)


def move_workspace(project: Project) -> None:
    moved = project.place / "moved"
    project.home.rename(moved)
    project.home.symlink_to(moved)


CHANGING = {
    "declared file": write("sample/holidays.csv", "H\n"),
    "declared file in a folder": write("sample/tables/weekends.csv", "W\n"),
    "declared files swapped": swap("sample/holidays.csv", "sample/tables/weekends.csv"),
    "declared file, same size and time": same_size_and_time("sample/holidays.csv", "x\n"),
    "literally named file": write("sample/notes.txt", "N\n"),
    "literally named files swapped": swap("sample/notes.txt", "sample/more.txt"),
    "file given by path": write("data/data.csv", "D\n"),
    "file given by path, same size and time": same_size_and_time("data/data.csv", "x\n"),
    "file given by path, renamed": rename_data,
    "files given in a mapping": write("data/two.csv", "22\n"),
    "files given in a mapping swapped": swap("data/one.csv", "data/two.csv"),
    "file in a folder given by path": write("data/folder/b/c.txt", "C\n"),
    "file added to a folder": write("data/folder/d.txt", "d\n"),
    "file in a folder renamed": rename_in_folder,
    "value in config.yaml": edit("sample/config.yaml", "extra: 3", "extra: 4"),
    "value added to config.yaml": edit("sample/config.yaml", "extra: 3\n", "extra: 3\nlevel: 2\n"),
    "default in the schema": edit("sample/system.py", "level: int = 1", "level: int = 2"),
    "version of a library": upgrade,
    "library that no distribution owns": edit("site-packages/libloose.py", 'VALUE = "1"', 'VALUE = "2"'),
    "source, same size and time": same_size_and_time("sample/own.py", 'VALUE = "x"\n'),
    "helper outside the system's folder": edit("library/aside/helper.py", "helped", "Helped"),
    "helper's helper outside the system's folder": edit("library/aside/deeper.py", '"deep"', '"Deep"'),
    "module that was looked for in vain": write("library/chosen.py", 'VALUE = "found"\n'),
    "module that now comes first": come_first,
}
"""Changes of files; ``first`` is the first folder on the path and was empty."""

HARMLESS = {
    "nothing": nothing,
    "times of all files": touch_all,
    "file beside the system": write("sample/readme.txt", "R\n"),
    "file beside the data": write("data/three.csv", "3\n"),
    "module that nobody imports": write("library/unused.py", "VALUE = 1\n"),
    "comment in config.yaml": edit("sample/config.yaml", "extra: 3", "# so many\nextra: 3"),
    "default that is overridden": edit("sample/system.py", "extra: int = 2", "extra: int = 5"),
    "data moved to another folder": move_data,
    "workspace moved": move_workspace,
}
CASES = (
    *(Case(name=name, change=change, changes_result=True) for name, change in CHANGING.items()),
    *(Case(name=name, change=change, changes_result=False) for name, change in HARMLESS.items()),
    Case(name="override", change=nothing, changes_result=True, arguments=("level=5",)),
    Case(name="override that says the same", change=nothing, changes_result=False, arguments=("extra=3",)),
    Case(name="declared variable", change=nothing, changes_result=True, environ={"SAMPLE_LEVEL": "2"}),
    Case(
        name="variable that a library reads",
        change=nothing,
        changes_result=True,
        environ={"LIBRARY_LEVEL": "2"},
    ),
    Case(name="variable that nobody reads", change=nothing, changes_result=False, environ={"OTHER": "2"}),
)


@pytest.fixture(scope="module")
def kept(make_project: Callable[..., Project], tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The sample, run once, in a place of which a copy is kept."""
    place = tmp_path_factory.mktemp("surroundings")
    for name, text in files(place).items():
        _write(place / name, text)
    path = os.pathsep.join(str(place / name) for name in ("first", "library", "site-packages"))
    project: Project = make_project(
        {name[7:]: text for name, text in files(place).items() if name.startswith("sample/")},
        place,
        PYTHONPATH=path,
    )
    assert set(project.run().states.values()) == {"ran"}
    shutil.copytree(place, place.with_name("kept"))
    return project


@pytest.fixture
def project(kept: Project) -> Project:
    shutil.rmtree(kept.place)
    shutil.copytree(kept.place.with_name("kept"), kept.place)
    return kept


@pytest.mark.parametrize("forced", [True, False], ids=["planned", "front door"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_change_runs_again_exactly_what_it_changes(case: Case, forced: bool, project: Project) -> None:
    case.change(project)
    flags = ["--force"] if forced else []
    again = project.run(*flags, *case.arguments, environ=case.environ)
    elsewhere = {"PENSTOCK_HOME": str(project.place / "fresh")}
    fresh = project.run(*case.arguments, environ={**case.environ, **elsewhere})
    assert again.result.headline == fresh.result.headline
    if case.changes_result:
        assert "ran" in again.states.values()
    else:
        assert set(again.states.values()) == {"reused"}, [step.reason for step in again.result.steps]


def test_old_bytecode_elsewhere_is_refused_once(project: Project) -> None:
    """An edit that Python itself does not see: same size, same time, and not in the system's folder."""
    same_size_and_time("library/aside/deeper.py", 'def deep():\n    return "DEEP"\n')(project)
    refused = project.run()
    assert refused.code == 2
    assert "older than the source" in refused.err
    assert "DEEP" in project.run().result.headline


@pytest.mark.parametrize("flag", ["-O", "PYTHONOPTIMIZE"])
def test_an_interpreter_flag_counts(flag: str, project: Project) -> None:
    """The launcher cannot take flags: these are fresh interpreters."""
    flags = [flag] if flag.startswith("-") else []
    environ = project.environment({} if flags else {flag: "1"})
    # Not pinned, so that the command starts its interpreter again: the flag must survive that.
    environ.pop("PYTHONHASHSEED")
    done = subprocess.run(
        [sys.executable, *flags, "-m", "penstock", "run", "sample", "--json", "--quiet"],
        cwd=project.place,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    result = RunResult.model_validate_json(done.stdout)
    assert "optimized" in result.headline
    assert "ran" in {step.state for step in result.steps}
    assert "asserted" in project.run("--force").result.headline
