"""Learning from a named dataset version instead of a source."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.samples import TINY, Command, Finished
else:
    from cli.samples import TINY, Command, Finished

FROM_VERSION = ("run", "panel", "dataset=power@v1", *TINY, "search=false", "--quiet", "--json")


@pytest.fixture
def published(home: Path, finished: Finished) -> None:
    """Have `power@v1` published by another run, and its file gone."""
    shutil.copytree(finished.home, home)


@pytest.mark.usefixtures("published")
def test_a_run_learns_from_a_version_and_keeps_its_name(penstock: Command) -> None:
    said = penstock(*FROM_VERSION)
    assert said.code == 0, said.err
    result = json.loads(said.out)
    assert result["dataset"] == "power@v1"
    assert result["steps"][0]["name"] == "pinned_rows"


@pytest.mark.usefixtures("published")
def test_it_can_be_reproduced(penstock: Command) -> None:
    result = json.loads(penstock(*FROM_VERSION).out)
    said = penstock("reproduce", result["run_id"], "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["is_equal"] is True


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("power@latest", "'power@latest' is no dataset version. Name one such as denmark@v3"),
        ("power", "'power' is no dataset version"),
        ("power@v7", "There is no dataset version 'power@v7'; did you mean 'power@v1'?"),
    ],
)
def test_nothing_but_a_named_version_is_taken(penstock: Command, reference: str, message: str) -> None:
    said = penstock("run", "panel", f"dataset={reference}", *TINY)
    assert said.code == 2
    assert message in said.err


def test_neither_file_nor_version(home: Path, penstock: Command) -> None:
    said = penstock("run", "panel", "target=y")
    assert said.code == 2
    assert "data, time missing: name the file and its columns" in said.err
    assert "dataset=power@v1" in said.err
