"""``penstock data``: dataset versions and the models trained on them."""

from __future__ import annotations

from penstock.app.session import Session
from penstock.domain.errors import UnknownNameError, did_you_mean
from penstock.domain.results import Result
from penstock.release.registry import releases
from penstock.storage.datasets import DatasetVersion, dataset, datasets


class DatasetPage(Result):
    """A dataset version and the models that were trained on it."""

    version: DatasetVersion
    models: tuple[str, ...]


def list_datasets(session: Session, name: str | None = None) -> list[DatasetVersion]:
    """Return the versions of one dataset, or of all, newest first.

    Raises
    ------
    UnknownNameError
        If a name is given that no dataset has.
    """
    found = datasets(session.catalogue, name)
    if name is not None and not found:
        known = {version.name for version in datasets(session.catalogue)}
        raise UnknownNameError(f"There is no dataset {name!r}{did_you_mean(name, known)}")
    return found


def show_dataset(session: Session, reference: str) -> DatasetPage:
    """Return the version that ``reference`` names.

    Raises
    ------
    UsageError
        If ``reference`` is no version, such as ``denmark@latest``.
    UnknownNameError
        If there is no such version.
    """
    version = dataset(session.catalogue, reference)
    trained = [
        f"{item.model}@v{item.version}" for item in releases(session.catalogue) if item.dataset == reference
    ]
    return DatasetPage(version=version, models=tuple(trained))
