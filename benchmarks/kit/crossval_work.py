"""Folds of the course's model by Penstock, as JSON; run with Penstock's Python.

python crossval_work.py PANEL HORIZON CUTOFF …

The folds are made and scored as in a search: columns and bins once for each fold, forecasts on arrays. Seconds are of
the processor, the making of the folds included.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime

import lightgbm  # noqa: F401 - imports are not counted
import polars as pl

from penstock.forecasting.folds import FoldPlan, make_folds
from penstock.forecasting.training import resolve
from penstock.systems.shared.ladders import COURSE_FEATURES, COURSE_MODEL

ALL_ROWS = 10**9
SEASON = 24


def main() -> None:
    """Work and tell."""
    file, horizon, *texts = sys.argv[1:]
    panel = pl.read_parquet(file)
    cutoffs = [datetime.fromisoformat(f"{text}+00:00") for text in texts]
    started = time.process_time()
    features, model = resolve(panel, COURSE_FEATURES, COURSE_MODEL)
    plan = FoldPlan(
        features=features,
        models=(model,),
        horizon=int(horizon),
        season=SEASON,
        max_rows=ALL_ROWS,
        seed=1,
        threads=1,
    )
    scores = [
        fold.score(model, int(horizon), ["mape"])
        for fold in make_folds(panel, [[cutoff] for cutoff in cutoffs], plan)
    ]
    told = {"cpu_s": time.process_time() - started, "mape": [score.metrics["mape"] for score in scores]}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
