"""The canonical form of Arrow columns: what counts in a table's logical digest."""

from __future__ import annotations

import hashlib
from typing import Any

from penstock.domain.errors import PipelineError
from penstock.domain.values import Digest


def digest_table(table: Any, *, kind: str, with_categories: bool = False) -> Digest:
    """Digest of a ``pyarrow.Table``: names, types and values of its columns, in order.

    Chunks, dictionary encoding, 32- or 64-bit offsets, what lies under a null, NaN bits and metadata do not count.

    Parameters
    ----------
    table
        Any table that Parquet can keep.
    kind
        Names the library whose table it was and what its column types mean beyond Arrow; it counts, for a step may
        treat such tables differently.
    with_categories
        The categories of dictionary-encoded columns count too, with their order.
    """
    import pyarrow as pa

    whole = hashlib.sha256(f"{kind} {table.num_rows} {table.num_columns}\n".encode())
    for name, column in zip(table.column_names, table.columns, strict=True):
        digest = _Feed(with_categories=with_categories)
        try:
            digest.feed(_one_chunk(column))
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
            raise PipelineError(
                f"cannot store the table column {name!r} of type {column.type}: {error}"
            ) from error
        whole.update(f"{name!r} ".encode() + digest.hash.digest())
    return Digest(whole.hexdigest())


def _one_chunk(column: Any) -> Any:
    import pyarrow as pa

    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


class _Feed:
    """Feeds arrays to a hash, buffer by buffer."""

    def __init__(self, *, with_categories: bool) -> None:
        self.hash = hashlib.sha256()
        self._with_categories = with_categories

    def feed(self, array: Any) -> None:
        import pyarrow as pa
        from pyarrow import types

        kind = array.type
        if isinstance(array, pa.ExtensionArray):
            self._note(f"extension {kind.extension_name}")
            self.feed(array.storage)
        elif types.is_dictionary(kind):
            self._dictionary(array)
        elif types.is_struct(kind):
            self._struct(array)
        elif types.is_map(kind):
            self._list(array.cast(pa.list_(pa.struct([kind.key_field, kind.item_field]))))
        elif types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
            self._list(array)
        elif _text_type(kind) is not None:
            self._text(array)
        else:
            self._fixed(array)

    def _note(self, text: str) -> None:
        self.hash.update(f"{text}\n".encode())

    def _validity(self, array: Any) -> None:
        if array.null_count:
            self.hash.update(b"nulls\n")
            self.hash.update(_packed(_valid(array)))

    def _dictionary(self, array: Any) -> None:
        if self._with_categories:
            self._note(f"categories {array.type.ordered}")
            self.feed(array.dictionary)
        self.feed(array.dictionary_decode())

    def _struct(self, array: Any) -> None:
        self._note(f"struct {len(array)} {array.type.num_fields}")
        self._validity(array)
        for field, child in zip(array.type, array.flatten(), strict=True):
            self._note(repr(field.name))
            self.feed(child)

    def _list(self, array: Any) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        fixed = pa.types.is_fixed_size_list(array.type)
        self._note(f"{f'fixed {array.type.list_size}' if fixed else 'list'} {len(array)}")
        self._validity(array)
        if not fixed:
            self._fixed(pc.fill_null(pc.list_value_length(array).cast(pa.int64()), 0))
        self.feed(array.flatten())

    def _text(self, array: Any) -> None:
        import pyarrow.compute as pc

        plain = _text_type(array.type)
        self._note(f"{plain} {len(array)}")
        self._validity(array)
        array = array.cast(plain)
        if array.null_count:
            array = pc.fill_null(array, b"" if str(plain) == "large_binary" else "")
        self._fixed(pc.binary_length(array))
        _, offsets, data = array.buffers()
        if data is not None and len(array):
            places = memoryview(offsets).cast("q")
            self.hash.update(memoryview(data)[places[array.offset] : places[array.offset + len(array)]])

    def _fixed(self, array: Any) -> None:
        import pyarrow as pa

        kind = array.type
        self._note(f"{kind} {len(array)}")
        if pa.types.is_null(kind):
            return
        width = _width(kind)
        self._validity(array)
        if not len(array):
            return
        if pa.types.is_boolean(kind):
            values = _unpacked(array, 1)
            self.hash.update(_packed(values & _valid(array) if array.null_count else values))
        else:
            self.hash.update(_values(array, width))


def _text_type(kind: Any) -> Any:
    import pyarrow as pa
    from pyarrow import types

    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return pa.large_string()
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind):
        return pa.large_binary()
    return None


def _width(kind: Any) -> int:
    try:
        return int(kind.bit_width) // 8
    except ValueError as error:
        raise PipelineError(
            f"cannot store a table column of the Arrow type {kind}; convert it first"
        ) from error


def _packed(flags: Any) -> Any:
    import numpy as np

    return np.packbits(flags)


def _unpacked(array: Any, buffer: int) -> Any:
    """Return a buffer of bits as an array of booleans."""
    import numpy as np

    first = array.offset // 8
    skipped = array.offset - 8 * first
    octets = np.frombuffer(array.buffers()[buffer], "u1", offset=first)
    bits = np.unpackbits(octets, bitorder="little", count=skipped + len(array))
    return bits[skipped:].astype(bool)


def _valid(array: Any) -> Any:
    return _unpacked(array, 0)


def _values(array: Any, width: int) -> Any:
    """Return the memory of the values, with zero under every null and one NaN for all.

    NumPy does it: scalars of pyarrow import pandas, which takes longer than the digest of a million rows.
    """
    import numpy as np
    import pyarrow as pa

    unit = f"u{width}" if width in (1, 2, 4, 8) else f"V{width}"
    values = np.frombuffer(array.buffers()[1], unit, len(array), array.offset * width)
    if array.null_count:
        values = values.copy()
        values[~_valid(array)] = np.zeros((), unit)
    if pa.types.is_floating(array.type):
        numbers = values.view(f"f{width}")
        missing = np.isnan(numbers)
        if missing.any():
            values = np.where(missing, numbers.dtype.type(np.nan), numbers)
    return values.view("u1").data
