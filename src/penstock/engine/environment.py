"""Installed distributions: which are behind an import, and what they require.

Read from the names of ``*.dist-info`` folders and from their lists of files: parsing the metadata of every
distribution, as ``importlib.metadata`` does, takes longer than many a step.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from penstock.storage.digests import digest_file, digest_of_files, files_below

_SUFFIX = ".dist-info"


@cache
def installed() -> Mapping[str, str]:
    """Return the version of each installed distribution by normalised name."""
    found: dict[str, str] = {}
    for folder in _metadata_folders():
        name, _, version = folder.name.removesuffix(_SUFFIX).partition("-")
        found.setdefault(_normal(name), version)
    for distribution in _others():
        found.setdefault(_normal(distribution.metadata["Name"]), distribution.version)
    return dict(sorted(found.items()))


def libraries(imports: Iterable[str]) -> dict[str, str]:
    """Return the versions of the distributions behind ``imports`` and of everything they require.

    A module that no distribution owns counts by its content. A distribution that is not installed is left out of
    the requirements and named ``missing`` at the top.
    """
    found: dict[str, str] = {}
    for name in sorted(set(imports)):
        homes = _distributions_of(name)
        if not homes:
            found[name] = _content(name)
        for home in homes:
            for needed in _with_requirements(home):
                found[needed] = installed()[needed]
    return dict(sorted(found.items()))


def unowned_files(imports: Iterable[str]) -> tuple[Path, ...]:
    """Return the files of those modules behind ``imports`` that no distribution owns, sorted."""
    names = (name for name in sorted(set(imports)) if not _distributions_of(name))
    return tuple(sorted({path for name in names for _, path in _files_of(name)}))


def _content(name: str) -> str:
    files = _files_of(name)
    if not files:
        return "missing"
    return f"content {digest_of_files((where, digest_file(path)) for where, path in files)}"


def _files_of(name: str) -> list[tuple[str, Path]]:
    """Return the files of a top-level module with their names inside it; nothing is imported."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    files = [("", Path(spec.origin))] if spec.origin and Path(spec.origin).is_file() else []
    for folder in spec.submodule_search_locations or ():
        files += [(where, path) for where, path in files_below(Path(folder)) if path.suffix != ".pyc"]
    return files


@cache
def _metadata_folders() -> tuple[Path, ...]:
    """Return the metadata folders on the import path, in its order."""
    return tuple(
        Path(place, name)
        for place in dict.fromkeys(sys.path)
        for name in _names_in(place)
        if name.endswith(_SUFFIX) and "-" in name.removesuffix(_SUFFIX)
    )


@cache
def _folders_by_name() -> Mapping[str, Path]:
    found: dict[str, Path] = {}
    for folder in _metadata_folders():
        found.setdefault(_home(folder), folder)
    return found


def _names_in(place: str) -> list[str]:
    try:
        return sorted(os.listdir(place or "."))  # noqa: PTH208 - a hot path
    except OSError:
        return []


def _others() -> Iterator[metadata.Distribution]:
    """Yield distributions that are not described by such a folder: old ones, and those inside archives."""
    for place in dict.fromkeys(sys.path):
        if place.endswith((".zip", ".whl")) or any(name.endswith(".egg-info") for name in _names_in(place)):
            found = metadata.distributions(path=[place])
            yield from (distribution for distribution in found if distribution.metadata["Name"])


@cache
def _distributions_of(name: str) -> tuple[str, ...]:
    direct = _normal(name)
    if direct in installed():
        return (direct,)
    homes = {_home(folder) for folder in _metadata_folders() if _provides(folder, name)}
    if not homes and any(_others()):
        homes = {_normal(home) for home in metadata.packages_distributions().get(name, ())}
    return tuple(sorted(homes & installed().keys()))


def _home(folder: Path) -> str:
    return _normal(folder.name.partition("-")[0])


def _provides(folder: Path, name: str) -> bool:
    """Tell whether the list of installed files has a top-level package or module called ``name``."""
    top_level = _read(folder / "top_level.txt")
    if top_level is not None:
        return name.encode() in top_level.split()
    files = b"\n" + (_read(folder / "RECORD") or b"")
    start = b"\n" + name.encode()
    if start + b"/" in files or start + b".py," in files:
        return True
    return re.search(re.escape(start) + rb"\.[^/,\n]*(so|pyd),", files) is not None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


@cache
def _with_requirements(name: str) -> tuple[str, ...]:
    needed, queue = set(), [name]
    while queue:
        current = queue.pop()
        if current in needed or current not in installed():
            continue
        needed.add(current)
        queue += [_normal(_requirement_name(line)) for line in _required(current) if "extra ==" not in line]
    return tuple(sorted(needed))


def _required(name: str) -> list[str]:
    described = _read(_folders_by_name()[name] / "METADATA") if name in _folders_by_name() else None
    if described is None:
        return metadata.requires(name) or []
    head = described.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("utf-8", "replace")
    label = "Requires-Dist:"
    return [line.removeprefix(label).strip() for line in head.split("\n") if line.startswith(label)]


def _requirement_name(line: str) -> str:
    match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line)
    return match.group() if match else line


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
