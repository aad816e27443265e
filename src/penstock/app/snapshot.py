"""The source of a run as it was, also where the working tree is dirty: one archive, kept with the run."""

from __future__ import annotations

import io
import subprocess
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import penstock
from penstock.engine.frontdoor import FIRST_PARTY_SUFFIXES
from penstock.engine.records import OutputRef
from penstock.engine.work import output_ref
from penstock.storage.artifacts import ArtifactStore
from penstock.storage.codecs import save

OUTSIDE = "outside"
"""Folder of a snapshot with the modules that lie outside all roots, where they can be imported from."""

FOLDER = "folder"
"""Folder of a snapshot that stands for the working directory."""

_EPOCH = (1980, 1, 1, 0, 0, 0)


def package_folder() -> Path:
    """Return the folder of the running Penstock."""
    return Path(penstock.__file__).parent


def first_party_roots(system_folder: Path) -> tuple[Path, ...]:
    """Return the folders whose files a run of the system may depend on."""
    package = package_folder()
    return (package,) if system_folder.is_relative_to(package) else (package, system_folder)


def take_snapshot(store: ArtifactStore, roots: Iterable[Path], modules: Mapping[Path, str]) -> OutputRef:
    """Store all first-party files under ``roots``, and further ``modules`` with their names, as one archive.

    Equal files give an equal archive.
    """
    roots = tuple(roots)
    paths = [*(path for root in roots for path in source_files(root)), *modules]
    named = {place_of(path, roots, modules.get(path)): path for path in paths}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted((name, path) for name, path in named.items() if name is not None):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), path.read_bytes(), compresslevel=1)
    return output_ref(save(store, buffer.getvalue()))


def place_of(path: Path, roots: Iterable[Path], module: str | None = None) -> str | None:
    """Return where a snapshot keeps a file: below its root, as its module, or below the working directory.

    ``None`` means nowhere: a file that code names in full, elsewhere, cannot be laid there again.
    """
    for root in roots:
        if path.is_relative_to(root):
            return f"{root.name}/{path.relative_to(root).as_posix()}"
    if module is not None:
        name = f"{module}.__init__" if path.name == "__init__.py" else module
        return f"{OUTSIDE}/{name.replace('.', '/')}{path.suffix}"
    if path.is_relative_to(Path.cwd()):
        return f"{FOLDER}/{path.relative_to(Path.cwd()).as_posix()}"
    return None


def keep_data(store: ArtifactStore, roots: Sequence[Path], files: Iterable[Path]) -> dict[str, OutputRef]:
    """Store the data files that code names, by their place in the snapshot, those left out that it has already."""
    kept = {}
    for path in sorted(files):
        place = place_of(path.absolute(), roots)
        is_source = path.suffix in FIRST_PARTY_SUFFIXES and any(path.is_relative_to(root) for root in roots)
        if place is not None and not is_source and path.exists():
            kept[place] = output_ref(save(store, path))
    return kept


def restore_snapshot(archive: bytes, folder: Path) -> None:
    """Unpack a snapshot into ``folder``."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        opened.extractall(folder)


def source_files(root: Path) -> list[Path]:
    """Return the first-party files under ``root``, sorted, without caches and hidden folders."""
    return sorted(
        path
        for path in root.rglob("*")
        if path.suffix in FIRST_PARTY_SUFFIXES
        and not any(part == "__pycache__" or part.startswith(".") for part in path.relative_to(root).parts)
        and path.is_file()
    )


def code_commit(folder: Path) -> str | None:
    """Return the commit of the checkout that holds ``folder``, with ``+dirty`` where files differ from it."""
    head = _git(folder, "rev-parse", "HEAD")
    if head is None:
        return None
    return f"{head}+dirty" if _git(folder, "status", "--porcelain", "--", ".") else head


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's own git
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
