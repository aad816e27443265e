"""A cut: what a table held at one of its versions, as it was known at one moment."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, field_validator

from penstock.domain.windows import Window


class TableCut(BaseModel):
    """Names rows of an observation table for ever: equal cuts read equal rows, whatever was ingested since.

    Attributes
    ----------
    table, table_id
        Name of the table, and its identity: another table of the same name is refused.
    version
        Version of the table, the last that brought rows; later ingests are not seen.
    as_of
        Moment of knowledge (UTC); itself included: a row known at ``as_of`` is seen.
    window
        Stretch of ``time``, end excluded; ``None`` for all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    table_id: str
    version: int
    as_of: AwareDatetime
    window: Window | None = None

    @field_validator("as_of")
    @classmethod
    def _in_utc(cls, value: datetime) -> datetime:
        return value.astimezone(UTC)

    def __str__(self) -> str:
        window = f", {self.window}" if self.window else ""
        return f"{self.table} (version {self.version}) as of {self.as_of:%Y-%m-%dT%H:%M:%SZ}{window}"
