"""Fit and predict beside the floor: numpy columns, ``lgb.train`` and a recursion on arrays, and nothing else.

    python benchmarks/floor.py [--python PYTHON] [--small] [--write]

Both ways learn the course's 82 columns from the same simulated hourly series with the same LightGBM on one thread, each
in a process of its own; they take turns, and the median counts. Gates: CPU seconds ≤ 1.15 × and peak memory ≤ 1.3 × the
floor's at every size, and no more CPU a series with 10,000 series than with 100. Processor seconds of one thread, so a
loaded machine may measure too. The largest size needs 8 GB. ``--small`` leaves the two largest sizes out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.kit.environments import ENVIRONMENTS, penstock_python
from benchmarks.kit.machine import THREADS, Load, absolute, clean_environ, provenance, versions_in
from benchmarks.kit.measure import measured
from benchmarks.kit.results import Gate, finish, number, table

KIT = Path(__file__).resolve().parent / "kit"
WAYS = ("floor", "penstock")
CPU_LIMIT, MEMORY_LIMIT, FLAT_LIMIT = 1.15, 1.3, 1.15
LIBRARIES = ("penstock", "lightgbm", "numpy", "polars")


@dataclass(frozen=True, kw_only=True)
class Size:
    """One panel, the trees that learn it, and how often each way is measured."""

    series: int
    days: int
    trees: int
    repeats: int

    def __str__(self) -> str:
        return f"{self.series:,} series × {self.days:,} days, {self.trees} trees"


SMALL, LARGE = (
    (Size(series=100, days=30, trees=100, repeats=5), Size(series=100, days=180, trees=100, repeats=3)),
    (Size(series=100, days=1095, trees=20, repeats=2),),
)
FLAT = tuple(
    Size(series=series, days=30, trees=20, repeats=repeats)
    for series, repeats in ((100, 5), (1_000, 3), (10_000, 1))
)
Told = Mapping[str, Any]
Found = dict[tuple[Size, str], Told]


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", type=absolute, help="an interpreter with Penstock")
    parser.add_argument("--small", action="store_true", help="leave the largest sizes out")
    parser.add_argument("--write", action="store_true", help="write the results into docs/benchmarks.md")
    options = parser.parse_args()
    python = options.python or penstock_python()
    sizes, flat = (SMALL, FLAT[:-1]) if options.small else ((*SMALL, *LARGE), FLAT)
    load, found = Load(), {}
    load.sample(2.0)
    for size in (*sizes, *flat):
        found |= _measured(python, size)
    said = provenance(load, versions_in(python, LIBRARIES))
    text = f"{said}\n\n{_beside(found, sizes)}\n\n{_flat(found, flat)}"
    return finish("floor", text, _gates(found, sizes, flat), write=options.write)


def _measured(python: Path, size: Size) -> Found:
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    print(f"{size} …", flush=True)
    environ = {**clean_environ(**THREADS), "POLARS_MAX_THREADS": "1"}
    with tempfile.TemporaryDirectory(dir=ENVIRONMENTS) as place:
        folder = Path(place)
        made = [str(python), str(KIT / "hourly_panel.py"), "panel.parquet", str(size.series), str(size.days)]
        measured(made, folder, environ)
        runs: dict[str, list[Told]] = {way: [] for way in WAYS}
        for _ in range(size.repeats):
            for way in WAYS:
                asked = [way, "panel.parquet", str(size.trees), f"{way}.npy"]
                spent = measured([str(python), str(KIT / "floor_work.py"), *asked], folder, environ)
                runs[way].append(json.loads(spent.out))
        apart = [str(python), str(KIT / "floor_work.py"), "apart", *(f"{way}.npy" for way in WAYS)]
        differs = json.loads(measured(apart, folder, environ).out)
    return {(size, way): {**_median(runs[way]), "apart": differs} for way in WAYS}


def _median(runs: Sequence[Told]) -> dict[str, float]:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def _cpu(found: Found, size: Size, way: str) -> float:
    told = found[size, way]
    return float(told["fit_s"] + told["predict_s"])


def _over(found: Found, size: Size) -> tuple[float, float]:
    ours, floor = found[size, "penstock"], found[size, "floor"]
    return _cpu(found, size, "penstock") / _cpu(found, size, "floor"), ours["peak_mb"] / floor["peak_mb"]


def _beside(found: Found, sizes: Sequence[Size]) -> str:
    rows = []
    for size in sizes:
        for way in WAYS:
            told = found[size, way]
            ratios = [f"{ratio:.2f} ×" for ratio in _over(found, size)] if way == "penstock" else ["", ""]
            cells = [number(told[name]) for name in ("fit_s", "predict_s", "wall_s")]
            apart = f"{told['apart']:.2%}" if way == "penstock" else ""
            rows.append([f"{size}: {way}", *cells, f"{told['peak_mb']:,.0f}", *ratios, apart])
    head = ("", "fit CPU s", "predict CPU s", "both wall s", "peak MB", "CPU ÷ floor", "memory ÷ floor")
    return table((*head, "forecasts differ by"), rows)


def _flat(found: Found, flat: Sequence[Size]) -> str:
    rows = [
        (str(size), *(f"{_each_ms(found, size, way):.2f}" for way in WAYS), f"{_over(found, size)[0]:.2f} ×")
        for size in flat
    ]
    return table(("CPU ms a series, fit and predict", *WAYS, "CPU ÷ floor"), rows)


def _each_ms(found: Found, size: Size, way: str) -> float:
    return _cpu(found, size, way) / size.series * 1000


def _gates(found: Found, sizes: Sequence[Size], flat: Sequence[Size]) -> list[Gate]:
    gates = []
    for size in sizes:
        cpu, memory = _over(found, size)
        gates += [
            Gate(name=f"CPU over the floor, {size}", value=cpu, limit=CPU_LIMIT, unit="×"),
            Gate(name=f"peak memory over the floor, {size}", value=memory, limit=MEMORY_LIMIT, unit="×"),
        ]
    grown = _each_ms(found, flat[-1], "penstock") / _each_ms(found, flat[0], "penstock")
    return [
        *gates,
        Gate(
            name=f"CPU a series with {flat[-1].series:,} series over that with {flat[0].series}",
            value=grown,
            limit=FLAT_LIMIT,
            unit="×",
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
