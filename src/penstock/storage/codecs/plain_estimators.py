"""Estimators of scikit-learn whose state is plain values and arrays, as JSON and ``.npy``.

Most linear models and scalers are such. Their files name classes of scikit-learn and nothing else, and need no skops,
whose import takes longer than the fit of many a model.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.domain.errors import PipelineError, StorageError
from penstock.domain.values import Json
from penstock.storage.classes import class_name, find_class, find_object
from penstock.storage.codecs.arrays import ArrayCodec
from penstock.storage.decoding import Decoder
from penstock.storage.encoding import TAG, Encoder, dump

_FILE = "estimator.json"
_PARTS = "parts"
_LIBRARY = "sklearn."
_ARRAYS = ArrayCodec()
_NUMBERS = "biufc"
_OWN_TAGS = ("array", "scalar", "estimator")
_TAGS = frozenset({"tuple", "set", "frozenset", "dict", "float", "bytes", *_OWN_TAGS})
_PICKLING = ("__getstate__", "__setstate__", "__reduce__", "__reduce_ex__")


def write_plain(value: Any, folder: Path) -> bool:
    """Write an estimator into the empty folder; return False, writing nothing, if it holds anything but plain state."""
    writer = _Writer()
    try:
        tree = writer.encoder.encode(value)
    except (_NotPlainError, PipelineError):
        return False
    for number, array in enumerate(writer.arrays):
        part = folder / _PARTS / str(number)
        part.mkdir(parents=True)
        _ARRAYS.write(array, part)
    (folder / _FILE).write_bytes(dump(tree, sort_keys=False))
    return True


def is_plain(folder: Path) -> bool:
    """Whether :func:`write_plain` wrote this folder."""
    return (folder / _FILE).is_file()


def read_plain(folder: Path, type_name: str) -> object:
    """Return the estimator, after every name in its file was seen to be a class of scikit-learn.

    Raises
    ------
    StorageError
        The file names other code, or cannot be read any more.
    """
    try:
        tree = json.loads((folder / _FILE).read_bytes())
        _refuse_code(tree)
        return _Reader(folder).decoder.decode(tree)
    except (ValueError, KeyError, TypeError, AttributeError, FileNotFoundError) as error:
        raise StorageError(f"cannot read the estimator {type_name} in {folder}: {error}") from error


class _NotPlainError(Exception):
    """A value inside the estimator has no plain form."""


class _Writer:
    def __init__(self) -> None:
        self.encoder = Encoder(logical=False, foreign=self._part)
        self.arrays: list[Any] = []
        self._within: set[int] = set()

    def _part(self, value: Any, _place: str) -> dict[str, Json]:
        numpy: Any = sys.modules["numpy"]
        if _ARRAYS.handles(value) and not value.dtype.hasobject:
            self.arrays.append(value)
            return {TAG: "array", "part": str(len(self.arrays) - 1)}
        if isinstance(value, numpy.generic) and value.dtype.kind in _NUMBERS:
            return {TAG: "scalar", "dtype": value.dtype.str, "value": value.tobytes().hex()}
        if _has_plain_pickling(value) and id(value) not in self._within:
            self._within.add(id(value))
            state = self.encoder.encode(value.__getstate__())
            self._within.discard(id(value))
            return {TAG: "estimator", "type": class_name(type(value)), "state": state}
        raise _NotPlainError


def _has_plain_pickling(value: object) -> bool:
    cls, base = type(value), sys.modules["sklearn.base"].BaseEstimator
    return (
        isinstance(value, base)
        and cls.__module__.startswith(_LIBRARY)
        and find_object(class_name(cls)) is cls
        and all(getattr(cls, name) is getattr(base, name) for name in _PICKLING)
        and not hasattr(cls, "__getnewargs_ex__")
        and not hasattr(cls, "__getnewargs__")
    )


class _Reader:
    def __init__(self, folder: Path) -> None:
        self.decoder = Decoder(self._part)
        self._folder = folder

    def _part(self, tree: Mapping[str, Any]) -> object:
        import numpy as np

        if tree[TAG] == "array":
            return _ARRAYS.read(self._folder / _PARTS / str(int(tree["part"])), "array")
        if tree[TAG] == "scalar":
            return np.frombuffer(bytes.fromhex(tree["value"]), np.dtype(tree["dtype"]))[0]
        return self._estimator(tree)

    def _estimator(self, tree: Mapping[str, Any]) -> object:
        from sklearn.base import BaseEstimator

        cls: Any = find_class(tree["type"])
        if not issubclass(cls, BaseEstimator):
            raise StorageError(f"cannot read a stored {tree['type']!r}: it is no estimator any more")
        estimator = cls.__new__(cls)
        estimator.__setstate__(self.decoder.decode(tree["state"]))
        return estimator


def _refuse_code(tree: Any) -> None:
    """Refuse names of anything but scikit-learn's classes before one of them is imported."""
    if isinstance(tree, dict):
        tag, name = tree.get(TAG, "dict"), str(tree.get("type", ""))
        if tag not in _TAGS or (tag == "estimator" and not name.startswith(_LIBRARY)):
            raise StorageError(f"refused to build an estimator from a file that names {name or tag!r}")
        for part in tree.values():
            _refuse_code(part)
    elif isinstance(tree, list):
        for part in tree:
            _refuse_code(part)
