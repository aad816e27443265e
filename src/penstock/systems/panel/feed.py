"""What the panel system takes in: a user's file, or one file after the other."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from penstock.domain.errors import UsageError
from penstock.domain.rows import RowSchema
from penstock.sources.files import PanelFile, panel_schema
from penstock.storage.tables.arrival import Known
from penstock.storage.tables.schema import TableSchema
from penstock.systems.shared.feed import Intake

if TYPE_CHECKING:
    from penstock.sources.http.access import Access
    from penstock.systems.panel.config import PanelConfig

ALL = timedelta(days=366 * 1000)
"""A file is read as a whole; it lands in one part."""


def intake(cfg: PanelConfig, access: Access, key: bytes | None = None) -> Intake:
    """Return what ``cfg`` takes in: the file that it names; ``key`` makes pseudonyms where columns are personal.

    Raises
    ------
    UsageError
        It names none.
    DataError
        With all faults of the file.
    """
    del access  # a file needs neither clock nor credentials
    if cfg.data is None:
        raise UsageError(
            "There is no file to ingest: name it and its columns, as in data=power.csv target=y time=ds."
        )
    source = PanelFile(path=cfg.data, columns=cfg.ingested, timezone=cfg.timezone, key=key)
    return Intake(
        source=source,
        table=TableSchema.from_rows(rows_of(cfg), time="time", keys=("series",), name=cfg.table_name),
        known=Known.published() if cfg.known_at else Known.assumed(timedelta(days=cfg.lag_days)),
        quality=cfg.quality,
        label=f"file {cfg.data.name}",
        complete=False,  # the next file may hold other series, or a correction of a few rows
        window=source.span(),
        longest=ALL,
    )


def rows_of(cfg: PanelConfig) -> RowSchema:
    """Return what the rows of the table look like: those of a panel."""
    return panel_schema(cfg.table_name, cfg.columns.static, tuple(cfg.columns.covariates))
