"""Half-hourly demand of Victoria, 48 steps ahead, with the temperature known ahead.

    python benchmarks/victoria.py [--python PYTHON] [--write]

Needs ``victoria_demand.csv.gz`` in the folder that ``PENSTOCK_TEST_DATA`` names (default ``../shared/data`` beside the
repository). Fails when the MAPE over 40 origins, one every 3 days at the end, is above 2.5 %. For comparison the same is
run without covariates.
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

FILE = "victoria_demand.csv.gz"
MAPE_LIMIT = 2.5
COVARIATES = "known=[Temperature,Holiday]"
SETTINGS = (
    *("target=Demand", "time=Time", "horizon=48", "unit=MW"),
    *("split.origins=40", "split.every=144"),
    *("features.time_zone=Australia/Melbourne", "features.holidays=AU-VIC"),
    *(
        "features.lags=[48..52,96,144,192,240,288,335..337,384,672]",
        "features.means=[]",
        "features.deviations=[]",
    ),
    *("model.targets=auto/lag48+auto/lag336+auto", "model.objective=l2", "model.n_estimators=400"),
    *("model.learning_rate=0.06", "model.num_leaves=63", "search=false"),
)
MODEL = "model"
LIBRARIES = ("penstock", "polars", "lightgbm", "mlforecast")


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
    spent, result = _run(python, folder / FILE, [COVARIATES])
    _, blind = _run(python, folder / FILE, ["ladder=[seasonal_naive_short]", "intervals.levels=[]"])
    said = provenance(load, versions_in(python, LIBRARIES))
    text = "\n\n".join((said, _rungs(result, blind), _facts(result, spent)))
    gate = Gate(
        name="MAPE, temperature known ahead", value=_percent(result, MODEL), limit=MAPE_LIMIT, unit="%"
    )
    return finish("victoria", text, [gate], write=options.write)


def _run(python: Path, data: Path, more: list[str]) -> tuple[Spent, Mapping[str, Any]]:
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    print(f"penstock run panel … {' '.join(more)}", flush=True)
    command = [
        str(python),
        "-m",
        "penstock",
        "run",
        "panel",
        f"data={data}",
        *SETTINGS,
        *more,
        "--json",
        "--quiet",
    ]
    with tempfile.TemporaryDirectory(dir=ENVIRONMENTS) as place:
        spent = measured(command, Path(place), clean_environ(), watch_memory=True)
    return spent, json.loads(spent.out)


def _percent(result: Mapping[str, Any], rung: str) -> float:
    return 100 * float(result["metrics"][rung]["mape"])


def _rungs(result: Mapping[str, Any], blind: Mapping[str, Any]) -> str:
    found = {rung: result["metrics"][rung] for rung in result["metrics"]}
    found["the same model without covariates"] = blind["metrics"][MODEL]
    rows = [
        (rung, number(scores["mae"]), f"{100 * scores['mape']:.2f} %")
        for rung, scores in sorted(found.items(), key=lambda item: item[1]["mae"])
    ]
    return table(("rung", "MAE", "MAPE"), rows)


def _facts(result: Mapping[str, Any], spent: Spent) -> str:
    model = result["model"]
    return (
        f"Mean absolute errors in MW. Registered as {model['name']}@v{model['version']}. The run with covariates took "
        f"{number(spent.wall_s)} s ({number(spent.cpu_s)} CPU s) and {spent.peak_mb:,.0f} MB."
    )


if __name__ == "__main__":
    sys.exit(main())
