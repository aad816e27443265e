"""What became of an attempt to mirror runs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class MirrorReport(BaseModel):
    """Run ids of Penstock by what became of them.

    ``mirrored`` maps to MLflow's id of the parent run, ``failed`` to the reason; ``pending`` runs wait in their
    journals for a later ``sync`` (or are still being mirrored in the background).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mirrored: dict[str, str] = {}
    failed: dict[str, str] = {}
    pending: tuple[str, ...] = ()
