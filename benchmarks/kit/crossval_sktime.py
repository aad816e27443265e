"""Folds of the course's pipeline in sktime, as JSON; run with the Python that holds sktime.

python crossval_sktime.py PANEL HORIZON STEPS CUTOFF …

The pipeline is that of the course: 72 lags, means and deviations of 24, 48 and 72 hours, hour, weekday, area and consumer
type, LightGBM with 100 trees, recursive, one model of all series. Each fold trains up to its cutoff and forecasts STEPS
of the HORIZON hours after it. Seconds are of the processor.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from datetime import datetime
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from sktime.forecasting.compose import ForecastingPipeline, make_reduction
from sktime.transformations.base import BaseTransformer
from sktime.transformations.series.date import DateTimeFeatures
from sktime.transformations.series.summarize import WindowSummarizer

LEVELS = ["area", "consumer_type"]


class AttachIds(BaseTransformer):
    """Give the model the levels of the index as columns, as the course does."""

    _tags = {  # noqa: RUF012 - sktime's way
        "capability:inverse_transform": False,
        "scitype:transform-input": "Series",
        "scitype:transform-output": "Series",
        "scitype:instancewise": False,
        "univariate-only": False,
        "requires_X": False,
        "requires_y": False,
        "X_inner_mtype": ["pd_multiindex_hier", "pd-multiindex"],
        "y_inner_mtype": "None",
        "fit_is_empty": True,
    }

    def _transform(self, X: pd.DataFrame, y: Any = None) -> pd.DataFrame:  # noqa: ARG002, N803 - sktime's names
        out = X.copy()
        for level in LEVELS:
            out[f"{level}_exog"] = X.index.get_level_values(level).to_numpy()
        return out


def pipeline() -> Any:
    """Return the course's pipeline."""
    windows = [[1, 24], [1, 48], [1, 72]]
    summaries = {"lag_feature": {"lag": list(range(1, 73)), "mean": windows, "std": windows}}
    regressor = lgb.LGBMRegressor(n_estimators=100, num_threads=1, verbosity=-1, random_state=1)
    forecaster = make_reduction(
        regressor,
        transformers=[WindowSummarizer(**summaries, n_jobs=1)],
        strategy="recursive",
        pooling="global",
        window_length=None,
    )
    calendar = DateTimeFeatures(manual_selection=["day_of_week", "hour_of_day"], keep_original_columns=True)
    return ForecastingPipeline([("ids", AttachIds()), ("calendar", calendar), ("forecaster", forecaster)])


def main() -> None:
    """Work and tell."""
    warnings.simplefilter("ignore")
    file, horizon, steps, *cutoffs = sys.argv[1:]
    frame = pd.read_parquet(file)
    for level in LEVELS:
        frame[level] = frame["series"].str[:3] + frame[level].astype(str)  # the same codes in every world
        frame[level] = pd.Categorical(frame[level]).codes
    frame["time"] = frame["time"].dt.tz_localize(None).astype("datetime64[ns]")
    frame = frame.set_index([*LEVELS, "time"]).sort_index()[["y"]]
    told = [fold(frame, datetime.fromisoformat(each), int(horizon), int(steps)) for each in cutoffs]
    sys.stdout.write(json.dumps(told))


def fold(frame: pd.DataFrame, cutoff: datetime, horizon: int, steps: int) -> dict[str, float]:
    """Fit, predict and score one fold."""
    times = frame.index.get_level_values("time")
    until = pd.Timestamp(cutoff)
    y = frame[times <= until]
    ahead = frame[(times > until) & (times <= until + pd.Timedelta(hours=steps))]
    model = pipeline()
    started = time.process_time()
    # X needs a column before the first transformer; a constant one changes no tree.
    model.fit(y=y, X=y[[]].assign(zero=0.0), fh=np.arange(1, steps + 1))
    fitted = time.process_time()
    predicted = model.predict(X=ahead[[]].assign(zero=0.0))
    done = time.process_time()
    truth = ahead["y"].to_numpy()
    return {
        "fit_s": fitted - started,
        "predict_s": done - fitted,
        "scale": horizon / steps,
        "mape": float(np.mean(np.abs(predicted["y"].to_numpy() - truth) / np.abs(truth))),
    }


if __name__ == "__main__":
    main()
