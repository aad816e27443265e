"""SHA-256 digests of bytes, files, folders and values."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from penstock.domain.errors import StorageError
from penstock.domain.values import Digest, Json
from penstock.storage.encoding import Encoder, dump


def digest_bytes(data: bytes) -> Digest:
    """Digest of some bytes."""
    return Digest(hashlib.sha256(data).hexdigest())


def digest_file(path: Path) -> Digest:
    """Digest of the content of a file; its name does not count."""
    with path.open("rb", buffering=0) as file:
        return Digest(hashlib.file_digest(file, "sha256").hexdigest())


def digest_tree(folder: Path) -> Digest:
    """Digest of the files below a folder, by relative name and content; empty folders and times do not count."""
    return digest_of_files((name, digest_file(path)) for name, path in files_below(folder))


def digest_of_files(files: Iterable[tuple[str, Digest]]) -> Digest:
    """Digest of named contents; the order in which they come does not count."""
    whole = hashlib.sha256()
    for name, digest in sorted(files):
        whole.update(os.fsencode(name) + b"\0" + digest.encode("ascii") + b"\n")
    return Digest(whole.hexdigest())


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield every file below ``folder``: its relative name with forward slashes, and its path; in no fixed order.

    Links are followed.

    Raises
    ------
    StorageError
        A link leads to a folder that it lies in.
    """
    for place, folders, names in os.walk(folder, onerror=_raise, followlinks=True):
        for name in folders:
            _refuse_loop(Path(place, name))
        for name in names:
            path = Path(place, name)
            yield path.relative_to(folder).as_posix(), path


def _refuse_loop(path: Path) -> None:
    if path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve()):
        raise StorageError(f"cannot read {path}: the link leads to a folder that it lies in; remove it")


def _raise(error: OSError) -> None:
    raise error


def canonical_json(value: object, *, logical: bool = False) -> bytes:
    """Write a value as JSON, equal for equal values: sorted keys, no white space, floats by ``repr``.

    NaN and infinities are spelled out; moments are in UTC with their zone beside; enumerations, dataclasses and
    pydantic models carry the qualified name of their class. A ``Path`` counts by its name.

    Parameters
    ----------
    logical
        Leave out volatile fields (also in nested values), treat tuples as lists, and put the logical digest of
        tables, arrays and models in their place. Otherwise everything is written, and these are refused.

    Raises
    ------
    PipelineError
        A value inside has a type that cannot be stored.
    """
    encoder = Encoder(logical=logical, foreign=_logical_part if logical else None)
    return dump(encoder.encode(value), sort_keys=True)


def digest_value(value: object) -> Digest:
    """Logical digest of any value that can be stored: what it means, not how it was made."""
    return digest_bytes(canonical_json(value, logical=True))


def _logical_part(value: object, _place: str) -> dict[str, Json] | None:
    from penstock.storage.codecs.registry import foreign_codec

    codec = None if isinstance(value, Path) else foreign_codec(value)
    return None if codec is None else {"$": "artifact", "codec": codec.name, "logical": codec.logical(value)}
