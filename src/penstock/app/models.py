"""``penstock models``: registered models, and loading one in a few lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from pydantic import Field

from penstock.app.session import Session
from penstock.app.systems import find_system, system_names
from penstock.domain.errors import BundleError, UnknownNameError, did_you_mean
from penstock.domain.results import Result
from penstock.evaluation.predictor import Forecaster
from penstock.release.bundle import Bundle, load_bundle
from penstock.release.registry import Release, aliases, history, releases, resolve
from penstock.storage.codecs import load
from penstock.systems.shared.serving import serving


class ModelPage(Result):
    """A registered model as ``models list`` and ``models show`` tell it; ``metrics`` are the candidate's own."""

    name: str
    version: int
    aliases: tuple[str, ...]
    run_id: str
    dataset: str | None
    created_at: datetime
    digest: str
    bundle: str
    metrics: dict[str, float]
    evidence: dict[str, str] = Field(default_factory=dict)
    history: tuple[str, ...] = ()


def list_models(session: Session, name: str | None = None) -> list[ModelPage]:
    """Return the releases of one model, or of all, newest first.

    Raises
    ------
    UnknownNameError
        If a name is given that no model has.
    """
    found = releases(session.catalogue, name)
    if name is not None and not found:
        known = {release.model for release in releases(session.catalogue)}
        raise UnknownNameError(f"There is no model {name!r}{did_you_mean(name, known)}")
    return [_page(session, release) for release in found]


def show_model(session: Session, reference: str) -> ModelPage:
    """Return the release that a version or an alias stands for, with the history of its aliases.

    Raises
    ------
    UnknownNameError
        If there is no such model, version or alias.
    """
    release = resolve(session.catalogue, reference)
    moves = tuple(
        f"{move.moved_at:%Y-%m-%d %H:%M} {move.alias}: {_before(move.previous)} → v{move.version} "
        f"by {move.who} ({move.why})"
        for move in history(session.catalogue, release.model)
    )
    return _page(session, release).model_copy(update={"history": moves})


def load_model(session: Session, reference: str) -> Forecaster:
    """Load a registered model, after every byte of its bundle was verified.

    Parameters
    ----------
    reference
        ``denmark@candidate`` or ``denmark@v3``.

    Returns
    -------
    Forecaster
        Its forecasts have bounds such as ``lower_90`` and ``upper_90`` where the bundle holds intervals.

    Raises
    ------
    UnknownNameError
        If there is no such release, or no installed system loads models of its kind.
    BundleError
        If the bundle was changed.
    """
    bundle = open_bundle(session, resolve(session.catalogue, reference))
    return serving(bundle, loaders())


def open_bundle(session: Session, release: Release) -> Bundle:
    """Open the bundle of a release, after every byte was verified.

    Raises
    ------
    ArtifactMissingError, ArtifactCorruptError, BundleError
        If it is gone or was changed.
    """
    return load_bundle(bundle_folder(session, release), expected=release.digest)


def bundle_folder(session: Session, release: Release) -> Path:
    """Return the folder of a release's bundle, inside the workspace; it must not be written to."""
    folder = load(session.store, release.bundle)
    if not isinstance(folder, Path):
        raise BundleError(f"The bundle of {release.name} is a {release.bundle.type}, not a folder.")
    return folder


def loaders() -> Mapping[str, Callable[[Path], Forecaster]]:
    """Return the loader of every kind of model that an installed system brings."""
    found: dict[str, Callable[[Path], Forecaster]] = {}
    for name in system_names():
        found.update(find_system(name).loaders)
    return found


def _page(session: Session, release: Release) -> ModelPage:
    standing = aliases(session.catalogue, release.model)
    return ModelPage(
        name=release.model,
        version=release.version,
        aliases=tuple(sorted(alias for alias, version in standing.items() if version == release.version)),
        run_id=release.run_id,
        dataset=release.dataset,
        created_at=release.created_at,
        digest=release.digest,
        bundle=session.workspace.relative(bundle_folder(session, release)),
        metrics=dict(release.metrics.get("model", {})),
        evidence={name: _in_words(value) for name, value in release.evidence.items()},
    )


def _before(previous: int | None) -> str:
    return "none" if previous is None else f"v{previous}"


def _in_words(value: object) -> str:
    """Return one piece of evidence as a sentence; a gate tells its own."""
    if isinstance(value, dict) and "detail" in value:
        return f"{'passed' if value.get('passed') else 'refused'}, {value['detail']}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
