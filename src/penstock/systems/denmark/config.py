"""What the Danish system can be told."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from penstock.sources.denmark_rows import LOCAL_ZONE, known_series, series_name
from penstock.sources.energidata import EnergiDataConfig
from penstock.sources.simulators.denmark import DenmarkSimulatorConfig
from penstock.storage.datasets import DatasetPin
from penstock.systems.shared.config import ForecastingConfig

DATASETS = {
    "ConsumptionDE35Hour": "denmark",
    "ConsumptionIndustry": "denmark-industry",
    "ConsumptionConsumerCategoryHour": "denmark-category",
}
"""Our name of each data set of Energi Data Service."""


class DenmarkConfig(ForecastingConfig):
    """What the Danish system can be told beside what every forecasting system can."""

    source: DenmarkSimulatorConfig = Field(
        default_factory=DenmarkSimulatorConfig, description="The embedded source: span, seed, lag, faults."
    )
    origin: Literal["simulator", "energidata"] = Field(
        default="simulator",
        description="Where `penstock data ingest denmark` fetches: the embedded source, or Energi Data Service.",
    )
    energidata: EnergiDataConfig = Field(
        default_factory=EnergiDataConfig, description="What to ask Energi Data Service for, and where it is."
    )

    @property
    def dataset_name(self) -> str:
        """Name of the table and, unless ``name`` is given, of the dataset: each data set has series of its own."""
        return "denmark" if self.origin == "simulator" else DATASETS[self.energidata.dataset]

    def strict(self, pinned: DatasetPin | None) -> DenmarkConfig:
        """Return the configuration with all that is known of the source: its series, and when it shows a row.

        Rows of a dataset version were checked when it was published.
        """
        if pinned is not None:
            return self
        return self._with_quality(
            known_series=tuple(series_name(area, code) for area, code in self.source.series),
            lag_days=self.source.lag_days,
            as_of=self.source.asked_at,
        )

    def known_only(self, as_of: datetime | None = None) -> DenmarkConfig:
        """Return the configuration with the series that a table may hold, whichever of them were asked for last.

        At ``as_of`` a live source must have shown everything that is older than its lag.
        """
        known = known_series() if self.dataset_name == "denmark" else None
        if as_of is None or self.origin == "simulator":
            return self._with_quality(known_series=known)
        return self._with_quality(known_series=known, lag_days=self.source.lag_days, as_of=as_of)

    def _with_quality(self, **values: object) -> DenmarkConfig:
        clock = {"local_zone": self.quality.local_zone or LOCAL_ZONE, "system": "denmark"}
        return self.model_copy(update={"quality": self.quality.model_copy(update={**clock, **values})})
