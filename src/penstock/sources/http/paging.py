"""A window asked for in pieces, by date and never by offset: pages by offset shift when rows are revised meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from penstock.domain.errors import DataError, bounded
from penstock.domain.windows import Window
from penstock.sources.http.access import Access, Progress
from penstock.sources.http.records import no_rows

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.rows import RowSchema

Page = Callable[[Window], "pl.DataFrame"]


def pages(window: Window, days: int) -> Iterator[Window]:
    """Cut ``window`` into windows that meet, each of at most ``days``; all but the first begin at midnight UTC."""
    start = window.start
    while start < window.end:
        midnight = datetime.combine(start.date(), time(), UTC)
        end = min(window.end, midnight + timedelta(days=days))
        yield Window(start, end)
        start = end


def fetch_pages(window: Window, days: int, page: Page, schema: RowSchema, access: Access) -> pl.DataFrame:
    """Return the rows of all pages, sorted by time and then by the other columns that name a row.

    Parameters
    ----------
    window
        What is asked for; its end does not belong to it.
    days
        Longest page.
    page
        Returns the rows of one page, columns as in ``schema``; rows beside that window are refused.
    schema
        Its first ``instant`` or ``date`` column is the time; a date counts as its midnight in UTC.
    access
        Hears of each page.

    Raises
    ------
    DataError
        If a page brings rows that lie beside it. Whatever a page raises ends the whole: a window lands whole or
        not at all.
    """
    import polars as pl

    cut = list(pages(window, days))
    found = [no_rows(schema)]
    for number, piece in enumerate(cut, 1):
        access.tell(Progress(note=f"{schema.name} {piece}", done=number - 1, total=len(cut)))
        found.append(_inside(page(piece), piece, schema))
    access.tell(Progress(note=f"{schema.name} {window} is there", done=len(cut), total=len(cut)))
    texts = [rule.name for rule in schema.columns if rule.kind == "text"]
    return pl.concat(found).sort(time_column(schema), *texts, maintain_order=True)


def time_column(schema: RowSchema) -> str:
    """Return the column by which windows are cut: the first ``instant``, else the first ``date``."""
    for kind in ("instant", "date"):
        for rule in schema.columns:
            if rule.kind == kind:
                return rule.name
    raise DataError(f"The table {schema.name} has no column of kind instant or date; declare one.")


def within(rows: pl.DataFrame, window: Window, column: str) -> pl.Series:
    """Return which rows lie in ``window``."""
    import polars as pl

    stamps = rows[column].cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return (stamps >= window.start) & (stamps < window.end)


def _inside(rows: pl.DataFrame, piece: Window, schema: RowSchema) -> pl.DataFrame:
    column = time_column(schema)
    beside = rows.filter(~within(rows, piece, column).fill_null(value=False))
    if beside.is_empty():
        return rows
    stamps = bounded([str(stamp) for stamp in beside[column].to_list()], 3)
    raise DataError(
        f"{schema.name}: asked for {piece}, the service answered with {column} = {stamps}. Nothing was taken. "
        "It may count in local time; if this stays so, the service has changed its format."
    )
