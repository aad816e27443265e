"""Tests that were planned, by id, against those that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROW = re.compile(r"^\| (T\d{3}) \| (.+?) \| (.+) \|$", re.MULTILINE)


def plan(root: Path) -> list[tuple[str, str, str]]:
    return ROW.findall((root / "docs/tests.md").read_text(encoding="utf-8"))


def test_ids_are_unique_and_in_order(root: Path) -> None:
    numbers = [number for number, _, _ in plan(root)]
    assert numbers
    assert numbers == sorted(set(numbers))


def test_every_planned_test_exists_or_is_left_to_an_issue(root: Path, test_ids: set[str]) -> None:
    missing = []
    for number, what, where in plan(root):
        named = re.findall(r"`(tests/[\w/.]+(?:::\w+)*)`", where)
        if not named and not re.search(r"later: issue \d+", where):
            missing.append(f"{number} {what}: names no test")
        missing.extend(f"{number} {what}: {test} does not exist" for test in named if test not in test_ids)
    assert missing == []
