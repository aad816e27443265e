from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from penstock.domain.errors import PipelineError, StorageError
from penstock.storage.codecs.arrays import ArrayCodec, digest_array

CODEC = ArrayCodec()
DTYPES = (
    hnp.scalar_dtypes()
    | hnp.byte_string_dtypes()
    | hnp.unicode_string_dtypes()
    | hnp.array_dtypes(hnp.integer_dtypes() | hnp.floating_dtypes(sizes=(32, 64)), max_size=3)
)
ARRAYS = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))


@given(array=ARRAYS)
def test_arrays_come_back(tmp_path_factory: pytest.TempPathFactory, array: np.ndarray[Any, Any]) -> None:
    folder = tmp_path_factory.mktemp("array")
    CODEC.write(array, folder)
    again = CODEC.read(folder, "numpy:ndarray")
    assert isinstance(again, np.ndarray)
    assert (again.dtype, again.shape) == (array.dtype, array.shape)
    assert again.tobytes() == array.tobytes()
    assert CODEC.logical(again) == CODEC.logical(array)


@given(array=ARRAYS)
def test_memory_layout_and_byte_order_do_not_count(array: np.ndarray[Any, Any]) -> None:
    layouts = [
        np.asfortranarray(array),
        array[..., None][..., 0],
        np.repeat(array[..., None], 2, axis=-1)[..., 1],
        array.astype(array.dtype.newbyteorder(">")),
    ]
    assert {digest_array(layout.reshape(array.shape)) for layout in layouts} == {digest_array(array)}


@given(array=hnp.arrays(hnp.integer_dtypes(endianness="<"), 5), place=st.integers(0, 4))
def test_every_element_counts(array: np.ndarray[Any, Any], place: int) -> None:
    other = array.copy()
    other[place] ^= 1
    assert digest_array(other) != digest_array(array)


def test_memory_order_is_kept(tmp_path: Path) -> None:
    CODEC.write(np.asfortranarray(np.ones((2, 3))), tmp_path)
    again = CODEC.read(tmp_path, "numpy:ndarray")
    assert isinstance(again, np.ndarray)
    assert again.flags.f_contiguous
    assert again.flags.writeable


def test_type_and_shape_count() -> None:
    arrays = [
        np.zeros(4),
        np.zeros((2, 2)),
        np.zeros((4, 1)),
        np.zeros(4, "i8"),
        np.zeros(8, "f4"),
        np.zeros(4, [("a", "f8")]),
        np.zeros(4, [("b", "f8")]),
        -np.zeros(4),
        np.zeros(4, "M8[s]"),
        np.zeros(4, "M8[ms]"),
    ]
    assert len({digest_array(array) for array in arrays}) == len(arrays)


def test_all_nans_are_one() -> None:
    nans = np.array([0x7FF8000000000000, 0xFFF8000000000001, 0x7FF0000000000001], "u8").view("f8")
    assert digest_array(nans) == digest_array(np.full(3, np.nan))
    assert digest_array(np.repeat(nans, 2).view("c16")) == digest_array(np.full(3, complex(np.nan, np.nan)))


def test_bytes_between_fields_do_not_count() -> None:
    padded = np.dtype({"names": ["a", "b"], "formats": ["u1", "f8"], "offsets": [0, 8], "itemsize": 16})
    one, other = np.zeros(3, padded), np.zeros(3, padded)
    other.view("u1").reshape(3, 16)[:, 1:8] = 7
    assert one.tobytes() != other.tobytes()
    assert digest_array(one) == digest_array(other)


def test_objects_are_refused(tmp_path: Path) -> None:
    array = np.array([1, "a", None], dtype=object)
    for call in (lambda: CODEC.write(array, tmp_path), lambda: CODEC.logical(array)):
        with pytest.raises(
            PipelineError, match=r"Python objects \(dtype object, shape \(3,\)\); allowed: numbers"
        ):
            call()


def test_pickled_file_is_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "array.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(StorageError, match="cannot read the array"):
        CODEC.read(tmp_path, "numpy:ndarray")


@pytest.mark.parametrize(
    "value", [np.recarray(1, [("a", "f8")]), np.ma.masked_array([1]), np.float64(1), [1], "numpy"]
)
def test_only_plain_arrays_are_taken(value: object) -> None:
    assert not CODEC.handles(value)
