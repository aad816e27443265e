"""Real processes for the proofs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.proof.harness import Launcher, Project
    from tests.proof.samples import EIGHT
else:
    from proof.harness import Launcher, Project
    from proof.samples import EIGHT

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.proof)


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    started = Launcher.start()
    yield started
    started.close()


@pytest.fixture(scope="session")
def make_project(launcher: Launcher) -> Callable[..., Project]:
    """Return a function that makes a project from its files in a place of its own."""

    def make(files: Mapping[str, str], place: Path, **environ: str) -> Project:
        project = Project(launcher=launcher, place=place, environ=environ)
        project.write(files)
        return project

    return make


@pytest.fixture(scope="session")
def make_eight(make_project: Callable[..., Project]) -> Callable[[Path], Project]:
    """Return a function that makes a project of eight steps in a place of its own."""

    def make(place: Path) -> Project:
        (place / "log").mkdir(parents=True)
        return make_project({"system.py": EIGHT, "config.yaml": f"log: {place / 'log'}\n"}, place)

    return make
