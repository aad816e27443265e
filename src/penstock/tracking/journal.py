"""Journals: one append-only file of JSON lines per run, from which a mirror can be made at any time.

A journal is written while the run goes on and costs one small write per event. It stays when the tracker is away,
so nothing is lost and a later ``sync`` mirrors what is missing. A torn last line (the process was killed while it
wrote) is ignored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from pydantic import BaseModel

from penstock.domain.errors import UsageError

SUFFIX = ".jsonl"
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a journal: when (milliseconds since 1970, UTC), what, and its content."""

    at_ms: int
    kind: str
    body: Mapping[str, Any]


def journal_path(folder: Path, run_id: str) -> Path:
    """Return the file of a run; a run id that could leave the folder raises ``UsageError``."""
    if not run_id or run_id.startswith(".") or not set(run_id) <= _SAFE:
        raise UsageError(
            f"The run id {run_id[:80]!r} cannot name a journal; use letters, digits, '-', '_' and '.'"
        )
    return folder / f"{run_id}{SUFFIX}"


def run_ids(folder: Path) -> list[str]:
    """Return the ids of all runs that have a journal, sorted."""
    return sorted(path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}"))


class JournalWriter:
    """Appends lines to one journal. The file stays open, so that a write touches no path."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = path.open("ab")
        if self._file.tell() and not path.read_bytes().endswith(b"\n"):
            self._file.write(b"\n")

    def write(self, line: Line) -> None:
        """Append one line and hand it to the operating system."""
        text = json.dumps({"at": line.at_ms, "kind": line.kind, "body": line.body}, separators=(",", ":"))
        self._file.write(text.encode() + b"\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_journal(path: Path) -> Iterator[Line]:
    """Yield the whole lines of a journal in order; what cannot be read as a line is left out."""
    for raw in path.read_bytes().split(b"\n"):
        try:
            entry = json.loads(raw)
            yield Line(entry["at"], entry["kind"], entry["body"])
        except (ValueError, TypeError, KeyError):
            continue


def plain(value: object) -> Any:
    """Return ``value`` as JSON can hold it; objects without a JSON form become their text."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        value = {item.name: getattr(value, item.name) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
