"""Dataset versions: immutable, numbered, named ``denmark@v3``."""

from __future__ import annotations

import os
import re
import shutil
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from pydantic import BaseModel, ConfigDict

from penstock.domain.errors import UnknownNameError, UsageError, did_you_mean
from penstock.domain.values import VOLATILE, Digest
from penstock.storage.artifacts import ArtifactRef, ArtifactStore
from penstock.storage.atomic import write_atomic
from penstock.storage.catalogue import Catalogue
from penstock.storage.codecs import load
from penstock.storage.local import LocalStore
from penstock.storage.manifests import ManifestFiles
from penstock.storage.tables.cut import TableCut
from penstock.storage.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl

KIND = "dataset"
_REFERENCE = re.compile(r"(?P<name>[^@\s]+)@v(?P<version>[1-9][0-9]*)")


class DatasetFacts(BaseModel):
    """What a dataset version holds: ``digest`` is the logical digest of its content.

    ``first`` and ``last`` (UTC) belong to the window; ``columns`` maps names to types. ``cut`` is the cut of an
    observation table that the content was made of, if it was.
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
    cut: TableCut | None = None


class DatasetPin(BaseModel):
    """Names one dataset version in a step's parameters: ``digest`` says what it means, ``artifact`` where it lies.

    ``cut`` is that of the version's facts: it also tells what was known when.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reference: str
    digest: str
    artifact: str
    source: str
    simulated: bool
    cut: TableCut | None = None


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

    @property
    def pin(self) -> DatasetPin:
        """What a step is handed to read this version."""
        return DatasetPin(
            reference=str(self),
            digest=self.facts.digest,
            artifact=self.facts.artifact,
            source=self.facts.source,
            simulated=self.facts.simulated,
            cut=self.facts.cut,
        )


def publish(
    catalogue: Catalogue, name: str, facts: DatasetFacts, *, run_id: str, now: datetime
) -> DatasetVersion:
    """Return the version of ``name`` with this content and cut (see :func:`version_with`), or make it."""
    found = version_with(catalogue, name, facts.digest, facts.cut)
    if found is not None:
        return found

    def body(number: int) -> DatasetVersion:
        return DatasetVersion(
            name=name,
            version=number,
            parent=number - 1 or None,
            run_id=run_id,
            created_at=now,
            facts=facts,
        )

    entry = catalogue.add_numbered(KIND, body, scope=name, now=now, same=_identity(facts))
    version = entry.body
    if not isinstance(version, DatasetVersion):
        version = DatasetVersion.model_validate(version.model_dump())
    return version


def version_with(catalogue: Catalogue, name: str, digest: str, cut: TableCut | None) -> DatasetVersion | None:
    """Return the first version of ``name`` with this content.

    With a ``cut`` it must also be cut from the same version of the same table: equal rows may hide that more was
    learned, such as what was believed before, and a replay of the version must know that.
    """
    alike = (one for one in reversed(datasets(catalogue, name)) if one.facts.digest == digest)
    return next((one for one in alike if cut is None or _rows_of(one.facts.cut) == _rows_of(cut)), None)


def _rows_of(cut: TableCut | None) -> tuple[str, int] | None:
    return None if cut is None else (cut.table_id, cut.version)


def _identity(facts: DatasetFacts) -> str:
    rows = _rows_of(facts.cut)
    return facts.digest if rows is None else f"{facts.digest} {rows[0]}/{rows[1]}"


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


def read_pinned(store: ArtifactStore, pin: DatasetPin) -> pl.DataFrame:
    """Return the rows of a pinned version: ``series``, ``time`` (UTC), ``y`` and static columns.

    Raises
    ------
    ArtifactMissingError, ArtifactCorruptError
        If its rows are gone or were changed.
    """
    ref = ArtifactRef(
        codec="table",
        type="polars:DataFrame",
        logical=Digest(pin.digest),
        digest=Digest(pin.artifact),
        size_bytes=0,
    )
    return cast("pl.DataFrame", load(store, ref))


def carry(version: DatasetVersion, here: Workspace, there: Workspace) -> None:
    """Put a version under its own name, with its rows and its table, into a workspace not opened yet.

    The files of a table never change, so that they are linked where the disk can, and copied elsewhere.

    Raises
    ------
    ArtifactMissingError, ArtifactCorruptError
        If its rows are gone or were changed.
    """
    kept = LocalStore(here.objects).get(Digest(version.facts.artifact))

    def copy(empty: Path) -> None:
        shutil.copytree(kept, empty, dirs_exist_ok=True)

    LocalStore(there.objects).put(copy)
    manifest = ManifestFiles(here.manifests).path(KIND, str(version))
    copied = ManifestFiles(there.manifests).path(KIND, str(version))
    copied.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(copied, manifest.read_bytes())
    if version.facts.cut is not None:
        name = version.facts.cut.table
        shutil.copytree(here.tables / name, there.tables / name, copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
