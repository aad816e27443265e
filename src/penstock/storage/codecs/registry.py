"""Which codec takes which value. Libraries are looked for only among those that are imported already."""

from __future__ import annotations

from penstock.domain.errors import StorageError, did_you_mean
from penstock.storage.codecs.arrays import ArrayCodec
from penstock.storage.codecs.base import Codec
from penstock.storage.codecs.boosters import BoosterCodec
from penstock.storage.codecs.estimators import EstimatorCodec
from penstock.storage.codecs.records import RecordCodec
from penstock.storage.codecs.tables import TableCodec
from penstock.storage.codecs.trees import TreeCodec

FOREIGN: tuple[Codec, ...] = (TableCodec(), ArrayCodec(), BoosterCodec(), EstimatorCodec(), TreeCodec())
"""Codecs of values that JSON has no form for; they may also stand inside records."""

CODECS: tuple[Codec, ...] = (*FOREIGN, RecordCodec())


def foreign_codec(value: object) -> Codec | None:
    """Return the codec of a value that JSON has no form for, or ``None`` for all others."""
    return next((codec for codec in FOREIGN if codec.handles(value)), None)


def codec_for(value: object) -> Codec:
    """Return the codec that takes ``value``.

    Raises
    ------
    PipelineError
        The value, or a part of it, has a type that cannot be stored; the message names it and the allowed ones.
    """
    return next(codec for codec in CODECS if codec.handles(value))


def codec_named(name: str) -> Codec:
    """Return the codec of this name.

    Raises
    ------
    StorageError
        There is none, for example because a newer Penstock wrote the value.
    """
    for codec in CODECS:
        if codec.name == name:
            return codec
    hint = did_you_mean(name, (codec.name for codec in CODECS))
    raise StorageError(
        f"cannot read a value stored by the codec {name!r}: this Penstock has no such codec{hint}"
    )
