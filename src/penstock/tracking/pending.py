"""Which journals the mirror has not shown yet."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from penstock.storage.atomic import write_atomic
from penstock.tracking.journal import journal_path, run_ids
from penstock.tracking.settings import TrackingSettings

MARK_SUFFIX = ".mark"


def pending_runs(settings: TrackingSettings) -> list[str]:
    """Return the ids of runs whose journal has grown, or that this MLflow was never shown, sorted."""
    deleted = settings.local and not settings.database.exists()
    return [run_id for run_id in run_ids(settings.journals) if deleted or not _is_shown(settings, run_id)]


def mark_shown(settings: TrackingSettings, run_id: str, size: int) -> None:
    """Note that ``size`` bytes of a journal have been shown to this MLflow."""
    write_atomic(_mark(settings, run_id), json.dumps(_note(settings, size)).encode())


def forget_marks(settings: TrackingSettings) -> None:
    """Take every journal as not shown; used when the local database is new or was deleted."""
    for path in settings.journals.glob(f"*{MARK_SUFFIX}"):
        path.unlink(missing_ok=True)


def _is_shown(settings: TrackingSettings, run_id: str) -> bool:
    size = journal_path(settings.journals, run_id).stat().st_size
    try:
        note = json.loads(_mark(settings, run_id).read_bytes())
    except (OSError, ValueError):
        return False
    return bool(note == _note(settings, size))


def _note(settings: TrackingSettings, size: int) -> dict[str, object]:
    # the local address is an absolute path, which changes when a workspace is moved; an address may hold a password
    address = "local" if settings.local else hashlib.sha256(settings.address.encode()).hexdigest()
    return {"address": address, "size": size}


def _mark(settings: TrackingSettings, run_id: str) -> Path:
    return journal_path(settings.journals, run_id).with_suffix(MARK_SUFFIX)
