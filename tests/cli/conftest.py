"""Workspaces for the commands: an empty one, and one in which a run has ended well."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.cli.commands import run_command_line

if TYPE_CHECKING:
    from tests.cli.samples import COLUMNS, TINY, Answer, Command, Finished, Rows, wave, write_csv
else:
    from cli.samples import COLUMNS, TINY, Answer, Command, Finished, Rows, wave, write_csv


@pytest.fixture(scope="session")
def two_series() -> Rows:
    """Return the rows of two series of ten days."""
    return [*wave(name="a"), *wave(name="b", level=40.0)]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty workspace, in whose parent folder the test stands; nothing is tracked."""
    monkeypatch.chdir(tmp_path)
    return _use(monkeypatch, tmp_path / "home")


@pytest.fixture
def penstock(capfd: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs one command line in this process."""

    def call(*arguments: str) -> Answer:
        capfd.readouterr()
        code = run_command_line(arguments)
        said = capfd.readouterr()
        return Answer(code=code, out=said.out, err=said.err)

    return call


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, two_series: Rows) -> Finished:
    """Return a place where one tiny run has ended well; tests only look at it."""
    folder = tmp_path_factory.mktemp("finished")
    write_csv(folder / "power.csv", two_series)
    made = Finished(
        folder=folder, home=folder / "home", command=("run", "panel", "data=power.csv", *COLUMNS, *TINY)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        _use(patch, made.home)
        assert run_command_line([*made.command, "--quiet"]) == 0
    return made


@pytest.fixture
def there(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> Finished:
    """Stand in the place where a run has ended well."""
    monkeypatch.chdir(finished.folder)
    _use(monkeypatch, finished.home)
    return finished


def _use(patch: pytest.MonkeyPatch, home: Path) -> Path:
    patch.setenv("PENSTOCK_HOME", str(home))
    patch.setenv("PENSTOCK_TRACKING_URI", "off")
    patch.delenv("PENSTOCK_DEBUG", raising=False)
    patch.delenv("PENSTOCK_ENV_FILE", raising=False)
    return home
