"""Show a release in MLflow: a logged model of the run that trained it, a registered version, and the alias.

The model is saved by ``loader_module`` and ``data_path``: MLflow copies the bundle and writes the name of the module
that reads it. Nothing is pickled.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from penstock.domain.values import Digest
from penstock.release.bundle import Bundle, load_bundle
from penstock.release.registry import AliasMove, Release

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from penstock.tracking.extensions import Shown

LOADER_MODULE = "penstock.app.pyfunc"
RELEASE_TAG = "penstock.release"
DIGEST_TAG = "penstock.digest"
ALIAS_TAG = "penstock.moved."
"""Begins the tag of a registered model that says when the alias after it was last moved."""
_REQUIREMENTS = ("penstock", "lightgbm", "mlflow", "mlforecast", "numpy", "polars", "pyarrow", "scikit-learn")


class ReleaseNote(BaseModel):
    """What the tracker is handed about a release; ``bundle`` is the path of its folder.

    ``alias`` came to stand for it at ``moved_at``, in UTC; both are ``None`` where it has none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    version: int
    digest: Digest
    dataset: str | None
    bundle: Path
    alias: str | None
    moved_at: datetime | None = None
    metrics: dict[str, dict[str, float]] = {}

    @property
    def name(self) -> str:
        """Its name with its version, like ``denmark@v3``."""
        return f"{self.model}@v{self.version}"


class AliasesNote(ReleaseNote):
    """What the tracker is handed once aliases that serve were moved to a release: alias → when, in UTC."""

    moves: dict[str, datetime]


def release_note(release: Release, bundle: Path, move: AliasMove | None) -> dict[str, Any]:
    """Return what ``Tracker.extend`` takes, so that the release is shown once its run is.

    ``move`` is the one by which an alias stands for the release; ``None`` shows it without alias.
    """
    note = ReleaseNote(
        model=release.model,
        version=release.version,
        digest=release.digest,
        dataset=release.dataset,
        bundle=bundle,
        alias=None if move is None else move.alias,
        moved_at=None if move is None else move.moved_at,
        metrics=release.metrics,
    )
    return {**note.model_dump(mode="json"), "bundle": bundle}


def aliases_note(release: Release, bundle: Path, moves: Sequence[AliasMove]) -> dict[str, Any]:
    """Return what ``Tracker.extend`` takes, so that every alias that serves and stands for the release is shown."""
    return {**release_note(release, bundle, None), "moves": {move.alias: move.moved_at for move in moves}}


def mirror_release(shown: Shown, content: Mapping[str, Any]) -> None:
    """Register a release in MLflow under the run that trained it. Doing it again changes nothing.

    Runs may be shown long after they ended and in another order: an alias stays where a later move has put it.

    Raises
    ------
    BundleError
        The bundle is gone or was changed.
    mlflow.exceptions.MlflowException
        The registry does not answer.
    """
    note = ReleaseNote.model_validate(content)
    version = _ensure_version(shown, note)
    if note.alias:
        _move_alias(shown.backend.client, note, version, (note.alias, note.moved_at))


def mirror_aliases(shown: Shown, content: Mapping[str, Any]) -> None:
    """Let the aliases that serve stand in MLflow for the version they stand for here. Doing it again changes nothing.

    MLflow only shows them: which release an alias means is decided by our own catalogue.

    Raises
    ------
    BundleError
        The bundle is gone or was changed.
    mlflow.exceptions.MlflowException
        The registry does not answer.
    """
    note = AliasesNote.model_validate(content)
    version = _ensure_version(shown, note)
    for move in sorted(note.moves.items()):
        _move_alias(shown.backend.client, note, version, move)


def _ensure_version(shown: Shown, note: ReleaseNote) -> str:
    """Return the version that MLflow has of the release; it is made where there is none."""
    _ensure_model(shown.backend.client, note.model)
    return _find_version(shown.backend.client, note) or _make_version(shown, note)


def _move_alias(
    client: MlflowClient, note: ReleaseNote, version: str, move: tuple[str, datetime | None]
) -> None:
    """Move an alias, unless MLflow was shown a later move of it."""
    alias, moved_at = move
    if _has_moved_on(client, note.model, alias, moved_at):
        return
    client.set_registered_model_alias(note.model, alias, version)
    if moved_at:
        client.set_registered_model_tag(note.model, ALIAS_TAG + alias, moved_at.isoformat())


def _ensure_model(client: MlflowClient, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _has_moved_on(client: MlflowClient, model: str, alias: str, moved_at: datetime | None) -> bool:
    """Tell whether MLflow was shown a later move of the alias."""
    shown = client.get_registered_model(model).tags.get(ALIAS_TAG + alias)
    return shown is not None and (moved_at is None or datetime.fromisoformat(shown) > moved_at)


def _find_version(client: MlflowClient, note: ReleaseNote) -> str | None:
    """MLflow counts its own versions; the tag says which of ours one is."""
    query = f"name = '{note.model}' and tags.`{RELEASE_TAG}` = '{note.name}'"
    for found in client.search_model_versions(query):
        if found.tags.get(DIGEST_TAG) == note.digest:
            return str(found.version)
    return None


def _make_version(shown: Shown, note: ReleaseNote) -> str:
    client = shown.backend.client
    made = client.create_model_version(
        note.model,
        source=f"models:/{_find_logged(shown, note) or _log_model(shown, note)}",
        run_id=shown.mlflow_run_id,
        tags=_tags(shown, note),
        description=f"{note.name}, trained on {note.dataset or 'data that are no registered dataset'}",
    )
    return str(made.version)


def _find_logged(shown: Shown, note: ReleaseNote) -> str | None:
    """Find the model that a mirror which was cut short has logged already."""
    experiment = shown.backend.experiment(shown.record.system)
    found = shown.backend.client.search_logged_models([experiment], f"tags.`{DIGEST_TAG}` = '{note.digest}'")
    whole = (model for model in found if model.status == "READY" and model.tags.get(RELEASE_TAG) == note.name)
    return next((str(model.model_id) for model in whole), None)


def _log_model(shown: Shown, note: ReleaseNote) -> str:
    from mlflow.entities import LoggedModelOutput

    client = shown.backend.client
    bundle = load_bundle(shown.backend.settings.located(note.bundle), expected=note.digest)
    logged = client.create_logged_model(
        shown.backend.experiment(shown.record.system),
        name=note.model,
        source_run_id=shown.mlflow_run_id,
        tags=_tags(shown, note),
        model_type="penstock",
    )
    with tempfile.TemporaryDirectory(prefix="mlmodel-") as scratch:
        folder = Path(scratch) / "model"
        save_pyfunc(bundle, folder, model_id=logged.model_id, run_id=shown.mlflow_run_id)
        client.log_model_artifacts(logged.model_id, str(folder))
    client.log_outputs(shown.mlflow_run_id, [LoggedModelOutput(logged.model_id, step=0)])
    client.finalize_logged_model(logged.model_id, "READY")
    return str(logged.model_id)


def save_pyfunc(
    bundle: Bundle, folder: Path, *, model_id: str | None = None, run_id: str | None = None
) -> None:
    """Write ``folder`` (new) as an MLflow model that reads the bundle through ``penstock.app.pyfunc``.

    The optional parameter ``horizon`` of ``predict`` has the bundle's own horizon as its default, where it has one.
    """
    import mlflow.pyfunc
    import pandas as pd
    from mlflow.models import Model

    pins = bundle.environment
    mlflow.pyfunc.save_model(
        str(folder),
        loader_module=LOADER_MODULE,
        data_path=str(bundle.folder),
        mlflow_model=Model(model_id=model_id, run_id=run_id),
        signature=_signature(bundle),
        input_example=pd.DataFrame(list(bundle.schema.example)),
        pip_requirements=[f"{name}=={pins[name]}" for name in _REQUIREMENTS if name in pins] or ["penstock"],
    )


def _signature(bundle: Bundle) -> object:
    """Only the parameters: columns are checked by the bundle's own schema, which knows time zones and ranges."""
    from mlflow.models import ModelSignature
    from mlflow.types import ParamSchema, ParamSpec

    horizon = bundle.inference.parameters.get("horizon")
    if not isinstance(horizon, int):
        return None
    return ModelSignature(params=ParamSchema([ParamSpec("horizon", "long", horizon)]))


def _tags(shown: Shown, note: ReleaseNote) -> dict[str, str]:
    return {
        RELEASE_TAG: note.name,
        DIGEST_TAG: note.digest,
        "penstock.run_id": shown.record.run_id,
        "dataset": note.dataset or "",
    }
