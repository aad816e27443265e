"""Work on observation tables and on their peer, one task a process; prints what it cost as one JSON object.

    python benchmarks/kit/table_work.py TASK FOLDER [NUMBER]

The peer is what one writes without a table: every arrival appended as a Parquet file, all of them sorted and made
unique when read.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil

from penstock.domain.windows import Window
from penstock.storage.tables.arrival import Arrival, Known
from penstock.storage.tables.local import LocalTable
from penstock.storage.tables.open import open_table
from penstock.storage.tables.schema import TableSchema
from penstock.storage.workspace import Workspace

SCHEMA = TableSchema.of("load", time="time", keys=("series",), values={"value": "number"})
IDENTITY = ["time", "series"]
START = datetime(2023, 1, 1, tzinfo=UTC)
YEAR = Window(START, datetime(2024, 1, 1, tzinfo=UTC))
RECEIVED = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)
LAG = timedelta(days=15)
SERIES = 76
REVISIONS = 50
REVISED_EACH = 1000
READS = 5
SEED = 2023


@contextmanager
def spending(spent: dict[str, Any], name: str) -> Iterator[None]:
    """Note wall and processor seconds of what happens inside."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    spent[f"{name}_wall_s"] = time.perf_counter() - wall
    spent[f"{name}_cpu_s"] = time.process_time() - cpu


def world(window: Window, chance: np.random.Generator) -> pl.DataFrame:
    """Return made-up rows of every hour and series of a window."""
    hours = pl.datetime_range(window.start, window.end, "1h", closed="left", eager=True, time_unit="us")
    series = pl.DataFrame({"series": [f"series-{number:03d}" for number in range(SERIES)]})
    rows = hours.alias("time").to_frame().join(series, how="cross", maintain_order="left_right")
    return rows.with_columns(value=pl.Series(chance.normal(1000.0, 100.0, rows.height)))


def revised(rows: pl.DataFrame, number: int, chance: np.random.Generator) -> pl.DataFrame:
    """Return some rows with values that they never had."""
    chosen = rows[np.sort(chance.choice(rows.height, REVISED_EACH, replace=False))]
    return chosen.with_columns(pl.lit(float(number)).alias("value"))


def arrivals() -> Iterator[tuple[pl.DataFrame, datetime]]:
    """Yield the year, and then fifty times a thousand revised rows."""
    chance = np.random.default_rng(SEED)
    year = world(YEAR, chance)
    yield year, RECEIVED
    for number in range(REVISIONS):
        yield revised(year, number, chance), RECEIVED + timedelta(hours=number + 1)


def append(table: LocalTable, rows: pl.DataFrame, window: Window, at: datetime, *, whole: bool) -> None:
    """Bring rows to the table."""
    table.append(
        Arrival(
            rows=rows,
            window=window,
            received_at=at,
            known=Known.assumed(LAG),
            mark=f"{window} {at}",
            complete=whole,
        )
    )


def table_in(folder: Path) -> LocalTable:
    return open_table(Workspace.open(folder), SCHEMA)


def make(folder: Path) -> dict[str, Any]:
    """Ingest the year, ingest it again a day later, and the revisions."""
    spent: dict[str, Any] = {}
    table, whole = table_in(folder), None
    stream = arrivals()
    rows, at = next(stream)
    whole = rows
    with spending(spent, "ingest"):
        append(table, rows, YEAR, at, whole=True)
    revisions = list(stream)
    with spending(spent, "revisions"):
        for few, when in revisions:
            append(table, few, YEAR, when, whole=False)
    final = table.read(table.cut(as_of=LATER)).select(whole.columns)
    with spending(spent, "again"):
        append(table, final, YEAR, RECEIVED + timedelta(days=9), whole=True)
    history = table.history(table.cut(as_of=LATER))
    return {**spent, "rows": history.height, "revised": int(history["revision"].sum()), "mb": size_mb(folder)}


def read(folder: Path) -> dict[str, Any]:
    """Read the year as known in the end."""
    table = table_in(folder)
    cut = table.cut(as_of=LATER)
    table.read(cut.model_copy(update={"window": Window(START, START + timedelta(days=1))}))  # loads libraries
    return reading(lambda: table.read(cut))


def compact(folder: Path) -> dict[str, Any]:
    """Put files together."""
    spent: dict[str, Any] = {}
    table = table_in(folder)
    with spending(spent, "compact"):
        table.compact()
        table.vacuum()
    return {**spent, "mb": size_mb(folder)}


def plain_make(folder: Path) -> dict[str, Any]:
    """Append every arrival as a file, without looking at what is there."""
    spent: dict[str, Any] = {}
    folder.mkdir(parents=True)
    all_arrivals = list(arrivals())
    with spending(spent, "ingest"):
        plain_append(folder, 0, *all_arrivals[0])
    with spending(spent, "revisions"):
        for number, (rows, at) in enumerate(all_arrivals[1:]):
            plain_append(folder, number + 1, rows, at)
    return {**spent, "mb": size_mb(folder)}


def plain_append(folder: Path, number: int, rows: pl.DataFrame, at: datetime) -> None:
    known = pl.lit(at, dtype=pl.Datetime("us", "UTC")) if number else pl.col("time") + LAG
    stamped = rows.with_columns(known.alias("known_at"), pl.lit(number).alias("sequence"))
    stamped.write_parquet(folder / f"{number:03d}.parquet")


def plain_read(folder: Path) -> dict[str, Any]:
    """Sort all and keep the last of each."""

    def work() -> pl.DataFrame:
        known = pl.scan_parquet(folder / "*.parquet").filter(pl.col("known_at") <= LATER)
        ordered = known.sort(*IDENTITY, "known_at", "sequence")
        return ordered.unique(IDENTITY, keep="last", maintain_order=True).collect()

    pl.scan_parquet(folder / "001.parquet").sort(IDENTITY).unique(IDENTITY).collect()
    return reading(work)


def reading(work: Callable[[], pl.DataFrame]) -> dict[str, Any]:
    """Return what a read costs: memory the first time, seconds in the median."""
    before = psutil.Process().memory_info().rss
    runs: list[dict[str, Any]] = [{} for _ in range(READS)]
    with spending(runs[0], "read"):
        frame = work()
    facts = {
        "frame_mb": frame.estimated_size() / 2**20,
        "grown_mb": peak_mb() - before / 2**20,
        "rows": frame.height,
    }
    check = float(frame["value"].sum())
    for run in runs[1:]:
        with spending(run, "read"):
            work()
    medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    return {**facts, **medians, "check": check}


def peak_mb() -> float:
    """Return the most memory that this process has held."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def grow(folder: Path, number: int) -> dict[str, Any]:
    """Ingest so many weeks, each with revisions of the week before; then read one week, before and after upkeep."""
    table, chance, before = table_in(folder), np.random.default_rng(SEED), pl.DataFrame()
    spent: dict[str, Any] = {}
    last = Window(START, START)
    for week in range(number):
        last = Window(START + timedelta(weeks=week), START + timedelta(weeks=week + 1))
        rows = world(last, chance)
        both = rows if before.is_empty() else pl.concat([rows, revised(before, week, chance)])
        window = Window(max(START, last.start - timedelta(weeks=1)), last.end)
        with spending(spent, "ingest"):
            append(table, both, window, RECEIVED + timedelta(hours=week), whole=False)
        before = rows
    cut = table.cut(as_of=LATER, window=last)
    loose = reading(lambda: table.read(cut))
    table.compact()
    table.vacuum()
    compacted = reading(lambda: table.read(cut))
    rows_kept = table.history(table.cut(as_of=LATER)).height
    return {
        "ingest_wall_s": spent["ingest_wall_s"],
        "ingest_cpu_s": spent["ingest_cpu_s"],
        "loose_wall_s": loose["read_wall_s"],
        "loose_cpu_s": loose["read_cpu_s"],
        "wall_s": compacted["read_wall_s"],
        "cpu_s": compacted["read_cpu_s"],
        "rows": rows_kept,
        "mb": size_mb(folder / "tables" / "load", "revision=*/*"),
        "log_mb": size_mb(folder / "tables" / "load", "_delta_log/*"),
    }


def size_mb(folder: Path, pattern: str = "**/*") -> float:
    return sum(path.stat().st_size for path in folder.glob(pattern) if path.is_file()) / 1e6


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "make": make,
    "read": read,
    "compact": compact,
    "plain-make": plain_make,
    "plain-read": plain_read,
    "grow": grow,
}

if __name__ == "__main__":
    task, place, *more = sys.argv[1:]
    print(json.dumps(TASKS[task](Path(place), *map(int, more))))
