from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import BaseModel

from penstock.engine.frontdoor import Door, Recorded, Watched, inputs_digest
from penstock.storage.catalogue import SqliteCatalogue
from penstock.storage.workspace import Workspace

ANSWER = Recorded(run_id="run-1", text="as before", json="{}")
NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Fact(BaseModel):
    value: int = 1


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with one of everything that a door watches, long finished."""
    for name in (
        "root/system.py",
        "root/inner/config.yaml",
        "data/file.csv",
        "data/folder/part.csv",
        "read.txt",
        "modules/helper.py",
        "modules/package/__init__.py",
        "library/single.py",
        "library/thing-1.0.dist-info/METADATA",
        "report.html",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    workspace = Workspace.open(tmp_path / "workspace")
    SqliteCatalogue(workspace).add("dataset", "d@v1", Fact(), scope="d", now=NOW)
    SqliteCatalogue(workspace).add("dataset", "e@v1", Fact(), scope="e", now=NOW)
    return tmp_path


def door(place: Path, **environ: str) -> Door:
    return Door(
        workspace=place / "workspace",
        command=("run", "sample"),
        folder=place,
        environ={"HOME": "/home/anna", "PYTHONPATH": str(place / "library"), **environ},
        opened_at=time.time() + 60,
    )


def watched(place: Path) -> Watched:
    roots = (str(place / "root"),)
    files = tuple(str(place / name) for name in ("absent.yaml", "data/file.csv", "data/folder"))
    return Watched(
        roots=roots,
        files=files,
        reads=(str(place / "read.txt"),),
        folders=(str(place / "modules"),),
        outputs=(str(place / "report.html"),),
        catalogue=str(place / "workspace/catalogue.sqlite"),
        scopes=("d",),
        seen=inputs_digest(roots, files),
    )


@pytest.fixture
def kept(place: Path) -> Path:
    assert door(place).keep(ANSWER, watched(place))
    return place


def test_an_unchanged_world_gets_the_recorded_answer(kept: Path) -> None:
    assert door(kept).answer() == ANSWER


def test_without_a_record_there_is_no_answer(place: Path) -> None:
    assert door(place).answer() is None


def write(name: str, text: str = "new") -> Callable[[Path], None]:
    def change(place: Path) -> None:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)

    return change


def remove(name: str) -> Callable[[Path], None]:
    return lambda place: (place / name).unlink()


def rename(name: str, new: str) -> Callable[[Path], object]:
    return lambda place: (place / name).rename(place / new)


def register(place: Path) -> None:
    SqliteCatalogue(Workspace.open(place / "workspace")).add("dataset", "d@v2", Fact(), scope="d", now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        write("root/system.py"),
        write("root/new.py"),
        write("root/inner/config.yaml"),
        remove("root/system.py"),
        rename("root/system.py", "root/other.py"),
        write("absent.yaml"),
        write("data/file.csv"),
        remove("data/file.csv"),
        write("data/folder/part.csv"),
        write("data/folder/deep/new.csv"),
        rename("data/folder/part.csv", "data/folder/other.csv"),
        write("read.txt"),
        remove("read.txt"),
        write("modules/new.py"),
        write("modules/new/__init__.py"),
        write("library/new.py"),
        rename("library/thing-1.0.dist-info", "library/thing-1.1.dist-info"),
        write("report.html"),
        remove("report.html"),
        register,
        remove("workspace/catalogue.sqlite"),
    ],
)
def test_every_watched_thing_reopens(change: Callable[[Path], object], kept: Path) -> None:
    change(kept)
    assert door(kept).answer() is None


@pytest.mark.parametrize(
    "change",
    [
        write("root/notes.md"),
        write("root/__pycache__/system.pyc"),
        write("root/.hidden/system.py"),
        write("modules/helper.py", "its content is watched elsewhere, if it counts"),
        write("modules/notes.md"),
        write("data/other.csv"),
        lambda place: os.utime(place / "root/system.py"),
        lambda place: SqliteCatalogue(Workspace.open(place / "workspace")).add(
            "dataset", "e@v2", Fact(), scope="e", now=NOW
        ),
    ],
)
def test_nothing_else_reopens(change: Callable[[Path], object], kept: Path) -> None:
    change(kept)
    assert door(kept).answer() == ANSWER


def test_the_environment_counts_and_the_shell_does_not(kept: Path) -> None:
    assert door(kept, COLUMNS="80", PWD="/elsewhere").answer() == ANSWER
    assert door(kept, LEVEL="1").answer() is None
    assert door(kept, HOME="/home/otto").answer() is None


def test_another_command_or_folder_has_another_door(kept: Path) -> None:
    assert replace(door(kept), command=("run", "sample", "a=1")).answer() is None
    assert replace(door(kept), folder=kept / "root").answer() is None


def test_the_interpreter_counts(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("version", "3.99"), ("platform", "other"), ("warnoptions", ["error"])):
        with monkeypatch.context() as context:
            context.setattr(sys, name, value)
            assert door(kept).answer() is None


def test_what_changed_since_the_door_opened_keeps_it_shut(place: Path) -> None:
    now = replace(door(place), opened_at=time.time() + 60)
    for name in ("root/system.py", "data/file.csv", "data/folder/part.csv", "read.txt"):
        early = replace(now, opened_at=(place / name).stat().st_ctime)
        assert not early.keep(ANSWER, watched(place))
    assert now.keep(ANSWER, watched(place))


def test_what_changed_since_the_plan_keeps_it_shut(place: Path) -> None:
    planned = watched(place)
    (place / "root/system.py").write_text("edited while the run went on")
    assert not door(place).keep(ANSWER, planned)


def test_a_door_that_cannot_be_written_is_left_out(place: Path) -> None:
    (place / "workspace/doors").write_text("in the way")
    assert not door(place).keep(ANSWER, watched(place))
    assert door(place).answer() is None


def test_no_flipped_bit_changes_the_answer(kept: Path) -> None:
    chance = random.Random(7)
    path = door(kept).path
    whole = path.read_bytes()
    for _ in range(300):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        assert door(kept).answer() in (None, ANSWER)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"format": 1}', '{"seal": 1, "format": 2}'])
def test_a_strange_record_is_no_answer(text: str, kept: Path) -> None:
    door(kept).path.write_text(text)
    assert door(kept).answer() is None


def test_it_answers_with_the_standard_library_alone(kept: Path) -> None:
    script = (
        "import json, sys\n"
        "before = set(sys.modules)\n"
        "from pathlib import Path\n"
        "from penstock.engine.frontdoor import Door\n"
        "given = json.loads(sys.argv[1])\n"
        "door = Door(workspace=Path(given['workspace']), command=tuple(given['command']),\n"
        "            folder=Path(given['folder']), environ=given['environ'], opened_at=0.0)\n"
        "door.answer()\n"
        "tops = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(json.dumps(sorted(tops - sys.stdlib_module_names - {'_distutils_hack'})))\n"
        "print(json.dumps(sorted(name for name in sys.modules if name.startswith('penstock'))))\n"
    )
    this = door(kept)
    given = {
        "workspace": str(this.workspace),
        "command": this.command,
        "folder": str(this.folder),
        "environ": dict(this.environ),
    }
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(given)], capture_output=True, text=True, check=True
    )
    foreign, own = map(json.loads, done.stdout.splitlines())
    assert foreign == ["penstock"]
    assert own == ["penstock", "penstock.engine", "penstock.engine.frontdoor", "penstock.engine.surroundings"]
