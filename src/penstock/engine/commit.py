"""Finding a result that may be reused, and committing a new one: at most one for each fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from penstock.domain.errors import ArtifactCorruptError, ArtifactMissingError
from penstock.engine.environment import installed
from penstock.engine.graph import Node
from penstock.engine.records import EffectRecord, OutputRef, ResultRecord
from penstock.engine.watch import observed_value
from penstock.storage.artifacts import ArtifactStore
from penstock.storage.catalogue import Catalogue
from penstock.storage.digests import digest_value
from penstock.storage.locks import FileLock
from penstock.storage.workspace import Workspace

RESULT = "result"
EFFECT = "effect"


@dataclass(frozen=True, kw_only=True)
class Results:
    """Committed results of pure steps and effects in one workspace."""

    workspace: Workspace
    store: ArtifactStore
    catalogue: Catalogue
    environ: Mapping[str, str]

    def find(self, fingerprint: str) -> ResultRecord | None:
        """Return the result that may be reused, or ``None``.

        A result whose artifact is gone or damaged does not count, so that the step runs again. Its record stays
        until then: another process may be replacing it at this moment.
        """
        entry = self.catalogue.get(RESULT, fingerprint, ResultRecord)
        if entry is None or entry.body.undeclared or not self._stands(entry.body):
            return None
        return entry.body if self._is_readable(entry.body.output) else None

    def latest(self, system: str, node: str) -> ResultRecord | None:
        """Return the newest result of the step called ``node`` in ``system``, whatever its fingerprint."""
        for entry in self.catalogue.find(RESULT, ResultRecord, scope=scope_of(system, node), limit=1):
            return entry.body
        return None

    def commit(self, record: ResultRecord, *, now: datetime) -> None:
        """Write the manifest and index it.

        A result with undeclared touches is kept under a key of its own run: it serves this run's later steps
        and explains itself, and no other run finds it.
        """
        key = f"{record.fingerprint}@{record.run_id}" if record.undeclared else record.fingerprint
        scope = scope_of(record.system, record.node)
        if not self.catalogue.add(RESULT, key, record, scope=scope, now=now):
            # The old record was found unusable, or belongs to a run whose surroundings no longer stand.
            self.catalogue.remove(RESULT, key)
            self.catalogue.add(RESULT, key, record, scope=scope, now=now)

    def find_effect(self, key: str) -> EffectRecord | None:
        """Return the record of an effect that was carried out for ``key``, or ``None``."""
        entry = self.catalogue.get(EFFECT, key, EffectRecord)
        return entry.body if entry and self._is_readable(entry.body.output) else None

    def commit_effect(self, record: EffectRecord, *, system: str, now: datetime) -> None:
        """Record that the effect was carried out."""
        if not self.catalogue.add(EFFECT, record.key, record, scope=scope_of(system, record.node), now=now):
            self.catalogue.remove(EFFECT, record.key)
            self.catalogue.add(EFFECT, record.key, record, scope=scope_of(system, record.node), now=now)

    def lock(self, fingerprint: str) -> FileLock:
        """Return the lock under which exactly one process computes ``fingerprint``."""
        return FileLock(self.workspace.locks / f"{fingerprint}.lock")

    def scratch(self, fingerprint: str) -> Path:
        """Return the scratch folder that the same step finds again after a kill."""
        return self.workspace.scratch / fingerprint

    def _stands(self, record: ResultRecord) -> bool:
        return all(
            observed_value(name, dict(self.environ)) == value for name, value in record.observed.items()
        )

    def _is_readable(self, output: OutputRef) -> bool:
        try:
            self.store.get(output.digest)  # type: ignore[arg-type] # a recorded digest
        except (ArtifactMissingError, ArtifactCorruptError):
            return False
        return True


def scope_of(system: str, node: str) -> str:
    """Return the catalogue scope under which results of one step of one system stand."""
    return f"{system}/{node}"


def runs_scope(system: str) -> str:
    """Return the catalogue scope of a system's runs: apart from its datasets and releases, which runs read."""
    return f"{system}/runs"


def effect_key(node: Node, inputs: Mapping[str, str], params: Mapping[str, str], run_id: str) -> str:
    """Return the digest of an effect's name and its declared parameters; without any, the run's own."""
    wanted = node.step.once_per
    values = {**params, **inputs}
    parts: dict[str, str] = {name: values[name] for name in wanted or ()}
    if not getattr(node.step, "is_keyed", False):
        parts = {"run": run_id}
    return str(digest_value({"effect": node.step.qualified, "node": node.name, "key": parts}))


def library_versions() -> dict[str, str]:
    """Return the installed distributions, for the manifest."""
    return dict(installed())
