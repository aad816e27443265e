"""The commands of the page about data run, and print what the page says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.docs.test_tutorial import BLOCK, RunHere, commands
else:
    from docs.test_tutorial import BLOCK, commands

PAGE = Path(__file__).parents[2] / "docs/data.md"


@pytest.mark.slow
def test_the_commands_print_what_the_page_says(tmp_path: Path, run_here: RunHere) -> None:
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert {language for language, _, _ in blocks} == {"console"}
    for _, _, text in blocks:
        for command in commands(text):
            run_here(command, tmp_path)
