"""The commands of the project: one list, used by people, hooks and services alike."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml

TARGETS = {"demo", "test", "check", "bench", "proof", "docs", "lock", "format"}


def targets(root: Path) -> set[str]:
    return set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_the_makefile_has_every_command(root: Path) -> None:
    assert targets(root) >= TARGETS


def test_the_readme_names_every_command_and_the_test_command(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert sorted(target for target in TARGETS if f"`make {target}`" not in readme) == []
    assert "make test" in readme


def test_the_service_runs_the_check_and_the_readme_s_test_command(root: Path) -> None:
    script = root / ".ci/run"
    text = script.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in text
    assert re.findall(r"^make (\w+)$", text, re.MULTILINE) == ["check", "test"]


def test_the_workflow_and_the_hooks_call_the_same_recipes(root: Path) -> None:
    workflow = yaml.safe_load((root / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    steps = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    assert ".ci/run" in steps
    hooks: dict[str, Any] = yaml.safe_load((root / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [hook["entry"] for repository in hooks["repos"] for hook in repository["hooks"]]
    assert entries
    assert all(entry.removeprefix("make ") in targets(root) for entry in entries)
