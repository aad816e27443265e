"""Observation tables beside plain Parquet files: ingest, read as of a moment, and how both change with growth.

    python benchmarks/tables.py [--python PYTHON] [--write]

A year of 76 hourly series (665,760 rows, made up), then 50 ingests of 1,000 revised rows each. Memory is what the
process grew by at its peak while it read, over the size of the frame that came back. Fails when a gate does not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.kit.environments import ENVIRONMENTS, penstock_python
from benchmarks.kit.machine import Load, absolute, clean_environ, provenance, versions_in
from benchmarks.kit.measure import measured
from benchmarks.kit.results import Gate, finish, number, table

WORK = Path(__file__).resolve().parent / "kit" / "table_work.py"
LIBRARIES = ("penstock", "polars", "deltalake")
INGEST_LIMIT_S = 6.0
READ_LIMIT_S = 0.5
MEMORY_LIMIT = 3.0
FLAT_LIMIT = 2.0
LINEAR_LIMIT = 1.2
GROWTH = (1, 10, 100)

Told = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Everything that was measured."""

    made: Told
    read: Told
    compacted: Told
    read_compacted: Told
    plain_made: Told
    plain_read: Told
    grown: dict[int, Told]


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", type=absolute, help="an interpreter with Penstock")
    parser.add_argument("--write", action="store_true", help="write the results into docs/benchmarks.md")
    options = parser.parse_args()
    python = options.python or penstock_python()
    load = Load()
    load.sample(2.0)
    tables = _measure(python)
    load.sample(2.0)
    said = provenance(load, versions_in(python, LIBRARIES))
    text = "\n\n".join((said, _peers(tables), _facts(tables), _growth(tables)))
    return finish(
        "tables", text, _gates(tables, "cpu" if load.seconds == "CPU" else "wall"), write=options.write
    )


def _measure(python: Path) -> Tables:
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    # Not in /tmp, which may be memory: flushing to disk is part of what is measured.
    with tempfile.TemporaryDirectory(dir=ENVIRONMENTS) as place:
        year, plain = f"{place}/year", f"{place}/plain"
        return Tables(
            made=_work(python, "make", year),
            read=_work(python, "read", year),
            compacted=_work(python, "compact", year),
            read_compacted=_work(python, "read", year),
            plain_made=_work(python, "plain-make", plain),
            plain_read=_work(python, "plain-read", plain),
            grown={count: _work(python, "grow", f"{place}/{count}", str(count)) for count in GROWTH},
        )


def _work(python: Path, task: str, *arguments: str) -> Told:
    print(f"{task} …", flush=True)
    command = [str(python), str(WORK), task, *arguments]
    return dict(json.loads(measured(command, Path.cwd(), clean_environ()).out))


def _both(told: Told, name: str) -> str:
    return f"{number(told[f'{name}_wall_s'])} / {number(told[f'{name}_cpu_s'])}"


def _peers(tables: Tables) -> str:
    made, plain = tables.made, tables.plain_made
    rows = [
        ("ingest of the year", _both(made, "ingest"), _both(plain, "ingest")),
        ("50 ingests of 1,000 revised rows", _both(made, "revisions"), _both(plain, "revisions")),
        ("ingest of the year again", _both(made, "again"), "all rows twice"),
        ("read as of the end", _both(tables.read, "read"), _both(tables.plain_read, "read")),
        ("… after compaction", _both(tables.read_compacted, "read"), ""),
        ("memory of the read ÷ frame", number(_memory(tables.read)), number(_memory(tables.plain_read))),
        ("on disk, MB", number(tables.compacted["mb"]), number(plain["mb"])),
    ]
    return table(("wall / CPU seconds", "Penstock", "plain Parquet, sort and unique"), rows)


def _facts(tables: Tables) -> str:
    same = "the same" if abs(_difference(tables)) < 1e-6 else "**not the same**"
    return (
        f"{tables.made['rows']:,} rows, {tables.made['revised']:,} of them revisions; the frame has "
        f"{number(tables.read['frame_mb'])} MB. Compaction and vacuum take {_both(tables.compacted, 'compact')} s. "
        f"Both read {same} values."
    )


def _growth(tables: Tables) -> str:
    rows = [
        (
            f"{count}",
            f"{told['rows']:,}",
            _both(told, "ingest"),
            f"{number(told['loose_wall_s'])} / {number(told['loose_cpu_s'])}",
            f"{number(told['wall_s'])} / {number(told['cpu_s'])}",
            number(_bytes_a_row(told)),
            number(told["log_mb"]),
        )
        for count, told in tables.grown.items()
    ]
    head = ("weekly ingests", "rows", "last ingest", "read of a week", "… compacted", "bytes a row", "log MB")
    return table(head, rows)


def _memory(told: Told) -> float:
    return float(told["grown_mb"] / told["frame_mb"])


def _difference(tables: Tables) -> float:
    return float(tables.read["check"] / tables.plain_read["check"] - 1)


def _bytes_a_row(told: Told) -> float:
    return float(told["mb"] * 1e6 / told["rows"])


def _gates(tables: Tables, clock: str) -> list[Gate]:
    few, many = tables.grown[GROWTH[-2]], tables.grown[GROWTH[-1]]
    unit = "wall s" if clock == "wall" else "CPU s"
    return [
        Gate(
            name="ingest of the year", value=tables.made[f"ingest_{clock}_s"], limit=INGEST_LIMIT_S, unit=unit
        ),
        Gate(name="read as of the end", value=tables.read[f"read_{clock}_s"], limit=READ_LIMIT_S, unit=unit),
        Gate(name="memory of the read", value=_memory(tables.read), limit=MEMORY_LIMIT, unit="× frame"),
        Gate(name="values that differ from the peer's", value=abs(_difference(tables)), limit=1e-6),
        Gate(
            name="read of a week after 100 ingests and compaction, over 10",
            value=many[f"{clock}_s"] / few[f"{clock}_s"],
            limit=FLAT_LIMIT,
            unit="×",
        ),
        Gate(
            name="bytes a row after 100 ingests, over 10",
            value=_bytes_a_row(many) / _bytes_a_row(few),
            limit=LINEAR_LIMIT,
            unit="×",
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
