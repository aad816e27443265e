"""Landing windows of a source in its table, and publishing what the table knows as a dataset version."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from penstock.domain.results import Result
from penstock.domain.rows import ColumnRule, RowSchema
from penstock.domain.windows import Window
from penstock.engine import effect, step
from penstock.engine.context import progress, shelf, world
from penstock.quality.quarantine import Sifted, sift_rows
from penstock.quality.rows import validate_rows
from penstock.sources.http.access import Access
from penstock.sources.tapes.answers import is_simulated
from penstock.storage.codecs import save
from penstock.storage.tables.arrival import Arrival
from penstock.storage.tables.cut import TableCut
from penstock.storage.tables.open import find_table, open_table
from penstock.storage.tables.schema import KNOWN_AT, RECEIVED_AT, REVISION

if TYPE_CHECKING:
    import polars as pl

    from penstock.storage.catalogue import Catalogue
    from penstock.systems.shared.feed import Intake

INGEST = "ingest"


class Landed(Result):
    """What became of one window of a source.

    ``window`` is half-open, ``version`` the table's afterwards. ``set_aside`` counts rows in quarantine, which lie in
    the artifact ``quarantine`` with their reasons.
    """

    ingest_id: str
    system: str
    source: str
    simulated: bool
    table: str
    version: int
    window: Window
    received_at: datetime
    added: int
    revised: int
    removed: int
    unchanged: int
    set_aside: int = 0
    quarantine: str | None = None

    @property
    def told(self) -> str:
        """What happened, in one line."""
        aside = f", {self.set_aside:,} set aside" if self.set_aside else ""
        return (
            f"{self.source}{' (SIMULATED)' if self.simulated else ''} {self.window}: {self.added:,} added, {self.revised:,} revised, {self.removed:,} removed, "
            f"{self.unchanged:,} unchanged{aside}; received {self.received_at:%Y-%m-%dT%H:%M:%SZ}"
        )


def land_window(intake_of: Callable[[Access], Intake], window: Window) -> Landed:
    """Fetch one window, check its rows and append what is new: all of it, or nothing. Call it inside an effect.

    Raises
    ------
    ServiceError
        The source does not answer.
    DataError
        Its answer cannot be used.
    ValidationError
        Rows break a rule, and more of them than may be set aside.
    """
    here = world()
    made_up: list[bool] = []
    access = Access(
        clock=here.clock,
        environ=os.environ,
        stamps=here.workspace.locks / "requests",
        tell=lambda told: progress(told.done, told.total, told.note),
        seen=lambda _, answer: made_up.append(is_simulated(answer)),
    )
    intake = intake_of(access)
    rows = intake.source.fetch(window)
    sifted = _sifted(rows, intake)
    table = open_table(here.workspace, intake.table)
    appended = table.append(
        Arrival(
            rows=sifted.kept,
            window=window,
            received_at=here.now,
            known=intake.known,
            mark=f"{here.run_id}/{window}",
            complete=intake.complete,
        )
    )
    landed = Landed(
        ingest_id=f"{here.run_id}/{window.start:%Y%m%dT%H%MZ}",
        system=here.system,
        source=intake.label,
        simulated=intake.simulated or any(made_up),
        table=intake.table.name,
        version=appended.version,
        window=window,
        received_at=here.now,
        added=appended.added,
        revised=appended.revised,
        removed=appended.removed,
        unchanged=appended.unchanged,
        set_aside=sifted.set_aside.height,
        quarantine=save(here.store, sifted.set_aside).digest if sifted.set_aside.height else None,
    )
    here.catalogue.add(INGEST, landed.ingest_id, landed, scope=intake.table.name, now=here.now)
    progress(1, 1, landed.told)
    return landed


def _sifted(rows: pl.DataFrame, intake: Intake) -> Sifted:
    schema = _schema(intake)
    if intake.quality.quarantine:
        return sift_rows(rows, schema, intake.quality)
    report = validate_rows(rows, schema)
    report.raise_if_broken()
    return Sifted(kept=rows, set_aside=rows.clear(), report=report)


def _schema(intake: Intake) -> RowSchema:
    """Return what the fetched rows must look like: published ones say when they became known."""
    schema = intake.source.schema
    if intake.known.how != "published":
        return schema
    known = ColumnRule(name=KNOWN_AT, kind="instant", nullable=True)
    return schema.model_copy(update={"columns": (*schema.columns, known)})


def holds_made_up_rows(catalogue: Catalogue, table: str) -> bool:
    """Tell whether rows of a simulator, or of a tape of one, have ever landed in ``table``."""
    return any(entry.body.simulated for entry in catalogue.find(INGEST, Landed, scope=table))


@effect(stage="acquire")
def cut_table(landed: Sequence[Landed], table: str, as_of: datetime | None) -> TableCut:
    """Name what the table knows at ``as_of`` (``None``: now) once everything has landed."""
    del landed  # only the order counts
    here = world()
    return find_table(here.workspace, table).cut(as_of=as_of or here.now)


@step(stage="acquire")
def recalled(cut: TableCut) -> pl.DataFrame:
    """Return everything that the table had learned at the cut: every value an observation had, and when it was known.

    The columns of the source, ``known_at``, ``known_how``, ``sequence`` and ``deleted``.
    """
    history = find_table(shelf().workspace, cut.table).history(cut)
    return history.drop(RECEIVED_AT, REVISION)


@step(stage="acquire")
def observed(cut: TableCut, columns: tuple[str, ...]) -> pl.DataFrame:
    """Return what the table knew at the cut: for each observation the newest row, in the columns of the source."""
    return find_table(shelf().workspace, cut.table).read(cut).select(columns)
