"""Forecasts of statsforecast's automatic models for every series of a file; run with the peers' Python.

    python unlike_peers.py KNOWN.csv FORECASTS.csv MODEL [MODEL ...]

Writes ``unique_id``, ``model``, ``step``, ``prediction``, and the seconds of each model as JSON to stdout. A day is
the season of all models, as it is usual for hourly data: a week makes AutoETS stop at once and AutoTheta worse.
"""

from __future__ import annotations

import csv
import json
import sys
import time
import warnings
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

HORIZON, SEASON = 48, 24
WORKERS = 2


def forecast(work: tuple[str, list[float]]) -> list[float]:
    """Return the forecast of one series by one model."""
    from statsforecast import models

    name, values = work
    warnings.simplefilter("ignore")
    model = getattr(models, name)(season_length=SEASON)
    made = model.forecast(y=np.array(values, dtype=np.float64), h=HORIZON)["mean"]
    return [float(value) for value in made]


def main(known: str, out: str, names: list[str]) -> dict[str, float]:
    """Forecast all series by all models; return the seconds of each."""
    series: dict[str, list[float]] = defaultdict(list)
    with Path(known).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            series[row["unique_id"]].append(float(row["y"]))
    seconds = {}
    with (
        Path(out).open("w", encoding="utf-8", newline="") as file,
        ProcessPoolExecutor(WORKERS) as pool,
    ):
        rows = csv.writer(file)
        rows.writerow(("unique_id", "model", "step", "prediction"))
        for name in names:
            started = time.perf_counter()
            made = pool.map(forecast, [(name, values) for values in series.values()], chunksize=4)
            for one, values in zip(series, made, strict=True):
                rows.writerows((one, name, step, value) for step, value in enumerate(values, start=1))
            seconds[name] = time.perf_counter() - started
    return seconds


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], sys.argv[2], sys.argv[3:])))
