"""What the Danish system takes in: its simulator, or one of three data sets of Energi Data Service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from penstock.sources.denmark_rows import DENMARK_ROWS, known_series
from penstock.sources.energidata import EnergiData
from penstock.sources.energidata_rows import (
    DE35,
    ENERGI_DATASETS,
    EnergiDataset,
    danish_schema,
    to_danish_rows,
)
from penstock.sources.simulators.denmark import DenmarkSimulator
from penstock.storage.tables.arrival import Known
from penstock.storage.tables.schema import TableSchema
from penstock.systems.shared.feed import Intake

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.rows import RowSchema
    from penstock.domain.windows import Window
    from penstock.sources.http.access import Access
    from penstock.systems.denmark.config import DenmarkConfig


def intake(cfg: DenmarkConfig, access: Access) -> Intake:
    """Return what ``cfg`` takes in, from the simulator or over HTTP."""
    return _simulated(cfg, access) if cfg.origin == "simulator" else _live(cfg, access)


def rows_of(cfg: DenmarkConfig) -> RowSchema:
    """Return what the rows of the table look like."""
    if cfg.origin == "simulator":
        return DENMARK_ROWS
    return danish_schema(ENERGI_DATASETS[cfg.energidata.dataset])


def _simulated(cfg: DenmarkConfig, access: Access) -> Intake:
    now = access.clock().replace(minute=0, second=0, microsecond=0)
    shown = cfg.source.model_copy(update={"as_of": cfg.source.as_of or now})
    return Intake(
        source=Shown(DenmarkSimulator(shown)),
        table=_table(cfg),
        known=Known.published(),
        quality=cfg.quality,
        label="ConsumptionDE35Hour, simulated",
        complete=len(cfg.source.series) == len(known_series()),
        simulated=True,
        window=cfg.source.window,
    )


def _live(cfg: DenmarkConfig, access: Access) -> Intake:
    dataset = ENERGI_DATASETS[cfg.energidata.dataset]
    return Intake(
        source=Danish(EnergiData(cfg.energidata, access), dataset),
        table=_table(cfg),
        known=Known.assumed(timedelta(days=cfg.source.lag_days)),
        quality=cfg.quality,
        label=f"{cfg.energidata.dataset}, {cfg.energidata.base_url}",
        complete=not cfg.energidata.only,
        longest=timedelta(days=cfg.energidata.days_per_request),
    )


def _table(cfg: DenmarkConfig) -> TableSchema:
    keys = ("PriceArea", "ConsumerType_DE35")
    return TableSchema.from_rows(rows_of(cfg), time="HourUTC", keys=keys, name=cfg.dataset_name)


@dataclass(frozen=True, slots=True)
class Shown:
    """The simulator with the moments at which its rows were shown, in a column ``known_at``."""

    simulator: DenmarkSimulator

    @property
    def schema(self) -> RowSchema:
        """Columns of the rows, without ``known_at``."""
        return DENMARK_ROWS

    def fetch(self, window: Window) -> pl.DataFrame:
        """Return every row of ``window`` (end excluded) that was ever shown, revised ones once for each value."""
        return self.simulator.history(window)


@dataclass(frozen=True, slots=True)
class Danish:
    """A data set of the service under the names of the Danish rows."""

    source: EnergiData
    dataset: EnergiDataset

    @property
    def schema(self) -> RowSchema:
        """Columns of the rows."""
        return danish_schema(self.dataset)

    def fetch(self, window: Window) -> pl.DataFrame:
        """Return the rows of ``window`` (end excluded), sorted by time, area and type."""
        rows = self.source.fetch(window)
        return rows if self.dataset is DE35 else to_danish_rows(rows, self.dataset)
