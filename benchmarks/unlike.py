"""Hundreds of hourly series that have little in common, forecast two days ahead without any setting.

    python benchmarks/unlike.py [--panel final|development] [--python PYTHON] [--write]

``penstock run panel`` beside AutoTheta and AutoETS of statsforecast, which run in an environment of their own, and the
seasonal naives. The panel is made by ``kit/unlike_panel.py`` from the folder that ``PENSTOCK_TEST_DATA`` names (default
``../shared/data`` beside the repository); its last 48 hours are never given to a forecaster. Fails when Penstock is
not better than each by a fifth in sMAPE and MASE, or takes longer than five minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.kit.environments import ENVIRONMENTS, peer_python, penstock_python
from benchmarks.kit.machine import Load, absolute, clean_environ, provenance, versions_in
from benchmarks.kit.measure import Spent, measured
from benchmarks.kit.real_data import real_data
from benchmarks.kit.results import Gate, finish, number, table

KIT = Path(__file__).resolve().parent / "kit"
NEEDED = ("pjm_zones_2023.csv.gz", "victoria_demand.csv.gz", "m5_small.csv.gz")
SETTINGS = ("target=y", "time=ds", "series=unique_id", "horizon=48")
PEERS = ("AutoTheta", "AutoETS")
NAIVES = ("seasonal naive 24", "seasonal naive 168")
OURS = "Penstock"
RATIO_LIMIT, SECONDS_LIMIT = 0.8, 300.0
NAMES = {"smape": "sMAPE", "mase": "MASE"}
LIBRARIES = ("penstock", "polars", "lightgbm")

Scores = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What Penstock and the peers took, what the peers said, and how all were scored."""

    ours: Spent
    peers: Spent
    result: Mapping[str, Any]
    found: Mapping[str, Any]


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--panel", choices=("final", "development"), default="final")
    parser.add_argument("--python", type=absolute, help="an interpreter with Penstock")
    parser.add_argument("--write", action="store_true", help="write the results into docs/benchmarks.md")
    options = parser.parse_args()
    if (data := real_data(NEEDED)) is None:
        return 0
    python = options.python or penstock_python()
    peers = peer_python("statsforecast", KIT / "requirements-statsforecast.txt")
    load = Load()
    load.sample(2.0)
    done = _run(python, peers, data, options.panel)
    versions = {**versions_in(python, LIBRARIES), **versions_in(peers, ["statsforecast"])}
    text = "\n\n".join((provenance(load, versions), _scores(done.found["scores"]), _facts(done)))
    return finish("unlike", text, _gates(done, load), write=options.write)


def _run(python: Path, peers: Path, data: Path, panel: str) -> Measured:
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    environ = clean_environ()
    with tempfile.TemporaryDirectory(dir=ENVIRONMENTS) as place:
        folder = Path(place)
        known, hidden, ours, theirs = (str(folder / f"{name}.csv") for name in ("known", "hidden", "a", "b"))
        measured(
            [str(python), str(KIT / "unlike_panel.py"), panel, str(data), known, hidden], folder, environ
        )
        print("penstock run panel …", flush=True)
        run = [str(python), "-m", "penstock", "run", "panel", f"data={known}", *SETTINGS]
        spent = measured(
            [*run, "--forecast-to", ours, "--json", "--quiet"], folder, environ, watch_memory=True
        )
        print(f"{', '.join(PEERS)} …", flush=True)
        one_thread = clean_environ(OMP_NUM_THREADS="1")
        command = [str(peers), str(KIT / "unlike_peers.py"), known, theirs, *PEERS]
        peers_spent = measured(command, folder, one_thread)
        score = [str(python), str(KIT / "unlike_scores.py"), known, hidden, ours, theirs]
        found = json.loads(measured(score, folder, environ).out)
    return Measured(ours=spent, peers=peers_spent, result=json.loads(spent.out), found=found)


def _scores(scores: Scores) -> str:
    kinds = sorted(name for name in scores[OURS] if name.startswith("mase_"))
    head = ("", "sMAPE, %", "MASE", *(f"{name.removeprefix('mase_')}" for name in kinds))
    rows = [
        (name, number(one["smape"]), f"{one['mase']:.3f}", *(f"{one[kind]:.3f}" for kind in kinds))
        for name, one in sorted(scores.items(), key=lambda each: each[1]["mase"])
    ]
    return table(head, rows)


def _facts(done: Measured) -> str:
    seconds = json.loads(done.peers.out)
    replaced = {name: count for name, count in done.found["replaced"].items() if count}
    told = ", ".join(f"{name} {number(took)} s" for name, took in seconds.items())
    lost = f" In place of missing forecasts the daily naive: {replaced}." if replaced else ""
    return (
        f"Means over {done.found['series']} series, MASE without {done.found['without_scale']} whose daily naive never errs; "
        f"the columns on the right are the MASE of each kind. Penstock took {number(done.ours.wall_s)} s "
        f"({number(done.ours.cpu_s)} CPU s, {done.ours.peak_mb:,.0f} MB), the peers on two processes {told} "
        f"({number(done.peers.cpu_s)} CPU s together).{lost} Penstock said of its run: {done.result['headline']}."
    )


def _gates(done: Measured, load: Load) -> list[Gate]:
    scores: Scores = done.found["scores"]
    gates = []
    for metric, shown in NAMES.items():
        naive = min(scores[name][metric] for name in NAIVES)
        rivals = {**{name: scores[name][metric] for name in PEERS}, "the better seasonal naive": naive}
        for name, value in rivals.items():
            ratio = scores[OURS][metric] / value
            gates.append(Gate(name=f"{shown} over that of {name}", value=ratio, limit=RATIO_LIMIT))
    lost = scores[OURS]["lost"]
    gates.append(Gate(name="hidden hours without a forecast", value=lost, limit=0))
    took = done.ours.wall_s if load.seconds == "wall" else done.ours.cpu_s / 2
    name = "the whole run on two cores" + ("" if load.seconds == "wall" else " (half its CPU seconds)")
    gates.append(Gate(name=name, value=took, limit=SECONDS_LIMIT, unit="s"))
    return gates


if __name__ == "__main__":
    sys.exit(main())
