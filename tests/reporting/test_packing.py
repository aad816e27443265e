from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from penstock.domain.errors import UsageError
from penstock.reporting.packing import Packer, unpack

COLUMNS = st.lists(
    st.tuples(st.booleans(), arrays(np.float32, st.integers(0, 9), elements=st.floats(width=32))), max_size=6
)


@given(COLUMNS)
def test_columns_come_back_bit_for_bit(columns: list[tuple[bool, np.ndarray]]) -> None:
    packer = Packer()
    places = [packer.moments(c) if wide else packer.values(c) for wide, c in columns]
    back = unpack(packer.packed())
    for place, (wide, column) in zip(places, columns, strict=True):
        assert back[place].dtype == (np.float64 if wide else np.float32)
        np.testing.assert_array_equal(back[place], column)


def test_equal_columns_are_kept_once() -> None:
    packer = Packer()
    assert packer.values([1, 2]) == packer.values(np.array([1.0, 2.0])) == 0
    assert packer.moments([1, 2]) == 1
    assert packer.packed().values == 4


def test_offsets_are_aligned_for_typed_arrays() -> None:
    packer = Packer()
    packer.values([1, 2, 3])
    packer.moments([4])
    assert [offset % 8 for _, offset, _ in packer.packed().columns] == [0, 0]


def test_a_damaged_block_is_refused() -> None:
    packer = Packer()
    packer.values(np.arange(100))
    packed = packer.packed()
    with pytest.raises(UsageError, match="packed numbers cannot be read"):
        unpack(replace(packed, block=packed.block[: len(packed.block) // 2]))
