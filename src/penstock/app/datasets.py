"""``penstock data``: dataset versions, what they hold, how they differ, and the models trained on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.domain.errors import UnknownNameError, did_you_mean
from penstock.domain.results import Result
from penstock.quality.changes import Changes, changes
from penstock.quality.drift import Difference, difference
from penstock.quality.profile import Profile, profile
from penstock.release.registry import releases
from penstock.storage.datasets import DatasetVersion, dataset, datasets, read_pinned

if TYPE_CHECKING:
    from penstock.app.session import Session


class DatasetPage(Result):
    """A dataset version, what it holds in numbers, and the models that were trained on it."""

    version: DatasetVersion
    models: tuple[str, ...]
    profile: Profile


class DatasetDifference(Result):
    """Two dataset versions side by side: their rows, and the drift of each column."""

    before: str
    after: str
    changes: Changes
    drift: Difference


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
    return DatasetPage(version=version, models=tuple(trained), profile=_profile(session, version))


def compare_datasets(session: Session, before: str, after: str) -> DatasetDifference:
    """Return the rows that were added, revised and removed from one version to another, and the drift of columns.

    Raises
    ------
    UsageError, UnknownNameError
        As :func:`show_dataset`.
    """
    one, other = dataset(session.catalogue, before), dataset(session.catalogue, after)
    rows = [read_pinned(session.store, version.pin) for version in (one, other)]
    return DatasetDifference(
        before=before,
        after=after,
        changes=changes(*rows),
        drift=difference(_profile(session, one), _profile(session, other)),
    )


def _profile(session: Session, version: DatasetVersion) -> Profile:
    return profile(read_pinned(session.store, version.pin), frequency=version.facts.frequency)
