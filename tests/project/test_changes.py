"""Every change note can be gathered into the changelog."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any


def test_notes_are_named_by_issue_and_kind_and_end_in_a_full_stop(
    root: Path, pyproject: dict[str, Any]
) -> None:
    kinds = "|".join(kind["directory"] for kind in pyproject["tool"]["towncrier"]["type"])
    for note in sorted((root / "changes").iterdir()):
        if note.name == "README.md":
            continue
        assert re.fullmatch(rf"(\d+|\+[\w-]+)\.({kinds})(\.\d+)?\.md", note.name), note.name
        assert note.read_text(encoding="utf-8").rstrip().endswith("."), note.name


def test_the_changelog_has_a_place_for_the_next_version(root: Path) -> None:
    assert "<!-- towncrier release notes start -->" in (root / "CHANGELOG.md").read_text(encoding="utf-8")
