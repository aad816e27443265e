"""Every requirement is shown by something that exists, or is left to a named issue."""

from __future__ import annotations

import re
from pathlib import Path

ROW = re.compile(r"^\| (A\d{3}) \| (.+?) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/.]+(?:::\w+)*)`")
COMMAND = re.compile(r"`(penstock [^`]+|make [^`]+)`")


def rows(root: Path) -> dict[str, str]:
    text = (root / "docs/requirements.md").read_text(encoding="utf-8")
    found = ROW.findall(text)
    assert len({number for number, _, _ in found}) == len(found), "a requirement is listed twice"
    return {number: shown for number, _, shown in found}


MAIN_JOB = range(1, 57)
DATA = (61, *range(64, 70), 71, 84, 86, 94, 95, 96, 163, *range(171, 175))
PROVEN = (*range(147, 155), *range(156, 159), *range(181, 192))
SEARCHED = (75, 179, 180)
MEASURED = (155, *range(204, 208))


def test_every_requirement_of_the_issues_so_far_has_a_row(root: Path) -> None:
    assert sorted(rows(root)) == [
        f"A{number:03}" for number in sorted((*MAIN_JOB, *DATA, *PROVEN, *SEARCHED, *MEASURED))
    ]


def test_every_row_names_a_test_a_command_or_an_issue(root: Path) -> None:
    unshown = [
        number
        for number, shown in rows(root).items()
        if not (TEST.search(shown) or COMMAND.search(shown) or re.search(r"later: issue \d+", shown))
    ]
    assert unshown == []


def test_every_named_test_exists(root: Path, test_ids: set[str]) -> None:
    missing = [
        f"{number}: {test}"
        for number, shown in rows(root).items()
        for test in TEST.findall(shown)
        if test not in test_ids
    ]
    assert missing == []
