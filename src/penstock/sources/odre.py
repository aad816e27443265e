"""ODRÉ, the open data portal of the French grid operators: exports of API v2.1, paged by date and asked for in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from penstock.sources.http.client import HttpClient
from penstock.sources.http.exchange import Request
from penstock.sources.http.paging import fetch_pages, time_column
from penstock.sources.http.records import check_count, json_of, no_rows, records_of, rows_of
from penstock.sources.http.rounding import rounded_up
from penstock.sources.http.service import HttpPolicy, Service
from penstock.sources.odre_rows import ODRE_SCHEMAS, without_skipped_hours

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.rows import RowSchema
    from penstock.domain.windows import Window
    from penstock.sources.http.access import Access

BASE_URL = "https://odre.opendatasoft.com/api/explore/v2.1"


class OdreConfig(BaseModel):
    """What to ask ODRÉ for.

    Attributes
    ----------
    dataset
        Data set of the portal: national consumption by half hours, or temperatures by day and region.
    base_url
        Address of the API, or of a tape server that stands in for it.
    days_per_request
        Longest window of one request; lower it if answers grow too large.
    http
        How patiently the portal is asked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: Literal["consommation-quotidienne-brute", "temperature-quotidienne-regionale"] = (
        "consommation-quotidienne-brute"
    )
    base_url: str = BASE_URL
    days_per_request: int = Field(default=366, ge=1, le=3660)
    http: HttpPolicy = Field(default_factory=HttpPolicy)


@dataclass(frozen=True, slots=True)
class Odre:
    """One data set of the portal as a source."""

    config: OdreConfig
    access: Access

    @property
    def schema(self) -> RowSchema:
        """Columns of the rows."""
        return ODRE_SCHEMAS[self.config.dataset]

    def fetch(self, window: Window) -> pl.DataFrame:
        """Return the rows of ``window`` (end excluded) that the portal has now, sorted by time and region.

        Rows of days lie in a window that holds their midnight in UTC. Half hours that no French clock shows are
        left out; see :func:`penstock.sources.odre_rows.without_skipped_hours`.

        Raises
        ------
        ServiceError
            If the portal is away, refuses, or has closed the data set.
        DataError
            If an answer is not whole, has another schema, or another number of rows than the portal counts.
        """
        return fetch_pages(window, self.config.days_per_request, self._page, self.schema, self.access)

    def _page(self, window: Window) -> pl.DataFrame:
        column = time_column(self.schema)
        daily = column == "date"
        asked = rounded_up(window, timedelta(days=1) if daily else timedelta(seconds=1))
        if asked.start == asked.end:
            return no_rows(self.schema)
        spelled = "%Y-%m-%d" if daily else "%Y-%m-%dT%H:%M:%SZ"
        bounds = (f"date'{moment.strftime(spelled)}'" for moment in (asked.start, asked.end))
        where = "{0} >= {1} and {0} < {2}".format(column, *bounds)
        subject = f"{self.schema.name} {window}"
        records = records_of(self._ask("exports/json", where, subject, order_by=column), subject)
        check_count(subject, len(records), self._counted(where, subject))
        return without_skipped_hours(rows_of(records, self.schema, subject))

    def _counted(self, where: str, subject: str) -> object:
        """Return how many rows the portal counts: an export that was cut short does not say so itself."""
        counted = self._ask("records", where, subject, limit="1")
        return counted.get("total_count") if isinstance(counted, dict) else None

    def _ask(self, kind: str, where: str, subject: str, **more: str) -> Any:
        service = Service(name="ODRÉ", base_url=self.config.base_url, policy=self.config.http)
        query = {"where": where, "select": ",".join(self.schema.names), "timezone": "UTC", **more}
        request = Request.of(f"catalog/datasets/{self.config.dataset}/{kind}", query)
        answer = HttpClient(service=service, access=self.access).get(request, dataset=self.config.dataset)
        return json_of(answer, subject)
