"""The one folder that holds everything: where its parts lie and which format it has."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from penstock.domain.errors import StorageError, WorkspaceError
from penstock.storage.atomic import create_atomic, disk_fault

FORMAT = 1
STAMP = "workspace.json"


@dataclass(frozen=True)
class Workspace:
    """A folder with artifacts, tables, manifests, catalogue, locks, scratch space and tracking database.

    Paths kept inside are relative to ``root``, so the folder may be moved or copied. Use :meth:`open`.
    """

    root: Path

    @classmethod
    def open(cls, root: Path) -> Workspace:
        """Open the workspace at ``root``; make it if nothing is there.

        Raises
        ------
        WorkspaceError
            ``root`` is not a folder, cannot be written, the disk is full, or a newer Penstock wrote it.
        """
        root = Path(os.path.abspath(root))  # noqa: PTH100  (resolve would follow links, which the user may move)
        try:
            _prepare(root)
        except StorageError as error:
            raise WorkspaceError(f"cannot use {root} as workspace: {error}") from error
        except (NotADirectoryError, FileExistsError) as error:
            raise WorkspaceError(_not_a_folder(root)) from error
        except OSError as error:
            fault = disk_fault(root, error) or f"cannot use {root} as workspace: {error}"
            raise WorkspaceError(fault) from error
        return cls(root)

    @property
    def objects(self) -> Path:
        """Folder of the artifact store."""
        return self._folder("objects")

    @property
    def manifests(self) -> Path:
        """Folder of the immutable manifests from which the catalogue can be rebuilt."""
        return self._folder("manifests")

    @property
    def runs(self) -> Path:
        """Folder with one folder per run."""
        return self._folder("runs")

    @property
    def locks(self) -> Path:
        """Folder of the lock files."""
        return self._folder("locks")

    @property
    def scratch(self) -> Path:
        """Folder for work in progress; nothing in it is ever a result."""
        return self._folder("scratch")

    @property
    def tables(self) -> Path:
        """Folder of the observation tables, one folder each."""
        return self._folder("tables")

    @property
    def tracking(self) -> Path:
        """Folder of the tracking database and its files."""
        return self._folder("tracking")

    @property
    def catalogue(self) -> Path:
        """File of the catalogue's index."""
        return self.root / "catalogue.sqlite"

    def relative(self, path: Path) -> str:
        """Return ``path`` relative to the root, with forward slashes.

        Raises
        ------
        StorageError
            ``path`` lies outside the workspace.
        """
        whole = Path(os.path.abspath(self.root / path))  # noqa: PTH100
        if not whole.is_relative_to(self.root):
            raise StorageError(f"{path} lies outside the workspace {self.root}; copy it inside first")
        return whole.relative_to(self.root).as_posix()

    def absolute(self, relative: str) -> Path:
        """Return the place of a stored path; the inverse of :meth:`relative`.

        Raises
        ------
        StorageError
            ``relative`` is absolute or climbs out of the workspace.
        """
        parts = PurePosixPath(relative).parts
        foreign = PureWindowsPath(relative)
        if relative.startswith("/") or ".." in (*parts, *foreign.parts) or foreign.drive or foreign.root:
            raise StorageError(f"{relative!r} would leave the workspace {self.root}; allowed: paths below it")
        return self.root.joinpath(*parts)

    def _folder(self, name: str) -> Path:
        folder = self.root / name
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
        return folder


def default_root(environ: Mapping[str, str], cwd: Path) -> Path:
    """Return where the workspace lies: ``PENSTOCK_HOME``, or ``.penstock`` in ``cwd``.

    ``~`` means the home folder; a relative value counts from ``cwd``; an empty value counts as unset.
    """
    home = environ.get("PENSTOCK_HOME", "").strip()
    return cwd / Path(home).expanduser() if home else cwd / ".penstock"


def _prepare(root: Path) -> None:
    stamp = root / STAMP
    root.mkdir(parents=True, exist_ok=True)
    if not stamp.exists():
        create_atomic(stamp, json.dumps({"format": FORMAT}).encode() + b"\n")
        create_atomic(root / ".gitignore", b"*\n")
    _check_format(root, stamp.read_bytes())
    if not os.access(root, os.W_OK | os.X_OK):
        raise WorkspaceError(
            f"the workspace {root} is read-only; make it writable or set PENSTOCK_HOME to a folder that is"
        )


def _check_format(root: Path, stamp: bytes) -> None:
    try:
        found = json.loads(stamp)["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise WorkspaceError(
            f"{root / STAMP} is not the stamp of a workspace: {stamp[:80]!r}; "
            "restore it from a copy or set PENSTOCK_HOME to another folder"
        ) from error
    if not isinstance(found, int) or not 1 <= found <= FORMAT:
        raise WorkspaceError(
            f"the workspace {root} has format {found!r}, and this Penstock reads formats 1 to {FORMAT}; "
            "upgrade Penstock or set PENSTOCK_HOME to another folder"
        )


def _not_a_folder(root: Path) -> str:
    place = next((path for path in (root, *root.parents) if path.exists() and not path.is_dir()), root)
    return f"cannot use {root} as workspace: {place} is not a folder; set PENSTOCK_HOME to a folder"
