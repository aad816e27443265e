"""Daily prices behind a CSV address: one row per day, any delimiter, decimal points or commas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from penstock.domain.rows import ColumnRule, RowSchema
from penstock.sources.http.client import HttpClient
from penstock.sources.http.csv_rows import CsvForm, rows_of_csv
from penstock.sources.http.exchange import Request
from penstock.sources.http.paging import fetch_pages, within
from penstock.sources.http.rounding import rounded_up
from penstock.sources.http.service import Credential, HttpPolicy, Service

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.windows import Window
    from penstock.sources.http.access import Access


class PricesConfig(BaseModel):
    """Where daily prices lie and how to read them.

    Attributes
    ----------
    base_url
        Address of the service, or of a tape server that stands in for it.
    path
        Path of the file below it, such as ``daily/msft.csv``.
    query
        Further parameters of the address; ``{start}`` and ``{last}`` stand for the first and last day asked for.
    date
        Name of the column with the day.
    values
        Names of the columns with prices; others are ignored.
    date_format
        How days are spelled (chrono syntax).
    decimal
        Decimal sign of the numbers.
    key_variable
        Environment variable with the key to the service; null sends none.
    http
        How patiently the service is asked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str
    path: str
    query: dict[str, str] = Field(default_factory=dict)
    date: str = "Date"
    values: tuple[str, ...] = Field(default=("Close",), min_length=1)
    date_format: str = "%Y-%m-%d"
    decimal: Literal[".", ","] = "."
    key_variable: str | None = None
    http: HttpPolicy = Field(default_factory=HttpPolicy)


@dataclass(frozen=True, slots=True)
class DailyPrices:
    """One file of prices as a source; the service may send more days than are asked for."""

    config: PricesConfig
    access: Access

    @property
    def schema(self) -> RowSchema:
        """Columns of the rows: the day, then the prices."""
        prices = (ColumnRule(name=name, kind="number", nullable=True) for name in self.config.values)
        return RowSchema(
            name=self.config.path, columns=(ColumnRule(name=self.config.date, kind="date"), *prices)
        )

    def fetch(self, window: Window) -> pl.DataFrame:
        """Return the days whose midnight in UTC lies in ``window`` (end excluded), oldest first.

        A day without trade is a missing row, an empty cell null.

        Raises
        ------
        ServiceError
            If the service is away or refuses.
        DataError
            If the file is no CSV, lacks a column, or has a cell that is no day or number.
        """
        whole = max(
            1, window.length // timedelta(days=1) + 2
        )  # in one piece: the service sends one file anyway
        return fetch_pages(window, whole, self._page, self.schema, self.access)

    def _page(self, window: Window) -> pl.DataFrame:
        days = rounded_up(window, timedelta(days=1))
        last = days.end - timedelta(days=1)
        bounds = {"start": f"{days.start:%Y-%m-%d}", "last": f"{max(last, days.start):%Y-%m-%d}"}
        query = {name: value.format_map(bounds) for name, value in self.config.query.items()}
        answer = self._client().get(Request.of(self.config.path, query), dataset=self.config.path)
        form = CsvForm(decimal=self.config.decimal, date_format=self.config.date_format)
        rows = rows_of_csv(answer, self.schema, form)
        return rows.filter(within(rows, window, self.config.date))

    def _client(self) -> HttpClient:
        key = self.config.key_variable
        service = Service(
            name=f"The price service {self.config.base_url}",
            base_url=self.config.base_url,
            policy=self.config.http,
            credential=Credential(variable=key) if key else None,
        )
        return HttpClient(service=service, access=self.access)
