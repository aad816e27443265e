"""What a codec is."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from penstock.domain.values import Digest


class Codec(Protocol):
    """Writes values of some types into a folder and reads them back; names what they mean by a digest."""

    @property
    def name(self) -> str:
        """Name under which stored values remember the codec."""

    def handles(self, value: object) -> bool:
        """Whether this codec takes ``value``; must not import what the value's own class has not imported."""

    def write(self, value: object, folder: Path) -> None:
        """Write ``value`` into the empty folder.

        Raises
        ------
        PipelineError
            The value, or a part of it, cannot be stored.
        """

    def read(self, folder: Path, type_name: str) -> object:
        """Return the value that was written; ``type_name`` is the ``module:Class`` of its class.

        Raises
        ------
        StorageError
            The stored form cannot be read any more, for example because a class was renamed.
        """

    def logical(self, value: object) -> Digest:
        """Digest of what the value means, the same however its bytes came out."""
