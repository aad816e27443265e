"""Only known, neutral formats may lie in a bundle: no file that can run code when it is read."""

from __future__ import annotations

import ast
import io
import json
import pickletools
import re
import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from penstock.domain.errors import BundleError, bounded

LOADER = "loader.py"
"""The only code in a bundle: for people without Penstock, which never runs it."""

_RUNS_CODE = frozenset(
    {
        ".pkl",
        ".pickle",
        ".joblib",
        ".dill",
        ".cloudpickle",
        ".pt",
        ".pth",
        ".npz",
        ".py",
        ".pyc",
        ".so",
        ".dll",
    }
)
_REACHES_CODE = frozenset(
    {
        "GLOBAL",
        "INST",
        "STACK_GLOBAL",
        "REDUCE",
        "BUILD",
        "OBJ",
        "NEWOBJ",
        "NEWOBJ_EX",
        "EXT1",
        "EXT2",
        "EXT4",
    }
)
_NPY_HEADER = re.compile(rb"\x93NUMPY[\x01-\x03]\x00")
_MAX_SKOPS_MEMBER = 1 << 30


def inspect_files(folder: Path, apart: Collection[str] = ()) -> None:
    """Look at every file below ``folder``, but those named ``apart``, without building anything from it.

    Raises
    ------
    BundleError
        Naming each file that is a pickle, whatever it calls itself, or that is not of its format, or whose format
        no bundle may hold.
    """
    paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*"))}
    faults = [
        f"{name} {fault}"
        for name, path in paths.items()
        if path.is_file() and name not in apart and (fault := _fault_in(folder, path))
    ]
    if faults:
        raise BundleError(
            f"The bundle {folder} holds files that must not be loaded: {bounded(faults)}. "
            f"A model is saved in neutral formats only: {', '.join(sorted(_FORMATS))}"
        )


def _fault_in(folder: Path, path: Path) -> str | None:
    if path == folder / LOADER:
        return _text(path.read_bytes())
    return fault_of(path.name, path.read_bytes())


def fault_of(name: str, data: bytes) -> str | None:
    """Say why a file may not be in a bundle, or return ``None``."""
    suffix = Path(name).suffix.lower()
    if suffix in _RUNS_CODE:
        return f"is refused: {suffix} files can run code when they are read"
    if is_pickle(data):
        return "is a pickle, which can run code when it is read"
    known = _FORMATS.get(suffix)
    if known is None:
        return f"has a format that is not known to be safe ({suffix or 'no suffix'})"
    return known(data)


def is_pickle(data: bytes) -> bool:
    """Whether ``data`` is a pickle: it parses to the end as one, and is marked as one or would look up code."""
    marked = data[:1] == b"\x80"
    if not marked and _NPY_HEADER.match(data):
        return False
    reaches_code = False
    try:
        for opcode, _, _ in pickletools.genops(data):
            reaches_code = reaches_code or opcode.name in _REACHES_CODE
    except Exception:  # noqa: BLE001 - genops raises whatever a decoder raises: then it is no pickle
        return False
    return marked or reaches_code


def _text(data: bytes) -> str | None:
    try:
        return "holds NUL characters, so it is no text" if "\0" in data.decode() else None
    except UnicodeDecodeError:
        return "is not text in UTF-8"


def _json(data: bytes) -> str | None:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return "is not JSON"
    return None


def _npy(data: bytes) -> str | None:
    if not _NPY_HEADER.match(data):
        return "is not a NumPy array"
    wide = 2 if data[6] == 1 else 4
    start = 8 + wide
    end = start + int.from_bytes(data[8:start], "little")
    try:
        header = ast.literal_eval(data[start:end].decode("latin-1").strip())
        kinds = repr(header["descr"])
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError):
        return "is not a NumPy array"
    return "holds Python objects, which are stored as a pickle" if "O" in kinds else None


def _starts_with(magic: bytes, what: str) -> Callable[[bytes], str | None]:
    return lambda data: None if data.startswith(magic) else f"is not {what}"


def _safetensors(data: bytes) -> str | None:
    end = 8 + int.from_bytes(data[:8], "little")
    return "is not a safetensors file" if len(data) < end or _json(data[8:end]) else None


def _skops(data: bytes) -> str | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                fault = _skops_member(archive, member)
                if fault:
                    return f"holds {member.filename[:80]!r}, which {fault}"
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        return "is not a skops file"
    return None


def _skops_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str | None:
    if member.file_size > _MAX_SKOPS_MEMBER:
        return "is larger than a gigabyte"
    if not member.filename.endswith((".json", ".npy")):
        return "has a format that is not known to be safe"
    return fault_of(member.filename, archive.read(member))


_FORMATS: Mapping[str, Callable[[bytes], str | None]] = {
    ".csv": _text,
    ".json": _json,
    ".lock": _text,
    ".md": _text,
    ".npy": _npy,
    ".onnx": _starts_with(b"\x08", "an ONNX model"),
    ".parquet": _starts_with(b"PAR1", "a Parquet file"),
    ".safetensors": _safetensors,
    ".skops": _skops,
    ".txt": _text,
    ".ubj": _starts_with(b"{", "an XGBoost model"),
}
