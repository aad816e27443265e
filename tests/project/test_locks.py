"""The locks say what ``pyproject.toml`` says, with hashes, and name no host."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ("base", "build", "dev", "lock")
OURS = "penstock (pyproject.toml)"


def pins(lock: Path) -> dict[str, tuple[str, ...]]:
    """Return the locked versions of each distribution (several where they differ by platform)."""
    found: dict[str, tuple[str, ...]] = {}
    for name, version in re.findall(
        r"^([\w.-]+)(?:\[[^]]*\])?==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE
    ):
        key = canonicalize_name(name)
        found[key] = (*found.get(key, ()), version)
    return found


def requested(lock: Path, source: str) -> set[str]:
    """Return the distributions that a lock says ``source`` asked for."""
    found: set[str] = set()
    for entry in re.split(r"\n(?=[\w])", lock.read_text(encoding="utf-8")):
        if source in entry:
            found.add(canonicalize_name(re.split(r"[\[=]", entry, maxsplit=1)[0]))
    return found


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(requirement).name) for requirement in requirements}


def assert_satisfied(requirements: list[str], locked: dict[str, tuple[str, ...]]) -> None:
    for requirement in map(Requirement, requirements):
        versions = locked.get(canonicalize_name(requirement.name), ())
        assert versions, f"{requirement} is not locked: run `make lock`"
        for version in versions:
            assert requirement.specifier.contains(version), (
                f"{requirement} is locked at {version}: run `make lock`"
            )


def test_the_base_lock_is_what_the_project_asks_for(root: Path, pyproject: dict[str, Any]) -> None:
    lock = root / "requirements/base.txt"
    dependencies = pyproject["project"]["dependencies"]
    assert_satisfied(dependencies, pins(lock))
    assert requested(lock, OURS) == names(dependencies), "run `make lock`"


def test_the_development_lock_is_the_base_lock_and_the_tools(root: Path, pyproject: dict[str, Any]) -> None:
    base, dev = pins(root / "requirements/base.txt"), pins(root / "requirements/dev.txt")
    tools = pyproject["dependency-groups"]["dev"]
    assert_satisfied(tools, dev)
    assert requested(root / "requirements/dev.txt", "penstock (pyproject.toml:dev)") == names(tools)
    assert {name: dev.get(name) for name in base} == base


def test_the_build_backend_is_locked_and_agrees_with_the_tools(root: Path, pyproject: dict[str, Any]) -> None:
    build, dev = pins(root / "requirements/build.txt"), pins(root / "requirements/dev.txt")
    assert_satisfied(pyproject["build-system"]["requires"], build)
    assert {name: version for name, version in build.items() if name in dev and dev[name] != version} == {}


def test_the_compiler_of_the_locks_is_locked(root: Path, pyproject: dict[str, Any]) -> None:
    assert_satisfied(pyproject["dependency-groups"]["lock"], pins(root / "requirements/lock.txt"))


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_version_has_a_hash_and_no_host_is_named(root: Path, name: str) -> None:
    text = (root / f"requirements/{name}.txt").read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"\n(?=[\w])", text) if "==" in entry]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"https?://\S+|--(?:extra-)?index-url|--find-links", text) == []
