"""Cross-validation of the course's model: its pipeline in current sktime against Penstock's folds.

    python benchmarks/crossval.py [--series 100] [--steps 24] [--all-folds] [--python PYTHON] [--write]

Thirty days of simulated hourly series, three expanding folds that each end in a day to forecast; the same columns, trees
and LightGBM, on one thread. sktime takes minutes for a fold, so its middle one is timed and counted three times, unless
``--all-folds`` asks for every one; with ``--steps`` below 24 its forecast is cut short and scaled up as well. Gate: at
least 55 times less CPU. Processor seconds of one thread, so a loaded machine may measure too.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.kit.environments import ENVIRONMENTS, peer_python, penstock_python
from benchmarks.kit.machine import THREADS, Load, absolute, clean_environ, provenance, versions_in
from benchmarks.kit.measure import measured
from benchmarks.kit.results import Gate, finish, number, table

HERE = Path(__file__).resolve().parent
KIT = HERE / "kit"
DAYS, HORIZON, FOLDS = 30, 24, 3
REPEATS = 3
RATIO_LIMIT = 55.0
START = datetime(2021, 1, 1)  # noqa: DTZ001 - the simulated panel's first hour, in UTC
ENVIRON = {**THREADS, "POLARS_MAX_THREADS": "1"}

Told = Mapping[str, Any]


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--python", type=absolute, help="an interpreter with Penstock")
    parser.add_argument("--series", type=int, default=100)
    parser.add_argument(
        "--steps", type=int, default=HORIZON, help="hours that sktime forecasts; fewer are scaled"
    )
    parser.add_argument("--all-folds", action="store_true", help="time all three folds of sktime")
    parser.add_argument("--write", action="store_true", help="write the results into docs/benchmarks.md")
    options = parser.parse_args()
    python = options.python or penstock_python()
    peer = peer_python("sktime", KIT / "requirements-sktime.txt")
    load = Load()
    load.sample(2.0)
    ends = cutoffs()
    timed = ends if options.all_folds else ends[1:2]
    ours, theirs = _measured((python, peer), options, ends, timed)
    versions = {**versions_in(python, ["penstock"]), **versions_in(peer, ["sktime", "lightgbm", "pandas"])}
    peer_s = sktime_seconds(theirs) * len(ends) / len(timed)
    ratio = peer_s / ours["cpu_s"]
    text = f"{provenance(load, versions)}\n\n{_table(ours, theirs, peer_s, ends.index(timed[0]))}\n\n"
    text += _said(options, len(timed), theirs)
    gate = Gate(
        name="CPU of sktime over Penstock's, 3 folds", value=ratio, limit=RATIO_LIMIT, unit="×", at_least=True
    )
    return finish("crossval", text, [gate], write=options.write)


def cutoffs() -> list[datetime]:
    """Return the last hour that each fold learns from: a day before a third, two thirds and all of the panel end."""
    return [
        START + timedelta(days=DAYS * fold // FOLDS) - timedelta(hours=HORIZON + 1)
        for fold in range(1, FOLDS + 1)
    ]


def sktime_seconds(folds: Sequence[Told]) -> float:
    """Return the processor seconds of the folds that were timed, with the whole horizon."""
    return sum(fold["fit_s"] + fold["predict_s"] * fold["scale"] for fold in folds)


def _measured(
    pythons: tuple[Path, Path],
    options: argparse.Namespace,
    ends: Sequence[datetime],
    timed: Sequence[datetime],
) -> tuple[Told, list[Told]]:
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    ours, peer = (str(python) for python in pythons)
    environ = clean_environ(**ENVIRON)
    with tempfile.TemporaryDirectory(dir=ENVIRONMENTS) as place:
        folder = Path(place)
        made = [ours, str(KIT / "hourly_panel.py"), "panel.parquet", str(options.series), str(DAYS)]
        measured(made, folder, environ)
        print("Penstock …", flush=True)
        asked = [ours, str(KIT / "crossval_work.py"), "panel.parquet", str(HORIZON), *_texts(ends)]
        runs = [json.loads(measured(asked, folder, environ).out) for _ in range(REPEATS)]
        print(f"sktime, {len(timed)} of {len(ends)} folds …", flush=True)
        asked = [peer, str(KIT / "crossval_sktime.py"), "panel.parquet", str(HORIZON), str(options.steps)]
        theirs = json.loads(measured([*asked, *_texts(timed)], folder, environ).out)
    return sorted(runs, key=lambda run: float(run["cpu_s"]))[REPEATS // 2], theirs


def _texts(stamps: Sequence[datetime]) -> list[str]:
    return [stamp.isoformat() for stamp in stamps]


def _table(ours: Told, theirs: Sequence[Told], peer_s: float, first: int) -> str:
    shown = [
        f"{theirs[fold - first]['mape']:.4f}" if 0 <= fold - first < len(theirs) else "–"
        for fold in range(FOLDS)
    ]
    whole = all(fold["scale"] == 1 for fold in theirs)
    rows = [
        ("sktime, the course's pipeline", number(peer_s), *(shown if whole else ["–"] * FOLDS)),
        ("Penstock", number(ours["cpu_s"]), *(f"{mape:.4f}" for mape in ours["mape"])),
        ("sktime ÷ Penstock", f"{peer_s / ours['cpu_s']:.0f} ×", *[""] * FOLDS),
    ]
    return table(("", "CPU s, 3 folds", *(f"MAPE of fold {fold + 1}" for fold in range(FOLDS))), rows)


def _said(options: argparse.Namespace, timed: int, theirs: Sequence[Told]) -> str:
    fit, predict = theirs[0]["fit_s"], theirs[0]["predict_s"]
    scaled = (
        ""
        if timed == FOLDS
        else f" Only {timed} of {FOLDS} folds, the middle one, was timed and counted three times."
    )
    cut = (
        "" if options.steps == HORIZON else f" Its forecast of {options.steps} hours was scaled to {HORIZON}."
    )
    return (
        f"{options.series} series × {DAYS} days. The first timed fold of sktime took {number(fit)} CPU s to fit and "
        f"{number(predict)} to predict.{scaled}{cut}"
    )


if __name__ == "__main__":
    sys.exit(main())
