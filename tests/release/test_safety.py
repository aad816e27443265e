from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.release.safety import fault_of, is_pickle


def npy(value: Any) -> bytes:
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, value, allow_pickle=True)
    return buffer.getvalue()


def skops(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", [OrderedDict(a=1), datetime(2026, 1, 1, tzinfo=UTC), io.BytesIO])
def test_pickles_that_reach_code_are_recognised_in_every_protocol(protocol: int, value: object) -> None:
    assert is_pickle(pickle.dumps(value, protocol))


@given(st.recursive(st.integers() | st.text() | st.none(), lambda inner: st.lists(inner, max_size=3)))
def test_marked_pickles_of_plain_values_are_recognised(value: object) -> None:
    assert is_pickle(pickle.dumps(value, 4))


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.floats()))
def test_json_is_never_taken_for_a_pickle(value: dict[str, object]) -> None:
    import json

    assert fault_of("x.json", json.dumps(value).encode()) is None


def test_a_pickle_under_another_name_is_refused() -> None:
    data = pickle.dumps(OrderedDict(a=1), 0)

    assert fault_of("notes.txt", data) == "is a pickle, which can run code when it is read"


@pytest.mark.parametrize("name", ["m.pkl", "m.PICKLE", "m.joblib", "m.pt", "m.npz", "setup.py", "m.so"])
def test_formats_that_run_code_are_refused_by_name(name: str) -> None:
    assert "can run code" in (fault_of(name, b"") or "")


@pytest.mark.parametrize("name", ["model.bin", "model", "x.exe", "x.html"])
def test_unknown_formats_are_refused(name: str) -> None:
    assert "not known to be safe" in (fault_of(name, b"x") or "")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.txt", b"tree\nversion=v4\nnum_class=1\nend of trees\n"),
        ("x.md", "# Ørsted\n".encode()),
        ("x.csv", b"a,b\n1,2\n"),
        ("x.lock", b"# all\nnumpy==2.4.6\n"),
        ("x.json", b'{"a": [1, null]}'),
        ("x.parquet", b"PAR1...PAR1"),
        ("x.onnx", b"\x08\x07"),
        ("x.ubj", b"{L\x00"),
        ("x.safetensors", (2).to_bytes(8, "little") + b"{}"),
    ],
)
def test_neutral_formats_are_accepted(name: str, data: bytes) -> None:
    assert fault_of(name, data) is None


@pytest.mark.parametrize(
    ("name", "data", "fault"),
    [
        ("x.json", b"{", "is not JSON"),
        ("x.json", b"[" * 100_000, "is not JSON"),
        ("x.txt", b"a\0b", "NUL"),
        ("x.txt", b"\xff\xfe", "UTF-8"),
        ("x.npy", b"PAR1", "is not a NumPy array"),
        ("x.npy", b"\x93NUMPY\x01\x00\x05\x00(((((", "is not a NumPy array"),
        ("x.parquet", b"{}", "is not a Parquet file"),
        ("x.onnx", b"\x80", "is not an ONNX model"),
        ("x.safetensors", b"\xff" * 12, "is not a safetensors file"),
        ("x.skops", b"PK", "is not a skops file"),
    ],
)
def test_files_that_are_not_of_their_format_are_refused(name: str, data: bytes, fault: str) -> None:
    assert fault in (fault_of(name, data) or "")


def test_arrays_of_numbers_are_accepted_and_of_objects_refused() -> None:
    import numpy as np

    structured = np.zeros(2, dtype=[("a", "f8"), ("b", "O")])

    assert fault_of("x.npy", npy(np.arange(3.0))) is None
    assert fault_of("x.npy", npy(np.array(["a", "b"]))) is None
    assert "Python objects" in (fault_of("x.npy", npy(np.array([{}], dtype=object))) or "")
    assert "Python objects" in (fault_of("x.npy", npy(structured)) or "")


def test_every_member_of_a_skops_file_is_looked_at() -> None:
    import numpy as np

    good = {"schema.json": b"{}", "1.npy": npy(np.arange(3))}

    assert fault_of("x.skops", skops(good)) is None
    assert "'1.pkl'" in (fault_of("x.skops", skops({**good, "1.pkl": b""})) or "")
    assert "is a pickle" in (fault_of("x.skops", skops({**good, "2.npy": pickle.dumps(io.BytesIO)})) or "")
