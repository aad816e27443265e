"""An append-only log of one run, one JSON object a line, that survives a torn last line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from penstock.domain.values import Json


@dataclass(frozen=True, kw_only=True)
class Journal:
    """Journal of one run at ``path``. Each line is flushed to disk before the call returns."""

    path: Path

    def write(self, event: str, *, now: datetime, **details: Json) -> None:
        """Append one line."""
        line = json.dumps(
            {"event": event, "at": now.isoformat(), **details}, sort_keys=True, ensure_ascii=False
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> Iterator[dict[str, Json]]:
        """Yield the lines in order; a torn last line is left out."""
        if not self.path.exists():
            return
        for line in self.path.read_bytes().split(b"\n"):
            if line:
                try:
                    yield json.loads(line)
                except ValueError:
                    return
