"""``penstock cache``: what the workspace holds, and making room."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from penstock.app.session import Session
from penstock.domain.errors import UsageError
from penstock.engine.evict import Eviction, StoredResult, evict, stored_results, sweep
from penstock.engine.records import RunRecord
from penstock.release.registry import releases
from penstock.storage.datasets import datasets
from penstock.systems.shared.ingest import INGEST, Landed

ABANDONED_AFTER = timedelta(days=1)
"""Work in progress that nobody touched for so long belongs to a killed run."""

_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[KMGT]?)B?", re.IGNORECASE)
_UNITS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def needed(session: Session) -> frozenset[str]:
    """Return the byte digests that must stay: of releases, of the runs that made them, of datasets and quarantines."""
    kept = {version.facts.artifact for version in datasets(session.catalogue)}
    kept.update(landed.quarantine for landed in _landed(session) if landed.quarantine)
    makers = set()
    for release in releases(session.catalogue):
        kept.add(release.bundle.digest)
        makers.add(release.run_id)
    for entry in session.catalogue.find("run", RunRecord):
        record = entry.body
        if record.source is not None:
            kept.add(record.source.digest)
        kept.update(ref.digest for ref in (*record.inputs.values(), *record.beside.values()))
        if record.run_id in makers:
            kept.update(step.output.digest for step in record.steps if step.output)
    return frozenset(kept)


def _landed(session: Session) -> Iterator[Landed]:
    return (entry.body for entry in session.catalogue.find(INGEST, Landed))


def list_cache(session: Session) -> list[StoredResult]:
    """Return every artifact, least recently used first."""
    return stored_results(session.store, session.catalogue, needed(session))


def collect_garbage(session: Session, *, max_size: str, dry_run: bool) -> Eviction:
    """Remove what nothing needs until at most ``max_size`` (such as ``5GB``) is left, and what killed runs left.

    Raises
    ------
    UsageError
        If ``max_size`` is no size.
    """
    done = evict(
        session.store,
        session.catalogue,
        keep=needed(session),
        max_bytes=parse_size(max_size),
        dry_run=dry_run,
    )
    abandoned = sweep(session.workspace, before=session.clock() - ABANDONED_AFTER, dry_run=dry_run)
    return done.model_copy(update={"abandoned_bytes": abandoned})


def parse_size(text: str) -> int:
    """Return the bytes in a size such as ``500MB`` or ``5GB`` (units of 1024).

    Raises
    ------
    UsageError
        If ``text`` is no size.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no size. Give a number and a unit, such as 500MB or 5GB.")
    return int(float(match["number"]) * 1024 ** _UNITS[match["unit"].upper()])
