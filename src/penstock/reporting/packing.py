"""Many number columns in one compressed block: equal columns are kept once, and the page reads them as typed arrays."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.domain.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

_ALIGNMENT = 8
KINDS = {"f4": 4, "f8": 8}


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """Columns in one raw-deflate block: for each its kind (``f4`` or ``f8``, little-endian), offset and length."""

    columns: tuple[tuple[str, int, int], ...]
    block: bytes
    values: int


@dataclass(slots=True)
class Packer:
    """Collects columns; adding an equal column again gives the first one's number."""

    _parts: list[bytes] = field(default_factory=list)
    _columns: list[tuple[str, int, int]] = field(default_factory=list)
    _known: dict[tuple[str, bytes], int] = field(default_factory=dict)
    _size: int = 0

    def values(self, numbers: ArrayLike) -> int:
        """Add a column as 32-bit floats (seven digits); NaN is a gap. Return its number."""
        return self._add("f4", numbers)

    def moments(self, milliseconds: ArrayLike) -> int:
        """Add a column as 64-bit floats, for milliseconds since 1970. Return its number."""
        return self._add("f8", milliseconds)

    def _add(self, kind: str, numbers: ArrayLike) -> int:
        import numpy as np

        raw = np.ascontiguousarray(numbers, dtype=f"<{kind}").tobytes()
        if (kind, raw) not in self._known:
            self._known[kind, raw] = len(self._columns)
            self._columns.append((kind, self._size, len(raw) // KINDS[kind]))
            padded = raw.ljust(-(-len(raw) // _ALIGNMENT) * _ALIGNMENT, b"\0")
            self._parts.append(padded)
            self._size += len(padded)
        return self._known[kind, raw]

    def packed(self) -> Packed:
        """Return everything added so far as one block; equal input gives equal bytes."""
        values = sum(length for _, _, length in self._columns)
        return Packed(columns=tuple(self._columns), block=deflated(b"".join(self._parts)), values=values)


def unpack(packed: Packed) -> Sequence[NDArray[np.floating]]:
    """Return the columns of a block, in order.

    Raises
    ------
    UsageError
        The block is not a whole raw-deflate stream.
    """
    import numpy as np

    try:
        raw = zlib.decompress(packed.block, -zlib.MAX_WBITS)
    except zlib.error as error:
        raise UsageError(f"The packed numbers cannot be read ({error}); render the report again.") from error
    return [np.frombuffer(raw, f"<{kind}", length, offset) for kind, offset, length in packed.columns]


def deflated(raw: bytes) -> bytes:
    """Return ``raw`` as a raw-deflate stream, which browsers inflate by themselves."""
    squeezer = zlib.compressobj(level=9, wbits=-zlib.MAX_WBITS)
    return squeezer.compress(raw) + squeezer.flush()
