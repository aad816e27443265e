"""Dataset versions: immutable, numbered, named ``denmark@v3``."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict

from penstock.domain.errors import UnknownNameError, UsageError, did_you_mean
from penstock.domain.values import VOLATILE
from penstock.storage.catalogue import Catalogue

KIND = "dataset"
_REFERENCE = re.compile(r"(?P<name>[^@\s]+)@v(?P<version>[1-9][0-9]*)")


class DatasetFacts(BaseModel):
    """What a dataset version holds: ``digest`` is the logical digest of its content.

    ``first`` and ``last`` (UTC) belong to the window; ``columns`` maps names to types.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str
    artifact: str
    rows: int
    series: int
    first: datetime
    last: datetime
    frequency: str
    columns: dict[str, str]
    source: str
    simulated: bool = False
    cleaning: dict[str, int] = {}


class DatasetVersion(BaseModel):
    """One version of a dataset; ``parent`` is the version before it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int
    parent: int | None
    run_id: Annotated[str, VOLATILE]
    created_at: Annotated[datetime, VOLATILE]
    facts: DatasetFacts

    def __str__(self) -> str:
        return f"{self.name}@v{self.version}"


def publish(
    catalogue: Catalogue, name: str, facts: DatasetFacts, *, run_id: str, now: datetime
) -> DatasetVersion:
    """Return the version of ``name`` with this content; a content seen before keeps its first version."""

    def body(number: int) -> DatasetVersion:
        return DatasetVersion(
            name=name,
            version=number,
            parent=number - 1 or None,
            run_id=run_id,
            created_at=now,
            facts=facts,
        )

    entry = catalogue.add_numbered(KIND, body, scope=name, now=now, same=facts.digest)
    version = entry.body
    if not isinstance(version, DatasetVersion):
        version = DatasetVersion.model_validate(version.model_dump())
    return version


def datasets(catalogue: Catalogue, name: str | None = None) -> list[DatasetVersion]:
    """Return the versions of ``name``, or of every dataset, newest first."""
    return [entry.body for entry in catalogue.find(KIND, DatasetVersion, scope=name)]


def dataset(catalogue: Catalogue, reference: str) -> DatasetVersion:
    """Return the version that ``reference`` such as ``denmark@v3`` names.

    Raises
    ------
    UsageError
        If it is no such reference; "latest" is refused on purpose: a version must be named.
    UnknownNameError
        If there is no such version.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise UsageError(
            f"{reference!r} is no dataset version. Name one such as denmark@v3; "
            "`penstock data list` shows those there are."
        )
    found = {str(version): version for version in datasets(catalogue)}
    if reference not in found:
        raise UnknownNameError(f"There is no dataset version {reference!r}{did_you_mean(reference, found)}")
    return found[reference]
