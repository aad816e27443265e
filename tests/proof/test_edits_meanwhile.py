"""Files edited while a run goes on: whatever that run shows, no later one may show it as its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.proof.harness import Project
    from tests.proof.samples import HEAD, TAIL
else:
    from proof.samples import HEAD, TAIL

SYSTEM = (
    HEAD
    + """
from sample.helper import before, later


class Config(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    log: str
    first: Path
    second: Path
    level: int = 1


@step(stage="acquire")
def slow(log: str, first: Path) -> list[str]:
    note(log, "slow")
    chewed("slow", 0.6)
    return [first.read_text(), before()]


@step(stage="train")
def after(rows: list[str], second: Path, level: int) -> str:
    from sample.local import last

    return str([*rows, second.read_text(), later(), last(), level])


@step(stage="report")
def told(text: str) -> Summary:
    return Summary(headline=text)


@pipeline(name="sample")
def train(cfg: Config) -> dict[str, object]:
    return {"summary": told(after(slow(cfg.log, cfg.first), cfg.second, cfg.level))}
"""
    + TAIL
)
HELPER = 'def before():\n    return "before 1"\n\n\ndef later():\n    return "later 1"\n'
LOCAL = 'def last():\n    return "last 1"\n'
EDITS = {
    "helper of the running step": ("sample/helper.py", "before 1", "before 2"),
    "helper of a later step": ("sample/helper.py", "later 1", "later 2"),
    "module that a later step imports": ("sample/local.py", "last 1", "last 2"),
    "step itself": ("sample/system.py", "str([*rows", "str([*rows, *rows"),
    "data of the running step": ("data/first.csv", "first 1", "first 2"),
    "data of a later step": ("data/second.csv", "second 1", "second 2"),
    "configuration": ("sample/config.yaml", "level: 3", "level: 4"),
}


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("edit", EDITS)
def test_nothing_made_meanwhile_is_taken_for_something_else(
    edit: str, jobs: str, make_project: Callable[..., Project], tmp_path: Path
) -> None:
    project = _project(make_project, tmp_path)
    name, old, new = EDITS[edit]
    path = tmp_path / name
    original = path.read_text()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(project.run, "--jobs", jobs)
        while not (project.log / "slow").exists():
            time.sleep(0.001)
        path.write_text(original.replace(old, new))
        assert path.read_text() != original
        running.result()
    assert_like_fresh(project, "edited")
    path.write_text(original)
    assert_like_fresh(project, "original")


def _project(make_project: Callable[..., Project], place: Path) -> Project:
    for name, text in {"data/first.csv": "first 1", "data/second.csv": "second 1", "log/other": ""}.items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text(text)
    config = f"log: {place / 'log'}\nfirst: {place / 'data/first.csv'}\nsecond: {place / 'data/second.csv'}\nlevel: 3\n"
    files = {"system.py": SYSTEM, "helper.py": HELPER, "local.py": LOCAL, "config.yaml": config}
    return make_project(files, place)


def assert_like_fresh(project: Project, name: str) -> None:
    again = project.run()
    fresh = project.run(environ={"PENSTOCK_HOME": str(project.place / name)})
    assert again.result.headline == fresh.result.headline
