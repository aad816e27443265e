"""Data sets of Energi Data Service, and how the Danish system reads each of them as area, type and energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.domain.rows import ColumnRule, RowSchema
from penstock.sources.denmark_rows import DENMARK_ROWS

if TYPE_CHECKING:
    import polars as pl

BRANCHES = ("Erhverv", "Offentligt", "Privat")
"""Business, public, private."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EnergiDataset:
    """A data set: its columns and which of them play the parts of :data:`DENMARK_ROWS`.

    ``summed`` says that the data set divides a series further than we ask: rows of one hour, area and type are
    parts of one sum.
    """

    schema: RowSchema
    area: str
    consumer_type: str
    value: str
    time: str = "HourUTC"
    local: str = "HourDK"
    summed: bool = False


DE35 = EnergiDataset(
    schema=DENMARK_ROWS, area="PriceArea", consumer_type="ConsumerType_DE35", value="TotalCon"
)

INDUSTRY = EnergiDataset(
    schema=RowSchema(
        name="ConsumptionIndustry",
        columns=(
            ColumnRule(name="HourUTC", kind="instant"),
            ColumnRule(name="HourDK", kind="local_time"),
            ColumnRule(name="MunicipalityNo", kind="text"),
            ColumnRule(name="Branche", kind="text"),
            ColumnRule(name="ConsumptionkWh", kind="number", unit="kWh", nullable=True),
        ),
    ),
    area="MunicipalityNo",
    consumer_type="Branche",
    value="ConsumptionkWh",
)

CATEGORY = EnergiDataset(
    schema=RowSchema(
        name="ConsumptionConsumerCategoryHour",
        columns=(
            ColumnRule(name="TimeUTC", kind="instant"),
            ColumnRule(name="TimeDK", kind="local_time"),
            ColumnRule(name="RegionName", kind="text"),
            ColumnRule(name="ConsumerCategory2", kind="text"),
            ColumnRule(name="ConsumptionkWh", kind="number", unit="kWh", nullable=True),
        ),
    ),
    area="RegionName",
    consumer_type="ConsumerCategory2",
    value="ConsumptionkWh",
    time="TimeUTC",
    local="TimeDK",
    summed=True,
)

ENERGI_DATASETS = {item.schema.name: item for item in (DE35, INDUSTRY, CATEGORY)}
"""The data sets that are known here, by name."""


def to_danish_rows(rows: pl.DataFrame, dataset: EnergiDataset) -> pl.DataFrame:
    """Return rows of ``dataset`` under the names of :data:`DENMARK_ROWS`, so that the Danish system can read them.

    Areas and types keep the names of the data set (a municipality's number, ``Offentligt``): they are other series
    than those of ``ConsumptionDE35Hour``. Rows without a value are left out; a sum with a part that has no value has
    none either.
    """
    import polars as pl

    time, local, area, kind, value = DENMARK_ROWS.names
    renamed = rows.select(
        pl.col(dataset.time).alias(time),
        pl.col(dataset.local).alias(local),
        pl.col(dataset.area).alias(area),
        pl.col(dataset.consumer_type).alias(kind),
        pl.col(dataset.value).alias(value),
    )
    if dataset.summed:
        whole = pl.when(pl.col(value).is_null().any()).then(None).otherwise(pl.col(value).sum())
        renamed = renamed.group_by(time, local, area, kind, maintain_order=True).agg(whole.alias(value))
    return renamed.drop_nulls(value)


def danish_schema(dataset: EnergiDataset) -> RowSchema:
    """Return the schema of :func:`to_danish_rows`: the frozen data set lists its areas and types, others do not."""
    if dataset is DE35:
        return DENMARK_ROWS
    free = tuple(rule.model_copy(update={"allowed": None, "minimum": None}) for rule in DENMARK_ROWS.columns)
    return RowSchema(name=dataset.schema.name, columns=free)
