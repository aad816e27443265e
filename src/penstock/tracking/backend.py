"""Open MLflow quietly: no telemetry, no migration by two processes at once, artifacts beside the database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.storage.locks import FileLock
from penstock.tracking.settings import TrackingSettings

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

QUIET_ENVIRONMENT = {
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_UV_AUTO_DETECT": "false",
}
"""Variables that a process needs before it imports MLflow: without them it calls out over the network."""

PATIENCE_ENVIRONMENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "15"}
"""A tracker that is away is found out within a minute instead of an hour; the caller's own values win."""


_KIND = {"mlflow.experimentKind": "custom_model_development"}
"""Makes MLflow's pages show runs and models rather than prompts and traces."""


@dataclass(slots=True)
class Backend:
    """An open MLflow client with the experiments it has seen."""

    client: MlflowClient
    settings: TrackingSettings
    experiments: dict[str, str] = field(default_factory=dict)

    def experiment(self, name: str) -> str:
        """Return the id of the experiment ``name``, made or brought back from deletion when needed."""
        if name not in self.experiments:
            self.experiments[name] = self._find(name) or self._make(name)
        return self.experiments[name]

    def _find(self, name: str) -> str | None:
        found = self.client.get_experiment_by_name(name)
        if found is None:
            return None
        if found.lifecycle_stage == "deleted":
            self.client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)

    def _make(self, name: str) -> str:
        from mlflow.exceptions import MlflowException

        local = self.settings.local
        location = (self.settings.artifacts / name).as_uri() if local else None
        try:
            return str(self.client.create_experiment(name, location, tags=_KIND))
        except MlflowException:
            found = self._find(name)
            if found is None:
                raise
            return found


def open_backend(settings: TrackingSettings) -> Backend:
    """Connect to the mirror; the local database is made on first use (about a second).

    Raises
    ------
    mlflow.exceptions.MlflowException
        The server does not answer, or its schema is from another MLflow.
    """
    from mlflow.tracking import MlflowClient

    if not settings.local:
        return Backend(MlflowClient(settings.address, settings.address), settings)
    settings.folder.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.folder / "mlflow.lock"):
        relocate(settings)
        client = MlflowClient(settings.address, settings.address)
        # the registry half of the schema is only looked at on first use
        client.search_registered_models(max_results=1)
    return Backend(client, settings)


_LOCATIONS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def relocate(settings: TrackingSettings) -> int:
    """Point a moved workspace's database at its artifacts again and return how many places were changed.

    MLflow stores absolute addresses. The old root is read from any experiment that lies in an ``artifacts`` folder
    which is not the one beside the database.
    """
    if not settings.database.exists():
        return 0
    root = settings.artifacts.as_uri()
    with closing(sqlite3.connect(settings.database, timeout=20)) as database, database:
        try:
            old = _old_roots(database, root)
        except sqlite3.OperationalError:  # a database whose first migration was cut short has no tables
            return 0
        return sum(_move(database, before, root) for before in old)


def _old_roots(database: sqlite3.Connection, root: str) -> list[str]:
    rows = database.execute("SELECT name, artifact_location FROM experiments").fetchall()
    ends = [(f"/artifacts/{name}", location or "") for name, location in rows]
    roots = {location.removesuffix(end) + "/artifacts" for end, location in ends if location.endswith(end)}
    return sorted(roots - {root})


def _move(database: sqlite3.Connection, before: str, after: str) -> int:
    changed = 0
    for table, column in _LOCATIONS:
        cursor = database.execute(
            f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",  # noqa: S608 - names are constants above
            (after, len(before) + 1, len(before) + 1, before + "/"),
        )
        changed += cursor.rowcount
    return changed
