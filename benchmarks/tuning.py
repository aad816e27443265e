"""Searches: Optuna over mlforecast's cross-validation, the course's sweep in sktime, and Penstock's.

    python benchmarks/tuning.py [--series 100] [--trials 24] [--steps 6] [--python PYTHON] [--write]

Thirty days of simulated hourly series, three expanding folds, the same columns, one thread. All search the same space
with the same number of trials; a small grid is searched by both from end to end. One fold of sktime is timed, its
forecast of ``--steps`` hours scaled to 24, and counted for three folds and all trials. Gates: the best error within 1 %
of the other's or better, with 3 times less CPU than Optuna over mlforecast and 100 times less than the sweep; the same
best point and score of the grid. Processor seconds of one thread, so a loaded machine may measure too.
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

from benchmarks.crossval import DAYS, ENVIRON, FOLDS, HORIZON, KIT, cutoffs, sktime_seconds
from benchmarks.kit.environments import ENVIRONMENTS, peer_python, penstock_python
from benchmarks.kit.machine import Load, absolute, clean_environ, provenance, versions_in
from benchmarks.kit.measure import measured
from benchmarks.kit.results import Gate, finish, number, table

PEER_LIMIT, SWEEP_LIMIT, ERROR_LIMIT, GRID_LIMIT = 3.0, 100.0, 1.01, 1e-4
LIGHTGBM = {
    "objective": "l2",
    "num_threads": 1,
    "verbosity": -1,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
}
SPACE = {
    "n_estimators": (60, 250, True),
    "learning_rate": (0.03, 0.2, False),
    "num_leaves": (15, 63, True),
    "min_child_samples": (10, 100, True),
    "reg_lambda": (0.1, 30.0, False),
}
GRID = {"num_leaves": (15, 31), "learning_rate": (0.05, 0.1)}
GRID_TREES = 40

Told = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What every search told: on the space, on the grid, and one fold of sktime."""

    ours: Told
    theirs: Told
    our_grid: Told
    their_grid: Told
    fold_s: float

    def sweep_s(self, trials: int) -> float:
        """Return the processor seconds of the course's sweep."""
        return self.fold_s * FOLDS * trials


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", type=absolute, help="an interpreter with Penstock")
    parser.add_argument("--series", type=int, default=100)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--steps", type=int, default=6, help="hours that sktime forecasts; fewer are scaled")
    parser.add_argument("--write", action="store_true", help="write the results into docs/benchmarks.md")
    options = parser.parse_args()
    python = options.python or penstock_python()
    peers = {name: peer_python(name, KIT / f"requirements-{name}.txt") for name in ("mlforecast", "sktime")}
    load = Load()
    load.sample(2.0)
    found = _measured({"penstock": python, **peers}, options)
    versions = {
        **versions_in(python, ["penstock"]),
        **versions_in(peers["mlforecast"], ["mlforecast", "optuna", "lightgbm"]),
        **versions_in(peers["sktime"], ["sktime"]),
    }
    text = f"{provenance(load, versions)}\n\n{_table(found, options)}\n\n{_said(found, options)}"
    return finish("tuning", text, _gates(found, options.trials), write=options.write)


def _measured(pythons: Mapping[str, Path], options: argparse.Namespace) -> Found:
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ENVIRONMENTS) as place:

        def told(name: str, script: str, *arguments: str) -> str:
            print(f"{name}: {script} …", flush=True)
            command = [str(pythons[name]), str(KIT / script), *arguments]
            return measured(command, Path(place), clean_environ(**ENVIRON)).out

        told("penstock", "hourly_panel.py", "panel.parquet", str(options.series), str(DAYS))
        wide, narrow = (json.dumps(_task(options.trials, grid=grid)) for grid in (False, True))
        middle = cutoffs()[1].isoformat()
        one = told("sktime", "crossval_sktime.py", "panel.parquet", str(HORIZON), str(options.steps), middle)
        return Found(
            ours=json.loads(told("penstock", "tuning_work.py", "panel.parquet", wide)),
            theirs=json.loads(told("mlforecast", "tuning_mlforecast.py", "panel.parquet", wide)),
            our_grid=json.loads(told("penstock", "tuning_work.py", "panel.parquet", narrow)),
            their_grid=json.loads(told("mlforecast", "tuning_mlforecast.py", "panel.parquet", narrow)),
            fold_s=sktime_seconds(json.loads(one)),
        )


def _task(trials: int, *, grid: bool) -> dict[str, Any]:
    fixed = {**LIGHTGBM, "n_estimators": GRID_TREES} if grid else LIGHTGBM
    return {
        "space": SPACE,
        "fixed": fixed,
        "trials": trials,
        "grid": GRID if grid else None,
        "horizon": HORIZON,
        "folds": FOLDS,
        "step": DAYS // FOLDS * 24,
    }


def _table(found: Found, options: argparse.Namespace) -> str:
    ours = found.ours["cpu_s"]
    sweep_s = found.sweep_s(options.trials)
    grid = found.our_grid["cpu_s"], found.their_grid["cpu_s"]
    rows = [
        ("the course's sweep in sktime, scaled", number(sweep_s), "–", f"{sweep_s / ours:.0f} ×"),
        _row("Optuna over mlforecast's cross-validation", found.theirs, ours),
        (f"Penstock, {found.ours['pruned']} pruned", number(ours), f"{found.ours['score']:.5f}", ""),
        _row("a grid of 4 by mlforecast", found.their_grid, grid[0]),
        ("the same grid by Penstock", number(grid[0]), f"{found.our_grid['score']:.5f}", ""),
    ]
    return table((f"{options.trials} trials", "CPU s", "best MAPE", "÷ Penstock"), rows)


def _row(name: str, told: Told, ours: float) -> tuple[str, str, str, str]:
    return name, number(told["cpu_s"]), f"{told['score']:.5f}", f"{told['cpu_s'] / ours:.2f} ×"


def _said(found: Found, options: argparse.Namespace) -> str:
    return (
        f"{options.series} series × {DAYS} days, mean MAPE of {FOLDS} folds. One fold of sktime, the middle one, was "
        f"timed: {number(found.fold_s)} CPU s, its forecast of {options.steps} hours scaled to {HORIZON}; the sweep is "
        f"{FOLDS} such folds for each of {options.trials} trials. Best points: mlforecast {_point(found.theirs)}; "
        f"Penstock {_point(found.ours)}."
    )


def _point(told: Told) -> str:
    return ", ".join(f"{name} {number(value)}" for name, value in sorted(told["params"].items()))


def _gates(found: Found, trials: int) -> list[Gate]:
    ours, grid, theirs = found.ours["cpu_s"], found.our_grid, found.their_grid
    return [
        Gate(
            name="best error over that of Optuna over mlforecast",
            value=found.ours["score"] / found.theirs["score"],
            limit=ERROR_LIMIT,
            unit="×",
        ),
        Gate(
            name="CPU of Optuna over mlforecast over Penstock's",
            value=found.theirs["cpu_s"] / ours,
            limit=PEER_LIMIT,
            unit="×",
            at_least=True,
        ),
        Gate(
            name="CPU of the course's sweep over Penstock's",
            value=found.sweep_s(trials) / ours,
            limit=SWEEP_LIMIT,
            unit="×",
            at_least=True,
        ),
        Gate(
            name="best points of the grid that differ",
            value=float(grid["params"] != theirs["params"]),
            limit=0,
        ),
        Gate(
            name="relative difference of the grid's best scores",
            value=abs(grid["score"] - theirs["score"]) / theirs["score"],
            limit=GRID_LIMIT,
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
