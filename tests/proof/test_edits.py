"""Every named edit of the table, carried out on a system that real commands run.

After the edit, a run in the used workspace must show what plain Python computes: never a result of before. After an
edit that changes nothing, no step may run again.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from tests.engine.source.mutations import MUTATIONS, Mutation
    from tests.proof.harness import Done, Project
else:
    from engine.source.mutations import MUTATIONS, Mutation

SYSTEM = """\
from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

import steps
{preload}
from penstock.domain.results import Summary
from penstock.engine import pipeline, step
from penstock.systems.shared.system import System

compute = step(stage="train")(steps.compute)


class Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


@step(stage="report")
def tell(values: list[int]) -> Summary:
    return Summary(headline=str(values))


@pipeline(name="sample")
def train(cfg: Config) -> dict[str, object]:
    return {{"summary": tell([compute(2), compute(5), compute(6)])}}


SYSTEM = System(name="sample", title="A sample", folder=Path(__file__).parent, config=Config, train=train)
"""
NEEDLESS = {"state of a bystander"}
"""Edits that change nothing and yet run everything again: what the system itself imports counts with all it does."""

ORACLE = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
import steps
print([steps.compute(x) for x in (2, 5, 6)])
"""


class Base(NamedTuple):
    """A project before any edit, run once: its files and its workspace are kept to start every edit from."""

    project: Project
    files: Mapping[str, str]
    kept: Path


Key = tuple[str, tuple[str, ...]]


@pytest.fixture(scope="module")
def bases(
    make_project: Callable[..., Project], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Mutation], Base]:
    made: dict[Key, Base] = {}

    def base_of(mutation: Mutation) -> Base:
        key = (json.dumps(mutation.files, sort_keys=True), mutation.preload)
        if key not in made:
            made[key] = _base(mutation, make_project, tmp_path_factory.mktemp("base"))
        return made[key]

    return base_of


def _base(mutation: Mutation, make_project: Callable[..., Project], place: Path) -> Base:
    preload = "\n".join(f"import {name}" for name in mutation.preload)
    files = {**mutation.files, "system.py": SYSTEM.format(preload=preload), "config.yaml": "{}\n"}
    project = make_project(files, place, PYTHONPATH=str(place / "sample"))
    first = project.run()
    assert set(first.states.values()) == {"ran"}
    assert first.result.headline == expected(project, mutation)
    assert is_standing(project.run()), "the front door did not answer an unchanged command"
    shutil.copytree(project.home, place / "kept")
    return Base(project, files, place / "kept")


def expected(project: Project, mutation: Mutation) -> str:
    """Return what plain Python computes from the files as they are."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", ORACLE, json.dumps(mutation.preload)],
        cwd=project.folder,
        env={"PYTHONPATH": str(project.folder), "PYTHONHASHSEED": "0", "PYTHONPYCACHEPREFIX": "/nowhere"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def is_standing(done: Done) -> bool:
    """Whether the front door answered: then nothing was planned, and no progress was written."""
    return (
        done.code == 0 and not done.err and {step.reason for step in done.result.steps} == {"nothing changed"}
    )


@pytest.fixture
def edited(bases: Callable[[Mutation], Base], mutation: Mutation) -> Iterator[Project]:
    base = bases(mutation)
    base.project.forget()
    shutil.copytree(base.kept, base.project.home)
    own = {name: base.files[name] for name in ("system.py", "config.yaml")}
    base.project.write({**mutation.apply(mutation.files), **own})
    yield base.project
    base.project.write(base.files)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_an_edit_runs_again_exactly_what_it_changes(mutation: Mutation, edited: Project) -> None:
    done = edited.run()
    states = done.states
    assert done.result.headline == expected(edited, mutation)
    if mutation.changes_result:
        assert "ran" in states.values()
    elif mutation.name not in NEEDLESS:
        assert set(states.values()) == {"reused"}, [step.reason for step in done.result.steps]
    assert is_standing(edited.run())
