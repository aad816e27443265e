"""Energi Data Service: Danish consumption by the hour, asked for in UTC and in few large windows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from penstock.sources.energidata_rows import ENERGI_DATASETS
from penstock.sources.http.client import HttpClient
from penstock.sources.http.exchange import Request
from penstock.sources.http.paging import fetch_pages
from penstock.sources.http.records import check_count, json_of, no_rows, records_of, rows_of
from penstock.sources.http.rounding import rounded_up
from penstock.sources.http.service import HttpPolicy, Service

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.rows import RowSchema
    from penstock.domain.windows import Window
    from penstock.sources.http.access import Access

BASE_URL = "https://api.energidataservice.dk"
PUBLISHED_INTERVAL_S = 60.0
"""One request for each data set and minute, says the service since 2025-08-26."""


class EnergiDataConfig(BaseModel):
    """What to ask Energi Data Service for.

    Attributes
    ----------
    dataset
        Data set of the service; ``ConsumptionDE35Hour`` got no rows after June 2023.
    base_url
        Address of the service, or of a tape server that stands in for it.
    only
        Values to keep, by text column, such as ``{PriceArea: [DK1]}``; empty asks for all.
    days_per_request
        Longest window of one request; lower it if answers grow too large.
    http
        How patiently the service is asked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: Literal["ConsumptionDE35Hour", "ConsumptionIndustry", "ConsumptionConsumerCategoryHour"] = (
        "ConsumptionIndustry"
    )
    base_url: str = BASE_URL
    only: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    days_per_request: int = Field(default=92, ge=1, le=3660)
    http: HttpPolicy = Field(default_factory=HttpPolicy)


@dataclass(frozen=True, slots=True)
class EnergiData:
    """One data set of the service as a source."""

    config: EnergiDataConfig
    access: Access

    @property
    def schema(self) -> RowSchema:
        """Columns of the rows."""
        return ENERGI_DATASETS[self.config.dataset].schema

    def fetch(self, window: Window) -> pl.DataFrame:
        """Return the rows of ``window`` (end excluded) that the service has now, sorted by time, area and type.

        ``HourUTC`` is an instant in UTC, the Danish clock beside it has no zone. A missing hour is a missing row.

        Raises
        ------
        ServiceError
            If the service is away, refuses, or has closed the data set.
        DataError
            If an answer is not whole, has another schema, or another number of rows than it says.
        """
        return fetch_pages(window, self.config.days_per_request, self._page, self.schema, self.access)

    def _page(self, window: Window) -> pl.DataFrame:
        asked = rounded_up(window, timedelta(minutes=1))
        if asked.start == asked.end:
            return no_rows(self.schema)
        answer = self._client().get(self._request(asked), dataset=self.config.dataset)
        subject = f"{self.schema.name} {window}"
        found = json_of(answer, subject)
        told = found if isinstance(found, dict) else {}
        records = records_of(told.get("records", found), subject)
        check_count(subject, len(records), told.get("total"))
        return rows_of(records, self.schema, subject)

    def _request(self, window: Window) -> Request:
        query = {
            "start": f"{window.start:%Y-%m-%dT%H:%M}",
            "end": f"{window.end:%Y-%m-%dT%H:%M}",
            "timezone": "utc",  # else the service counts in Danish time
            "columns": ",".join(self.schema.names),
            "sort": f"{self.schema.names[0]} ASC",
            "limit": "0",  # all; without it the service sends the first 100
        }
        if self.config.only:
            query["filter"] = json.dumps(
                {name: list(kept) for name, kept in sorted(self.config.only.items())}
            )
        return Request.of(f"dataset/{self.config.dataset}", query)

    def _client(self) -> HttpClient:
        service = Service(
            name="Energi Data Service",
            base_url=self.config.base_url,
            policy=self.config.http,
            published_interval_s=PUBLISHED_INTERVAL_S,
        )
        return HttpClient(service=service, access=self.access)
