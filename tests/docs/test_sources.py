"""The page about sources runs: its source keeps the contract with the test that the page gives, its commands answer so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.docs.test_tutorial import BLOCK, RunHere, commands
else:
    from docs.test_tutorial import BLOCK, commands

PAGE = Path(__file__).parents[2] / "docs/sources.md"


def blocks(language: str) -> dict[str, str]:
    return {
        title: text
        for kind, title, text in BLOCK.findall(PAGE.read_text(encoding="utf-8"))
        if kind == language
    }


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Return a folder that holds the files of the page."""
    for title, text in blocks("python").items():
        (tmp_path / title).write_text(text, encoding="utf-8")
    return tmp_path


def suite_of(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the test of the page."""
    options = ("-q", "-p", "no:cacheprovider", "--rootdir", str(folder))
    return subprocess.run(
        [sys.executable, "-B", "-m", "pytest", *options, str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def test_the_source_of_the_page_keeps_the_contract(written: Path) -> None:
    done = suite_of(written)
    assert done.returncode == 0, done.stdout
    passed = re.search(r"^(\d+) passed in", done.stdout, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) >= 20


@pytest.mark.parametrize(
    ("right", "wrong", "noticed"),
    [
        ('check_count("wind", len(records), found["total"])', "pass", "a_count_that_does_not_match"),
        ("fetch_pages(window, 1, ", "fetch_pages(window, 2, ", "two_halves_are_the_whole"),
    ],
)
def test_the_suite_notices_a_source_that_breaks_the_contract(
    written: Path, right: str, wrong: str, noticed: str
) -> None:
    source = written / "wind.py"
    text = source.read_text(encoding="utf-8")
    assert text.count(right) == 1
    source.write_text(text.replace(right, wrong), encoding="utf-8")
    done = suite_of(written)
    assert done.returncode == 1, done.stdout
    assert re.search(f"^FAILED .*test_{noticed}", done.stdout, re.MULTILINE)


def test_a_fresh_source_and_its_test_have_sixty_lines_at_most(written: Path) -> None:
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in written.iterdir()}
    assert set(lengths) == {"wind.py", "test_wind.py"}
    assert max(lengths.values()) <= 60, lengths


def test_the_commands_of_the_page_answer_so(tmp_path: Path, run_here: RunHere) -> None:
    (block,) = blocks("console").values()
    for command in commands(block):
        run_here(command, tmp_path)
