"""What is known about a run only when it has ended: data, final metrics, tags."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class DatasetNote(BaseModel):
    """The dataset version a run read.

    ``name`` is written like ``denmark@v3``; ``digest`` is the digest of its content; ``columns`` maps names to
    types.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    digest: str
    source: str = ""
    simulated: bool = False
    rows: int | None = None
    columns: dict[str, str] = {}


class RunFacts(BaseModel):
    """Facts that no event carries. ``metrics`` maps rung → metric → value."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: DatasetNote | None = None
    metrics: dict[str, dict[str, float]] = {}
    tags: dict[str, str] = {}
