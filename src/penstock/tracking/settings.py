"""Where runs are mirrored to."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

URI_VARIABLE = "PENSTOCK_TRACKING_URI"
OFF = "off"


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackingSettings:
    """Where journals lie and which MLflow receives them.

    Attributes
    ----------
    folder
        The tracking folder of the workspace: ``mlflow.db``, ``artifacts/`` and ``journals/`` lie in it.
    uri
        An MLflow tracking address, ``None`` for the SQLite file in ``folder``, ``"off"`` for no mirror at all.
    extensions
        Name → ``module:function``, called in the worker after a run was mirrored (see ``extensions``).
    warm
        Start the worker with the first step, so that the slow import of MLflow passes while the run computes.
        Without it the worker starts when the tracker is closed and holds no memory before.
    """

    folder: Path
    uri: str | None = None
    extensions: Mapping[str, str] = field(default_factory=dict)
    warm: bool = True

    @property
    def enabled(self) -> bool:
        """Whether runs are mirrored at all."""
        return self.uri != OFF

    @property
    def local(self) -> bool:
        """Whether the mirror is the SQLite file of the workspace."""
        return self.uri is None

    @property
    def database(self) -> Path:
        """File of the local mirror, whether it exists or not."""
        return self.folder / "mlflow.db"

    @property
    def address(self) -> str:
        """The MLflow address that is really used."""
        return self.uri or f"sqlite:///{self.database.as_posix()}"

    @property
    def artifacts(self) -> Path:
        """Folder of the files attached to runs of the local mirror."""
        return self.folder / "artifacts"

    @property
    def journals(self) -> Path:
        """Folder of the journals, one file of JSON lines per run."""
        return self.folder / "journals"

    @property
    def log_file(self) -> Path:
        """What the worker had to say."""
        return self.folder / "mirror.log"

    def portable(self, path: Path) -> str:
        """Write a path down so that it survives a move of the workspace, if it lies inside."""
        whole = Path(path).absolute()
        if whole.is_relative_to(self.folder.parent):
            return Path(os.path.relpath(whole, self.folder)).as_posix()
        return str(whole)

    def located(self, written: str | Path) -> Path:
        """Return the path that ``portable`` wrote down."""
        return Path(os.path.normpath(self.folder / written))

    def with_extensions(self, extensions: Mapping[str, str]) -> TrackingSettings:
        """Return the same settings with other extensions."""
        return dataclasses.replace(self, extensions=dict(extensions))


def tracking_settings(folder: Path, environ: Mapping[str, str]) -> TrackingSettings:
    """Return the settings of a workspace.

    Parameters
    ----------
    folder
        Tracking folder of the workspace.
    environ
        Read for ``PENSTOCK_TRACKING_URI``: empty or absent means the SQLite file in ``folder``, ``off`` means
        that nothing is mirrored, anything else is an MLflow tracking address.
    """
    uri = environ.get(URI_VARIABLE, "").strip()
    return TrackingSettings(folder=folder.resolve(), uri=uri or None)


def settings_from(line: str) -> TrackingSettings:
    """Read what :func:`settings_line` wrote."""
    values: Mapping[str, Any] = json.loads(line)
    return TrackingSettings(
        folder=Path(values["folder"]), uri=values["uri"], extensions=dict(values["extensions"])
    )


def settings_line(settings: TrackingSettings) -> str:
    """Write the first line that the worker reads; an address may hold a password, so it is no argument."""
    values = {"folder": str(settings.folder), "uri": settings.uri, "extensions": dict(settings.extensions)}
    return json.dumps(values) + "\n"
