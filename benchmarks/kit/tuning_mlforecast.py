"""A search by Optuna over mlforecast's cross-validation, as JSON; run with the Python that holds both.

python tuning_mlforecast.py PANEL TASK

TASK is JSON: ``space`` (name to low, high and whether whole), ``fixed`` parameters of LightGBM, ``trials``, ``grid``
(name to choices; in place of the space), ``horizon``, ``folds`` and ``step``, the hours between the ends of two folds.
Seconds are of the processor.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
import warnings
from collections.abc import Mapping
from typing import Any

import lightgbm as lgb
import numpy as np
import optuna
import polars as pl
from mlforecast import MLForecast
from mlforecast.lag_transforms import RollingMean, RollingStd
from mlforecast.target_transforms import LocalStandardScaler

WINDOWS = (24, 48, 72)
LAGS = 72


def main() -> None:
    """Work and tell."""
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    panel = pl.read_parquet(sys.argv[1]).select(
        pl.col("series").alias("unique_id"), pl.col("time").dt.replace_time_zone(None).alias("ds"), "y"
    )
    task = json.loads(sys.argv[2])
    started = time.process_time()
    tried = by_grid(panel, task) if task["grid"] else by_optuna(panel, task)
    score, params = min(tried, key=lambda each: each[0])
    told = {"cpu_s": time.process_time() - started, "score": score, "params": params, "trials": len(tried)}
    sys.stdout.write(json.dumps(told))


Tried = list[tuple[float, dict[str, Any]]]


def by_grid(panel: pl.DataFrame, task: Mapping[str, Any]) -> Tried:
    """Try every point."""
    names = sorted(task["grid"])
    points = [
        dict(zip(names, point, strict=True))
        for point in itertools.product(*(task["grid"][name] for name in names))
    ]
    return [(score(panel, task, params), params) for params in points]


def by_optuna(panel: pl.DataFrame, task: Mapping[str, Any]) -> Tried:
    """Let TPE draw."""
    tried: Tried = []

    def objective(trial: optuna.Trial) -> float:
        params = {
            name: trial.suggest_int(name, int(low), int(high), log=True)
            if whole
            else trial.suggest_float(name, low, high, log=True)
            for name, (low, high, whole) in task["space"].items()
        }
        tried.append((score(panel, task, params), params))
        return tried[-1][0]

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(objective, n_trials=task["trials"])
    return tried


def score(panel: pl.DataFrame, task: Mapping[str, Any], params: Mapping[str, Any]) -> float:
    """Return the mean MAPE of the folds."""
    known: dict[str, Any] = {**task["fixed"], **params}
    forecast = MLForecast(
        models=[lgb.LGBMRegressor(**known)],
        freq="1h",
        lags=list(range(1, LAGS + 1)),
        lag_transforms={1: [each(size) for each in (RollingMean, RollingStd) for size in WINDOWS]},
        date_features=["hour", "weekday"],
        target_transforms=[LocalStandardScaler()],
    )
    result: Any = forecast.cross_validation(
        panel, n_windows=task["folds"], h=task["horizon"], step_size=task["step"], static_features=[]
    )
    error = (pl.col("LGBMRegressor") - pl.col("y")).abs() / pl.col("y").abs()
    return float(np.mean(result.group_by("cutoff").agg(mape=error.mean())["mape"].to_numpy()))


if __name__ == "__main__":
    main()
