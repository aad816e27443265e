"""Values as JSON, with a folder beside for each part that JSON has no form for: tables, arrays, models, files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.domain.errors import StorageError
from penstock.domain.values import Digest, Json
from penstock.storage.classes import class_name
from penstock.storage.decoding import Decoder
from penstock.storage.digests import digest_bytes
from penstock.storage.encoding import TAG, Encoder, dump

_VALUE = "value.json"
_PARTS = "parts"
_ARTIFACT = "artifact"


class RecordCodec:
    """Stores plain values, containers, dataclasses, pydantic models, named tuples, and what these hold.

    Mappings keep their order in storage; in the logical digest it does not count. NumPy scalars come back as Python
    numbers, read-only mappings as ``dict``. Cached properties and private attributes are not kept.
    """

    name = "record"

    def handles(self, value: object) -> bool:  # noqa: ARG002  (the last codec to be asked; writing may refuse)
        """Return True: this codec names the type that cannot be stored."""
        return True

    def write(self, value: object, folder: Path) -> None:
        """Write ``value.json`` and the parts."""
        tree = Encoder(logical=False, foreign=_PartWriter(folder)).encode(value)
        (folder / _VALUE).write_bytes(dump(tree, sort_keys=False))

    def read(self, folder: Path, type_name: str) -> object:
        """Return the value; its classes are found by their names, and their constructors are not called."""
        try:
            tree = json.loads((folder / _VALUE).read_bytes())
        except (ValueError, FileNotFoundError) as error:
            raise StorageError(f"cannot read the value of type {type_name} in {folder}: {error}") from error
        return Decoder(lambda part: _read_part(folder, part)).decode(tree)

    def logical(self, value: object) -> Digest:
        """Digest of the value without its volatile fields; parts count by their own logical digests."""
        tree = Encoder(logical=True, foreign=_logical_part).encode(value)
        return digest_bytes(dump(tree, sort_keys=True))


class _PartWriter:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def __call__(self, value: object, _place: str) -> dict[str, Json] | None:
        from penstock.storage.codecs.registry import foreign_codec

        codec = foreign_codec(value)
        if codec is None:
            return None
        name = str(self._count)
        self._count += 1
        part = self._folder / _PARTS / name
        part.mkdir(parents=True)
        codec.write(value, part)
        return {TAG: _ARTIFACT, "codec": codec.name, "type": class_name(type(value)), "part": name}


def _logical_part(value: object, _place: str) -> dict[str, Json] | None:
    from penstock.storage.codecs.registry import foreign_codec

    codec = foreign_codec(value)
    return None if codec is None else {TAG: _ARTIFACT, "codec": codec.name, "logical": codec.logical(value)}


def _read_part(folder: Path, tree: Mapping[str, Any]) -> object:
    from penstock.storage.codecs.registry import codec_named

    name = str(tree.get("part", ""))
    if tree[TAG] != _ARTIFACT or not name.isdecimal():
        raise StorageError(
            f"cannot read a stored value with the tag {tree[TAG]!r}; a newer Penstock may have written it"
        )
    return codec_named(tree["codec"]).read(folder / _PARTS / name, tree["type"])
