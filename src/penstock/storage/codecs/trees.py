"""Files and folders, copied into the store."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from penstock.domain.errors import PipelineError, StorageError
from penstock.domain.values import Digest
from penstock.storage.digests import digest_bytes, digest_file, digest_tree

_FILE = "file"
_FOLDER = "folder"


class TreeCodec:
    """Stores the file or folder that a ``pathlib.Path`` points to; reading gives a path inside the store.

    The name of a file is kept and counts; the name of a folder does not. Links are followed.
    """

    name = "tree"

    def handles(self, value: object) -> bool:
        """Whether ``value`` is a path."""
        return isinstance(value, Path)

    def write(self, value: Any, folder: Path) -> None:
        """Copy what the path points to."""
        if value.is_dir():
            shutil.copytree(value, folder / _FOLDER, copy_function=shutil.copyfile)
        else:
            (folder / _FILE).mkdir()
            shutil.copyfile(_existing(value), folder / _FILE / value.name)

    def read(self, folder: Path, type_name: str) -> object:
        """Return the path of the copy, which must not be written to."""
        if (folder / _FILE).is_dir():
            return next((folder / _FILE).iterdir())
        if (folder / _FOLDER).is_dir():
            return folder / _FOLDER
        raise StorageError(f"cannot read the file or folder ({type_name}) in {folder}: it has neither")

    def logical(self, value: Any) -> Digest:
        """Digest of the names and contents."""
        if value.is_dir():
            return digest_bytes(b"folder " + digest_tree(value).encode())
        return digest_bytes(f"file {value.name} {digest_file(_existing(value))}".encode())


def _existing(path: Path) -> Path:
    if path.is_file():
        return path
    raise PipelineError(
        f"cannot store {path}: there is no such file or folder; write it before returning its path"
    )
