"""The page about covariates runs: from a file with what is known ahead to a forecast, and to the list of what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.docs.test_tutorial import BLOCK, commands, run
else:
    from docs.test_tutorial import BLOCK, commands, run

PAGE = Path(__file__).parents[2] / "docs/covariates.md"


def test_the_page_runs(tmp_path: Path) -> None:
    for language, title, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language == "python":
            (tmp_path / title).write_text(text, encoding="utf-8")
            continue
        for command in commands(text):
            run(command, tmp_path)
