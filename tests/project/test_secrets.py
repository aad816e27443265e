"""No secret lies in the repository or in what a run records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

RECORDS = ("*.json", "*.jsonl", "*.html", "*.yaml", "*.txt", "*.log", "*.md")


@pytest.fixture
def scan(root: Path) -> Iterator[Any]:
    """Return detect-secrets' scan of one file, with the settings of the baseline."""
    from detect_secrets.core.scan import scan_file
    from detect_secrets.settings import transient_settings

    baseline = json.loads((root / ".secrets.baseline").read_text(encoding="utf-8"))
    settings = {key: baseline[key] for key in ("plugins_used", "filters_used")}
    with transient_settings(settings):
        yield scan_file


def test_the_repository_holds_no_secret(root: Path, tracked_files: list[Path], scan: Any) -> None:
    baseline = json.loads((root / ".secrets.baseline").read_text(encoding="utf-8"))
    known = {(file, entry["hashed_secret"]) for file, found in baseline["results"].items() for entry in found}
    new = [
        f"{path.relative_to(root)}:{secret.line_number} {secret.type}"
        for path in tracked_files
        if path.name != ".secrets.baseline" and path.relative_to(root).parts[0] != "requirements"
        for secret in scan(str(path))
        if (path.relative_to(root).as_posix(), secret.secret_hash) not in known
    ]
    assert new == [], "a secret, or something that looks like one; see CONTRIBUTING, Secrets"


def test_the_scan_can_fail(tmp_path: Path, scan: Any) -> None:
    (tmp_path / "leak.py").write_text("url = 'postgresql://anna:" + "s3cret@db.example/penstock'\n")
    assert [secret.type for secret in scan(str(tmp_path / "leak.py"))] == ["Basic Auth Credentials"]


def test_the_records_of_the_runs_here_hold_no_secret(root: Path, scan: Any) -> None:
    workspace = root / ".penstock"
    if not workspace.is_dir():
        pytest.skip("no run was made in this folder")
    records = [path for pattern in RECORDS for path in sorted(workspace.rglob(pattern))]
    found = [
        f"{path.relative_to(workspace)}: {secret.type}" for path in records for secret in scan(str(path))
    ]
    assert found == []
