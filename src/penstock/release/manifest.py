"""The list of all files of a bundle with their digests, and the comparison of a folder with it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from penstock.domain.errors import BundleError, bounded
from penstock.domain.values import Digest
from penstock.storage.digests import digest_bytes, digest_file, files_below

FORMAT = 1
MANIFEST = "MANIFEST.json"
MAX_MANIFEST_BYTES = 4_000_000
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=-]*(/[A-Za-z0-9_][A-Za-z0-9_.+=-]*)*")
_MEANING = ("model/", "onnx/", "inference.json", "schema.json")


class FileEntry(BaseModel):
    """One file of a bundle."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class Manifest(BaseModel):
    """All files of a bundle but the manifest itself; names use ``/`` and are relative."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    files: dict[str, FileEntry]

    def to_bytes(self) -> bytes:
        """Return the file as it is written: equal manifests give equal bytes."""
        return json.dumps(self.model_dump(), sort_keys=True, indent=1).encode() + b"\n"

    @property
    def digest(self) -> Digest:
        """Digest of the manifest and so of every byte of the bundle."""
        return digest_bytes(self.to_bytes())

    @property
    def logical(self) -> Digest:
        """Digest of what predicts (model, parameters and schema); card and environment do not count."""
        files = {name: entry.sha256 for name, entry in self.files.items() if name.startswith(_MEANING)}
        return digest_bytes(json.dumps(files, sort_keys=True).encode())


def manifest_of(folder: Path) -> Manifest:
    """Return the manifest of the files below ``folder``; a name that a bundle cannot have is refused."""
    _raise(folder, _links(folder))
    paths = dict(files_below(folder))
    _raise(folder, _name_faults(paths))
    entries = {
        name: FileEntry(sha256=digest_file(path), bytes=path.stat().st_size) for name, path in paths.items()
    }
    return Manifest(format=FORMAT, files=dict(sorted(entries.items())))


def parse_manifest(raw: bytes, where: object) -> Manifest:
    """Read a manifest.

    Raises
    ------
    BundleError
        It is not one, its format is unknown, or a name could lead out of the bundle.
    """
    try:
        content: Any = json.loads(raw)
        found = content["format"]
    except (ValueError, TypeError, KeyError) as error:
        raise BundleError(f"{where} is not a bundle: its {MANIFEST} cannot be read ({error})") from error
    if found != FORMAT:
        raise BundleError(
            f"The bundle {where} has format {found!r}; this Penstock reads format {FORMAT}. "
            "Upgrade Penstock, or package the model again with this one"
        )
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        raise BundleError(f"{where} is not a bundle: its {MANIFEST} is malformed. {error}") from error
    _raise(where, _name_faults(manifest.files))
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a bundle folder; see ``parse_manifest``."""
    path = folder / MANIFEST
    try:
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            raise BundleError(f"{path} is larger than {MAX_MANIFEST_BYTES:,} bytes; no bundle needs that")
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise BundleError(f"{folder} is not a bundle: it has no {MANIFEST}") from error
    return parse_manifest(raw, folder)


def verify(folder: Path, manifest: Manifest, apart: Collection[str] = ()) -> None:
    """Compare a folder with its manifest: same files, same bytes, no links. All faults are listed.

    Where there are links, they alone are: what they lead to is nobody's to list.

    Parameters
    ----------
    apart
        Names of files that may lie there without being in the manifest.

    Raises
    ------
    BundleError
        If anything differs.
    """
    _raise(folder, _links(folder))
    found = dict(files_below(folder))
    for name in (MANIFEST, *apart):
        found.pop(name, None)
    faults = [f"missing file {name}" for name in sorted(set(manifest.files) - set(found))]
    faults += [f"extra file {name}{_hint(name)}" for name in sorted(set(found) - set(manifest.files))]
    _raise(folder, faults)
    _raise(folder, list(_changed(found, manifest.files)))


def _hint(name: str) -> str:
    bytecode = name.startswith("__pycache__/") and name.endswith(".pyc")
    cure = "bytecode: delete the folder, and set sys.dont_write_bytecode before importing from a bundle"
    return f" ({cure})" if bytecode else ""


def check_names(names: Iterable[str], where: object) -> None:
    """Refuse names that could lead out of a folder or stand for the same file twice."""
    _raise(where, _name_faults(names))


def _changed(found: Mapping[str, Path], files: Mapping[str, FileEntry]) -> Iterator[str]:
    for name, entry in sorted(files.items()):
        size = found[name].stat().st_size
        if size != entry.bytes:
            yield f"changed file {name}: {size} bytes instead of {entry.bytes}"
        elif digest_file(found[name]) != entry.sha256:
            yield f"changed file {name}: its bytes do not match the digest in {MANIFEST}"


def _links(folder: Path) -> list[str]:
    links = [path for path in folder.rglob("*") if path.is_symlink()]
    return [f"link {path.relative_to(folder).as_posix()}" for path in sorted(links)]


def _name_faults(names: Iterable[str]) -> list[str]:
    known: set[str] = set()
    faults: list[str] = []
    for name in sorted(names):
        if not _NAME.fullmatch(name):
            faults.append(f"name {name[:80]!r} is not allowed")
        elif name.lower() in known:
            faults.append(f"name {name!r} stands there twice")
        known.add(name.lower())
    return faults


def _raise(where: object, faults: list[str]) -> None:
    if faults:
        raise BundleError(
            f"The bundle {where} is refused, nothing of it was loaded: {bounded(faults)}. "
            "Fetch it again, or package the model again"
        )
