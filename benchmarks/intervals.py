"""What 90 % intervals hold over 250 origins, and their score beside plain conformal intervals.

    python benchmarks/intervals.py [--python PYTHON] [--write]

Needs ``pjm_zones_2023.csv.gz`` and ``victoria_demand.csv.gz`` in the folder that ``PENSTOCK_TEST_DATA`` names (default
``../shared/data`` beside the repository). Fails where less than 88 % or more than 92 % are held on either set, or
where the interval score is above that of plain conformal intervals. The simulator stands beside them without a gate.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.kit.environments import ENVIRONMENTS, penstock_python
from benchmarks.kit.machine import THREADS, Load, absolute, clean_environ, provenance, versions_in
from benchmarks.kit.measure import Spent, measured
from benchmarks.kit.real_data import real_data
from benchmarks.kit.results import Gate, finish, number, table

FILES = ("pjm_zones_2023.csv.gz", "victoria_demand.csv.gz")
WORK = Path(__file__).resolve().parent / "kit" / "interval_work.py"
LIBRARIES = ("penstock", "polars", "lightgbm")
LEAST, MOST = 0.88, 0.92
GATED = {"pjm": "PJM", "victoria": "Victoria"}
KINDS = {
    "ours": "following the errors",
    "still": "as calibrated once",
    "plain": "plain conformal",
    "rolling": "plain, last 28 windows",
}

Told = dict[str, Any]


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", type=absolute, help="an interpreter with Penstock")
    parser.add_argument("--write", action="store_true", help="write the results into docs/benchmarks.md")
    options = parser.parse_args()
    if (folder := real_data(FILES)) is None:
        return 0
    python = options.python or penstock_python()
    load = Load()
    load.sample(2.0)
    spent = _run(python, folder)
    cases: list[Told] = json.loads(spent.out)
    said = provenance(load, versions_in(python, LIBRARIES))
    facts = f"Held, and the mean interval score in the unit of the data. {number(spent.cpu_s)} CPU s in all."
    return finish("intervals", "\n\n".join((said, _table(cases), facts)), _gates(cases), write=options.write)


def _run(python: Path, folder: Path) -> Spent:
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    print("intervals over many origins …", flush=True)
    with tempfile.TemporaryDirectory(dir=ENVIRONMENTS) as place:
        return measured([str(python), str(WORK), str(folder)], Path(place), clean_environ(**THREADS))


def _table(cases: Sequence[Told]) -> str:
    rows = [
        (
            case["case"],
            str(case["origins"]),
            *(f"{100 * case['coverage'][kind]:.1f} % / {number(case['score'][kind])}" for kind in KINDS),
            f"{case['score']['ours'] / case['score']['plain']:.3f}",
        )
        for case in cases
    ]
    return table(("", "origins", *KINDS.values(), "score ÷ plain"), rows)


def _gates(cases: Sequence[Told]) -> list[Gate]:
    gates = []
    for data, name in GATED.items():
        held = [case["coverage"]["ours"] for case in cases if case["data"] == data]
        ratios = [case["score"]["ours"] / case["score"]["plain"] for case in cases if case["data"] == data]
        gates += [
            Gate(name=f"{name}: held by 90 % intervals, least", value=min(held), limit=LEAST, at_least=True),
            Gate(name=f"{name}: held by 90 % intervals, most", value=max(held), limit=MOST),
            Gate(name=f"{name}: interval score over plain conformal's", value=max(ratios), limit=1.0),
        ]
    return gates


if __name__ == "__main__":
    sys.exit(main())
