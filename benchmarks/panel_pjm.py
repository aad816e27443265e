"""Real load without tuning by hand: five zones of PJM, 24 hours ahead, beside the seasonal naives.

    python benchmarks/panel_pjm.py [--python PYTHON] [--write]

Needs ``pjm_zones_2023.csv.gz`` in the folder that ``PENSTOCK_TEST_DATA`` names (default ``../shared/data`` beside the
repository). Fails when the mean ratio over the zones is above 0.68.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.kit.environments import ENVIRONMENTS, penstock_python
from benchmarks.kit.machine import Load, absolute, clean_environ, provenance, versions_in
from benchmarks.kit.measure import Spent, measured
from benchmarks.kit.real_data import real_data
from benchmarks.kit.results import Gate, finish, number, table

FILE = "pjm_zones_2023.csv.gz"
RATIO_LIMIT = 0.68
SETTINGS = (
    *("target=y", "time=ds", "series=unique_id", "horizon=24"),
    *("split.origins=30", "split.every=72"),
)
MODEL = "model"
RATIO = "mae_over_naive"
ZONES = Path(__file__).resolve().parent / "kit" / "zones.py"
LIBRARIES = ("penstock", "polars", "lightgbm", "mlforecast", "optuna")

Errors = dict[str, dict[str, float]]


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", type=absolute, help="an interpreter with Penstock")
    parser.add_argument("--write", action="store_true", help="write the results into docs/benchmarks.md")
    options = parser.parse_args()
    if (folder := real_data((FILE,))) is None:
        return 0
    python = options.python or penstock_python()
    load = Load()
    load.sample(2.0)
    spent, errors = _run(python, folder / FILE)
    said = provenance(load, versions_in(python, LIBRARIES))
    result = json.loads(spent.out)
    ratio = float(result["metrics"][MODEL][RATIO])
    text = "\n\n".join((said, _rungs(result), _zones(errors), _facts(result, spent)))
    gate = Gate(name="mean over zones of MAE over the better naive's", value=ratio, limit=RATIO_LIMIT)
    return finish("panel", text, [gate], write=options.write)


def _run(python: Path, data: Path) -> tuple[Spent, Errors]:
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    print("penstock run panel …", flush=True)
    command = [str(python), "-m", "penstock", "run", "panel", f"data={data}", *SETTINGS, "--json", "--quiet"]
    environ = clean_environ()
    with tempfile.TemporaryDirectory(dir=ENVIRONMENTS) as place:
        spent = measured(command, Path(place), environ, watch_memory=True)
        asked = [str(python), str(ZONES), json.loads(spent.out)["run_id"]]
        told = measured(asked, Path(place), environ)
    return spent, json.loads(told.out)


def _rungs(result: Mapping[str, Any]) -> str:
    metrics = result["metrics"]
    rungs = sorted(metrics, key=lambda rung: metrics[rung]["mae"])
    rows = [
        (rung, number(metrics[rung]["mae"]), number(metrics[rung].get("mape", float("nan"))))
        for rung in rungs
    ]
    return table(("rung", "MAE", "MAPE"), rows)


def _zones(errors: Errors) -> str:
    naives = [name for name in errors if name.startswith("seasonal_naive")]
    rows = []
    for zone, error in errors[MODEL].items():
        of_naives = [errors[name][zone] for name in naives]
        rows.append((zone, number(error), *(number(of) for of in of_naives), f"{error / min(of_naives):.3f}"))
    return table(("zone", MODEL, *naives, "ratio"), rows)


def _facts(result: Mapping[str, Any], spent: Spent) -> str:
    model = result["model"]
    return (
        f"Mean absolute errors by zone in MW. Registered as {model['name']}@v{model['version']}. The run took "
        f"{number(spent.wall_s)} s ({number(spent.cpu_s)} CPU s) and {spent.peak_mb:,.0f} MB."
    )


if __name__ == "__main__":
    sys.exit(main())
