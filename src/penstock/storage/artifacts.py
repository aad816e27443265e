"""What an artifact store is, and how its artifacts are named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from penstock.domain.errors import StorageError
from penstock.domain.values import Digest, Json


@dataclass(frozen=True, kw_only=True, slots=True)
class ArtifactRef:
    """Names a stored value.

    ``codec`` wrote it, ``type`` is the qualified name ``module:Class`` of its class, ``logical`` says what it means,
    ``digest`` is the digest of its bytes and its address in the store.
    """

    codec: str
    type: str
    logical: Digest
    digest: Digest
    size_bytes: int

    def to_json(self) -> dict[str, Json]:
        """Return the reference as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, tree: Mapping[str, Any]) -> ArtifactRef:
        """Read what :meth:`to_json` wrote.

        Raises
        ------
        StorageError
            Fields are missing or unknown.
        """
        try:
            return cls(**tree)
        except TypeError as error:
            raise StorageError(
                f"not a reference to an artifact: {str(dict(tree))[:200]} ({error})"
            ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What ``put`` stored: its address and its size in bytes."""

    digest: Digest
    size_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredEntry:
    """One artifact in a store; ``last_used`` is in UTC."""

    digest: Digest
    size_bytes: int
    last_used: datetime


class ArtifactStore(Protocol):
    """Keeps folders of files under the digest of their bytes. Safe for many threads and processes at once.

    What is stored never changes; a reader sees a whole artifact or none. Every method raises ``StorageError`` for a
    digest that is not 64 hexadecimal digits. :class:`penstock.testing.stores.ArtifactStoreContract` proves a store.
    """

    def put(self, build: Callable[[Path], None]) -> Stored:
        """Store what ``build`` writes into the empty folder that it is given.

        The artifact is on disk when this returns. Storing equal bytes again changes nothing. If ``build`` raises,
        nothing is stored and the exception passes through.

        Raises
        ------
        StorageError
            The disk is full, or the store cannot be written.
        """

    def get(self, digest: Digest) -> Path:
        """Return the folder of an artifact, to be read only, after comparing its bytes with ``digest``.

        Raises
        ------
        ArtifactMissingError
            The store has no such artifact.
        ArtifactCorruptError
            The bytes have changed; the artifact was moved aside, so that the store has none any more.
        """

    def has(self, digest: Digest) -> bool:
        """Whether the store has this artifact; its bytes are not looked at."""

    def delete(self, digest: Digest) -> None:
        """Remove an artifact, if it is there."""

    def touch(self, digest: Digest) -> None:
        """Note that the artifact was used just now, if it is there."""

    def entries(self) -> Iterator[StoredEntry]:
        """Yield every artifact, in the order of their digests."""
