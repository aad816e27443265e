"""Rows that a tape holds as a table; the player filters them as the service does, so any window can be asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from penstock.domain.errors import DataError
from penstock.domain.windows import Window

if TYPE_CHECKING:
    import polars as pl

    from penstock.domain.rows import RowSchema
    from penstock.sources.protocol import Source

ServiceName: TypeAlias = Literal["energidata", "odre"]
"""Services whose filtering is known."""

ALL_TIME = Window(datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))

Record: TypeAlias = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class TapeTable:
    """A data set of a service on a tape: ``rows`` returns those of a window.

    ``span`` gives the bounds that a request leaves open.
    """

    service: ServiceName
    dataset: str
    names: tuple[str, ...]
    time: str
    span: Window
    rows: Callable[[Window], pl.DataFrame]


def table_of(service: ServiceName, source: Source, time: str, span: Window) -> TapeTable:
    """Return a table whose rows come from another source, such as a simulator."""
    return TapeTable(
        service=service,
        dataset=source.schema.name,
        names=source.schema.names,
        time=time,
        span=span,
        rows=source.fetch,
    )


def table_of_file(service: ServiceName, path: Path, schema: RowSchema, time: str) -> TapeTable:
    """Return a table whose rows stand in a CSV with the columns of ``schema``."""
    frame = read_rows(path, schema)

    def rows(window: Window) -> pl.DataFrame:
        from penstock.sources.http.paging import within

        return frame.filter(within(frame, window, time))

    return TapeTable(
        service=service, dataset=schema.name, names=schema.names, time=time, span=ALL_TIME, rows=rows
    )


def write_rows(path: Path, frame: pl.DataFrame) -> None:
    """Write rows as a CSV that :func:`read_rows` understands; stamps are UTC without a sign for it."""
    import polars as pl

    texts = [
        pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S")
        for name, kind in frame.schema.items()
        if isinstance(kind, pl.Datetime)
    ]
    frame.with_columns(texts).write_csv(path)


def read_rows(path: Path, schema: RowSchema) -> pl.DataFrame:
    """Read rows of a tape.

    Raises
    ------
    DataError
        If the file is not there or does not have the columns of ``schema``.
    """
    import polars as pl

    from penstock.sources.http.records import rows_of

    if not path.is_file():
        raise DataError(f"{path}: there is no such file, though tape.yaml names it; record the tape again.")
    cells = pl.read_csv(path, infer_schema=False)
    numbers = [rule.name for rule in schema.columns if rule.kind in ("number", "whole")]
    typed = cells.with_columns(pl.col(name).cast(pl.Float64) for name in numbers if name in cells.columns)
    return rows_of(typed.to_dicts(), schema, str(path))


def spelled(frame: pl.DataFrame) -> list[Record]:
    """Return rows as JSON spells them: stamps as text without a zone."""
    import polars as pl

    texts = [
        pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S" if isinstance(kind, pl.Datetime) else "%Y-%m-%d")
        for name, kind in frame.schema.items()
        if kind.is_temporal()
    ]
    return frame.with_columns(texts).to_dicts()
