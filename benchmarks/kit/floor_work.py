"""Fit and predict the course's model on a panel in one of two ways, and print what it cost as JSON.

python floor_work.py floor|penstock PANEL TREES PREDICTIONS
python floor_work.py apart PREDICTIONS PREDICTIONS

``floor`` is what nobody can do without: numpy columns, ``lgb.train``, a recursion on arrays, on a panel that is known to
be whole. ``penstock`` is ``penstock.forecasting``. Both read the same Parquet file with polars, learn the same 82
columns with the same LightGBM on one thread, and forecast a day of all series. Imports and reading are not counted;
peak memory is that of the process. ``apart`` tells by what share of the forecasts two files differ.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

HORIZON = 24
LAGS = 72
WINDOWS = (24, 48, 72)
IDS = ("area", "consumer_type")
HOUR_US = 3_600_000_000


def main() -> None:
    """Work and tell."""
    if sys.argv[1] == "apart":
        sys.stdout.write(json.dumps(apart(*(np.load(file) for file in sys.argv[2:]))))
        return
    way, file, trees, out = sys.argv[1:]
    panel = pl.read_parquet(file)
    fit, predict = WAYS[way](panel, int(trees))
    started = time.process_time(), time.perf_counter()
    model = fit()
    fitted = time.process_time(), time.perf_counter()
    forecast = predict(model)
    done = time.process_time(), time.perf_counter()
    np.save(Path(out), forecast)
    told = {
        "fit_s": fitted[0] - started[0],
        "predict_s": done[0] - fitted[0],
        "wall_s": done[1] - started[1],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10,
    }
    sys.stdout.write(json.dumps(told))


def apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the sum of the absolute differences as a share of the sum of the forecasts."""
    return float(np.abs(one - other).sum() / np.abs(one).sum())


Work = tuple[Callable[[], Any], Callable[[Any], "NDArray[np.float64]"]]


def penstock(panel: pl.DataFrame, trees: int) -> Work:
    """Return training and forecast by Penstock."""
    import lightgbm  # noqa: F401 - imports are not counted

    from penstock.forecasting.training import fit
    from penstock.systems.shared.ladders import COURSE_FEATURES, COURSE_MODEL

    model = COURSE_MODEL.model_copy(update={"n_estimators": trees})
    return (
        lambda: fit(panel, COURSE_FEATURES, model, seed=1, threads=1),
        lambda fitted: fitted.predict(panel, HORIZON)["prediction"].to_numpy().reshape(-1, HORIZON),
    )


def floor(panel: pl.DataFrame, trees: int) -> Work:
    """Return training and forecast by nothing but numpy and LightGBM."""
    import lightgbm as lgb

    def fit() -> Any:
        values, known = arrays(panel)
        matrix, label = table(values, known)
        data = lgb.Dataset(matrix, label, categorical_feature=[0, 1], params=PARAMS)
        data.construct()
        del matrix
        return lgb.train(PARAMS, data, num_boost_round=trees)

    return fit, lambda booster: recursion(booster, panel)


PARAMS: dict[str, Any] = {
    "objective": "l2",
    "learning_rate": 0.1,
    "num_leaves": 31,
    "min_data_in_leaf": 20,
    "lambda_l2": 1.0,
    "max_bin": 255,
    "feature_pre_filter": False,
    "force_row_wise": True,
    "deterministic": True,
    "num_threads": 1,
    "seed": 1,
    "verbosity": -1,
}


def arrays(panel: pl.DataFrame) -> tuple[NDArray[np.float32], tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Return values (S, T), and what is known: the codes of the ids (S, 2) and the first hour since 1970."""
    series = panel["series"].n_unique()
    values = panel["y"].to_numpy().astype(np.float32).reshape(series, -1)
    steps = values.shape[1]
    codes = [
        np.unique(panel[name].gather_every(steps).to_numpy(), return_inverse=True)[1].astype(np.float32)
        for name in IDS
    ]
    first = panel["time"].to_physical()[0] // HOUR_US
    return values, (np.stack(codes, axis=1), first + np.arange(steps + HORIZON))


def calendar(hours: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return hour of the day and day of the week; 1970 began on a Thursday."""
    return hours % 24, (hours // 24 + 3) % 7


def table(
    values: NDArray[np.float32], known: tuple[NDArray[np.float32], NDArray[np.int64]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the 82 columns and the label of all rows."""
    series, steps = values.shape
    rows = steps - LAGS
    matrix = np.empty((series, rows, 4 + LAGS + 2 * len(WINDOWS)), dtype=np.float32)
    codes, hours = known
    matrix[:, :, :2] = codes[:, None]
    matrix[:, :, 2], matrix[:, :, 3] = calendar(hours[LAGS:steps])
    past = np.lib.stride_tricks.sliding_window_view(values, LAGS, axis=1)[:, :rows]
    matrix[:, :, 4 : 4 + LAGS] = past[:, :, ::-1]
    wide = values.astype(np.float64)
    sums, squares = (np.cumsum(np.pad(each, ((0, 0), (1, 0))), axis=1) for each in (wide, wide * wide))
    for place, window in enumerate(WINDOWS, start=4 + LAGS):
        total, square = (each[:, LAGS:-1] - each[:, LAGS - window : -1 - window] for each in (sums, squares))
        matrix[:, :, place] = total / window
        rest = np.maximum(square - total * total / window, 0)
        matrix[:, :, place + len(WINDOWS)] = np.sqrt(rest / (window - 1))
    return matrix.reshape(series * rows, -1), values[:, LAGS:].ravel()


def recursion(booster: Any, panel: pl.DataFrame) -> NDArray[np.float64]:
    """Return the forecast (S, H)."""
    values, (codes, hours) = arrays(panel)
    buffer = np.concatenate([values[:, -LAGS:], np.empty((len(values), HORIZON), np.float32)], axis=1)
    matrix = np.empty((len(values), 4 + LAGS + 2 * len(WINDOWS)), dtype=np.float32)
    matrix[:, :2] = codes
    for step in range(HORIZON):
        past = buffer[:, step : step + LAGS]
        matrix[:, 2], matrix[:, 3] = calendar(hours[values.shape[1] + step])
        matrix[:, 4 : 4 + LAGS] = past[:, ::-1]
        for place, window in enumerate(WINDOWS, start=4 + LAGS):
            recent = past[:, -window:].astype(np.float64)
            matrix[:, place] = recent.mean(axis=1)
            matrix[:, place + len(WINDOWS)] = recent.std(axis=1, ddof=1)
        buffer[:, LAGS + step] = booster.predict(matrix, num_threads=1)
    return buffer[:, LAGS:].astype(np.float64)


WAYS: dict[str, Callable[[pl.DataFrame, int], Work]] = {"floor": floor, "penstock": penstock}

if __name__ == "__main__":
    main()
