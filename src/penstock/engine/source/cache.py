"""Reads source files, and keeps the facts about them by the digest of their bytes."""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from penstock.engine.source.encode import dumps, loads
from penstock.engine.source.facts import ModuleFacts
from penstock.engine.source.locate import Found
from penstock.engine.source.modules import Module
from penstock.engine.source.units import module_facts

_CANNOT_PARSE = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass
class FactsCache:
    """Turns files into modules; a file that Python cannot parse becomes a broken module.

    Attributes
    ----------
    folder
        Where facts are kept between processes, or ``None``. Entries are named by the digest of the source, this
        analysis and the Python version, and carry a digest of their own: a damaged one is made anew.
    facts
        What is known already, by the digest of the source; caches that share it read a source once.
    """

    folder: Path | None = None
    facts: dict[str, ModuleFacts] = field(default_factory=dict)

    def read(self, found: Found) -> Module:
        """Read the file of a first-party module."""
        path = found.path or Path()
        try:
            source = path.read_bytes()
        except OSError as error:
            return Module(found, ModuleFacts(units=()), "", f"cannot read {found.name}: {error.strerror}")
        digest = hashlib.sha256(source).hexdigest()
        if not found.is_source:
            return Module(found, ModuleFacts(units=()), digest)
        try:
            return Module(found, self._facts_of(source, digest, path), digest)
        except _CANNOT_PARSE as error:
            return Module(found, ModuleFacts(units=()), digest, f"cannot parse {found.name}: {error}")

    def _facts_of(self, source: bytes, digest: str, path: Path) -> ModuleFacts:
        if digest not in self.facts:
            kept = self._load(digest)
            self.facts[digest] = module_facts(source, str(path)) if kept is None else kept
            if kept is None:
                self._store(digest)
        return self.facts[digest]

    @cached_property
    def _version(self) -> str:
        """Name of this analysis: another one may see other facts in the same source."""
        own = sorted(Path(__file__).parent.glob("*.py"))
        contents = hashlib.sha256(b"\0".join(path.read_bytes() for path in own)).hexdigest()[:16]
        return f"{contents}-{sys.version_info.major}.{sys.version_info.minor}"

    def _file(self, digest: str) -> Path | None:
        return None if self.folder is None else self.folder / self._version / f"{digest}.json"

    def _load(self, digest: str) -> ModuleFacts | None:
        file = self._file(digest)
        try:
            check, _, body = file.read_text(encoding="utf-8").partition("\n") if file else ("", "", "")
            return loads(body) if body and check == _checksum(body) else None
        except (OSError, ValueError, TypeError, KeyError, IndexError):
            return None

    def _store(self, digest: str) -> None:
        file = self._file(digest)
        if file is None:
            return
        body = dumps(self.facts[digest])
        beside = file.with_name(f"{file.name}.{os.getpid()}")
        # A cache that cannot be written costs time, nothing else.
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(f"{_checksum(body)}\n{body}", encoding="utf-8")
            beside.replace(file)


def _checksum(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


@cache
def facts_of_this_process() -> dict[str, ModuleFacts]:
    """Return what this process has read of sources: workspaces come and go, the facts of a content stay."""
    return {}
