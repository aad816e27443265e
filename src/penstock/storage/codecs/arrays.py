"""NumPy arrays as ``.npy`` files, without pickle."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.domain.errors import PipelineError, StorageError
from penstock.domain.values import Digest

if TYPE_CHECKING:
    import numpy as np

_FILE = "array.npy"


class ArrayCodec:
    """Stores ``numpy.ndarray`` of every data type but ``object``; the memory order is kept."""

    name = "array"

    def handles(self, value: object) -> bool:
        """Whether ``value`` is a plain NumPy array."""
        numpy = sys.modules.get("numpy")
        return numpy is not None and type(value) is numpy.ndarray

    def write(self, value: Any, folder: Path) -> None:
        """Write ``array.npy``."""
        import numpy as np

        _refuse_objects(value)
        # Without a version NumPy warns when a field has a name outside Latin-1.
        version = (1, 0) if value.dtype.names is None else (3, 0)
        with (folder / _FILE).open("wb") as file:
            np.lib.format.write_array(file, value, version=version, allow_pickle=False)

    def read(self, folder: Path, type_name: str) -> object:
        """Return the array, in memory of its own."""
        import numpy as np

        try:
            return np.load(folder / _FILE, allow_pickle=False)
        except ValueError as error:
            raise StorageError(f"cannot read the array ({type_name}) in {folder}: {error}") from error

    def logical(self, value: Any) -> Digest:
        """Digest of data type, shape and elements in row order; byte order, memory order and NaN bits do not count."""
        return digest_array(value)


def digest_array(array: np.ndarray[Any, Any]) -> Digest:
    """Digest of the elements of an array; see :meth:`ArrayCodec.logical`."""
    _refuse_objects(array)
    whole = hashlib.sha256()
    _feed(whole, array)
    return Digest(whole.hexdigest())


def _feed(whole: Any, array: np.ndarray[Any, Any]) -> None:
    if array.dtype.names is not None:  # by field: the bytes between fields mean nothing
        whole.update(f"record {array.shape} {len(array.dtype.names)}\n".encode())
        for name in array.dtype.names:
            whole.update(f"{name!r}\n".encode())
            _feed(whole, array[name])
        return
    array = _normal(array)
    whole.update(f"array {array.dtype.str} {array.shape}\n".encode())
    whole.update(array.reshape(-1).view("u1").data)


def _normal(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    import numpy as np

    array = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False)).reshape(array.shape)
    if array.dtype.kind not in "fc":
        return array
    missing = np.isnan(array)
    return np.where(missing, array.dtype.type(np.nan), array) if missing.any() else array


def _refuse_objects(array: np.ndarray[Any, Any]) -> None:
    if array.dtype.hasobject:
        raise PipelineError(
            f"cannot store an array of Python objects (dtype {array.dtype}, shape {array.shape}); "
            "allowed: numbers, booleans, strings of fixed length, moments. Convert it, or return a table"
        )
