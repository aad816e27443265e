"""A search by Penstock, as JSON; run with Penstock's Python.

python tuning_work.py PANEL TASK

TASK is that of ``tuning_mlforecast.py``. Seconds are of the processor, the making of the folds included.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightgbm  # noqa: F401 - imports are not counted
import optuna  # noqa: F401 - imports are not counted
import polars as pl

from penstock.evaluation.splits import Split
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.targets import Target
from penstock.forecasting.tuning import Search, TuneConfig, tune

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.forecasting.study import Study

ALL_ROWS = 10**9
RACING = 0.25
FEATURES = FeatureConfig(
    lags=tuple(range(1, 73)),
    means=(24, 48, 72),
    deviations=(24, 48, 72),
    calendar=("hour", "weekday"),
    ids=(),
)


def main() -> None:
    """Work and tell."""
    panel = pl.read_parquet(sys.argv[1]).select("series", "time", "y")
    task = json.loads(sys.argv[2])
    started = time.process_time()
    study = searched(panel, task, search_config(task))
    told: dict[str, Any] = {
        "cpu_s": time.process_time() - started,
        "score": study.best_score,
        "params": {name: getattr(study.best, name) for name in (task["grid"] or task["space"])},
        "trials": study.counts.trials,
        "pruned": study.counts.pruned,
    }
    sys.stdout.write(json.dumps(told))


COMMON: dict[str, Any] = {"metric": "mape", "fold_weight": 0.0, "workers": 1}


def search_config(task: Mapping[str, Any]) -> TuneConfig:
    """Return how Penstock searches: a grid on all rows without pruning, or by heats and pruning."""
    if task["grid"]:
        space = {name: {"choices": values} for name, values in task["grid"].items()}
        return TuneConfig(**COMMON, max_rows=ALL_ROWS, method="grid", pruning=False, space=space)
    space = {
        name: {"low": int(low) if whole else low, "high": int(high) if whole else high, "log": True}
        for name, (low, high, whole) in task["space"].items()
    }
    return TuneConfig(**COMMON, trials=task["trials"], racing=RACING, space=space)


def searched(panel: pl.DataFrame, task: Mapping[str, Any], config: TuneConfig) -> Study:
    """Search on the folds that mlforecast cuts."""
    last: datetime = panel["time"].max()  # type: ignore[assignment] # a column of moments
    ends = [
        last - timedelta(hours=task["horizon"] + task["step"] * back)
        for back in reversed(range(task["folds"]))
    ]
    split = Split(
        horizon=task["horizon"],
        frequency="1h",
        first=panel["time"].min(),
        last=last,
        train_end=last,
        final=(last,),
        folds=tuple((end,) for end in ends),
    )
    grid = {"max_bin": 255, "objective": "l2", "reg_lambda": 0.0, "colsample": 1.0, "subsample": 1.0}
    model = ModelConfig(targets=(Target(scale="standardise"),), objective="l2", subsample=1.0, colsample=1.0)
    if task["grid"]:
        model = model.model_copy(update={**grid, "n_estimators": task["fixed"]["n_estimators"]})
    wanted = Search(features=FEATURES, model=model, config=config, seed=1, threads=1)
    with tempfile.TemporaryDirectory() as place:
        return tune(panel, split, wanted, Path(place))


if __name__ == "__main__":
    main()
