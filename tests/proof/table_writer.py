"""Ingests samples into an observation table, in a process of its own that may be killed.

Says ``ready`` when everything is imported, waits for a line, works, and says ``done``. With a limit no file grows
beyond so many bytes.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.domain.errors import PenstockError
from penstock.domain.windows import Window
from penstock.storage.tables.arrival import Arrival, Known
from penstock.storage.tables.open import open_table
from penstock.storage.tables.schema import TableSchema
from penstock.storage.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl

    from penstock.storage.tables.local import LocalTable

START = datetime(2023, 1, 1, tzinfo=UTC)
SCHEMA = TableSchema.of("load", time="time", keys=("series",), values={"value": "number"})
SERIES = 40
DAYS = 12
ARRIVALS = 6
LAST = START + timedelta(days=99)


def world(window: Window, edition: int) -> pl.DataFrame:
    """Return what the source shows in an edition: every edition revises some rows, adds one and removes another."""
    import polars as pl

    hours = pl.datetime_range(window.start, window.end, "1h", closed="left", eager=True, time_unit="us")
    series = pl.DataFrame({"series": [f"series {number:02d}" for number in range(SERIES)]})
    rows = hours.alias("time").to_frame().join(series, how="cross").with_row_index("at")
    number = (pl.col("time").dt.epoch("s") // 3600).cast(pl.Int64)
    revised = (number % 7 < edition) & (pl.col("series") <= "series 09")
    hidden = (number % 24 == edition) & (pl.col("series") == "series 11")
    return (
        rows.filter(hidden.not_())
        .with_columns(
            (number % 100 + pl.when(revised).then(edition).otherwise(0)).cast(pl.Float64).alias("value")
        )
        .select("time", "series", "value")
    )


def arrivals(
    first_day: int = 0, days: int = DAYS, *, count: int = ARRIVALS, who: str = ""
) -> Iterator[Arrival]:
    """Yield arrivals of one window, each an edition later than the one before."""
    window = Window(START + timedelta(days=first_day), START + timedelta(days=first_day + days))
    for edition in range(count):
        yield Arrival(
            rows=world(window, edition),
            window=window,
            received_at=START + timedelta(days=40 + edition),
            known=Known.assumed(timedelta(days=15)),
            mark=f"{who} edition {edition}",
        )


def table_in(home: Path) -> LocalTable:
    """Open the table of the workspace ``home``."""
    return open_table(Workspace.open(home), SCHEMA)


def ingest(home: Path) -> None:
    """Bring all editions, with upkeep in between."""
    table = table_in(home)
    for number, arrival in enumerate(arrivals()):
        table.append(arrival)
        if number % 2:
            table.compact()
            table.vacuum()


def main() -> int:
    """Wait for the word, and do what the arguments say."""
    import deltalake  # noqa: F401 - so that kills and races meet work, not imports
    import polars as pl  # noqa: F401

    home, task, *more = sys.argv[1:]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    try:
        if task == "overlap":
            number = int(more[0])
            table = table_in(Path(home))
            for arrival in arrivals(number, 4, count=1, who=f"writer {number}"):
                table.append(arrival)
        else:
            if task == "limited":
                limit = int(more[0])
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            ingest(Path(home))
    except PenstockError as error:
        sys.stdout.write(f"{type(error).__name__}: {error}\n")
        return int(error.exit_code)
    sys.stdout.write("done\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
