"""What one forecast of 76 series costs by three ways, as JSON; run with Penstock's Python on one thread.

python origins.py

Bare: ``predict`` of the model of the Danish system. Slots: a week of daily slots of that model as a replay forecasts
them, everything from the arrivals on included. Peer: ``predict`` of mlforecast with a new panel of 60 days for each
origin, beside the array path over 60 daily origins as a replay has them: the features and trees of the original course
configuration, the same LightGBM, and therefore the same numbers. Seconds are of the processor, for one origin.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from penstock.app.plan import configure
from penstock.app.session import Session
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.knowledge import history_of, known_as_of, learned_between, require_history
from penstock.forecasting.models import ModelConfig, lightgbm_params
from penstock.forecasting.panel import regularise
from penstock.forecasting.replay.forecasts import SlotRequest, forecast_slots
from penstock.forecasting.replay.slots import SlotRange, Span
from penstock.forecasting.targets import Target
from penstock.forecasting.training import fit
from penstock.sources.denmark_rows import to_panel
from penstock.sources.simulators.denmark import history

HORIZON, DAYS, REPEATS = 24, 7, 5
ORIGINS, PEER_ORIGINS, KNOWN_DAYS = 60, 3, 60
REVISIONS = 6.0
LAGS, WINDOWS = tuple(range(1, 73)), (24, 48, 72)
TREES = 100


def main() -> None:
    """Print the results."""
    warnings.simplefilter("ignore")
    config = configure("denmark", (), Session.open()).config.value
    source = config.source.model_copy(update={"revisions_per_series_year": REVISIONS})
    known = require_history(history_of(to_panel(history(source), keep=("known_at",)), "published"))
    start = source.asked_at - timedelta(days=DAYS)
    panel, _ = regularise(known_as_of(known, start), "1h", config.quality.max_gap)
    model = fit(panel, config.features, config.model, seed=config.seed, threads=1)
    slots, each = slot_cost(known, model, start, config.quality.max_gap)
    found = {
        "series": panel["series"].n_unique(),
        "bare_s": cpu_of(lambda: model.predict(panel, HORIZON), REPEATS),
        "slot_s": slots,
        "slot_digits": each,
        **beside_peer(panel),
    }
    sys.stdout.write(json.dumps(found))


def cpu_of(work: Callable[[], object], repeats: int) -> float:
    """Return the least processor seconds of several repeats, after one to warm up."""
    work()
    spent = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        spent.append(time.process_time() - started)
    return min(spent)


def slot_cost(
    known: pl.DataFrame, model: ForecastModel, start: datetime, max_gap: int
) -> tuple[float, float]:
    """Return the cost of one slot, and the largest difference of a slot from the forecast of that moment alone."""
    slots = SlotRange(start=start, every=Span(seconds=86_400), count=DAYS)
    request = SlotRequest(slots=slots, horizon=HORIZON, max_gap=max_gap, fitted_at=start)
    before = known_as_of(known, start)

    def replayed() -> pl.DataFrame:
        return forecast_slots(before, learned_between(known, start, slots.last), model, request).rows

    last, _ = regularise(known_as_of(known, slots.last), "1h", max_gap)
    alone = model.predict(last, HORIZON)["prediction"].to_numpy()
    ours = replayed().filter(pl.col("cutoff") == slots.last)["prediction"].to_numpy()
    return cpu_of(replayed, REPEATS) / DAYS, float(np.max(np.abs(ours - alone) / np.abs(alone)))


def beside_peer(panel: pl.DataFrame) -> dict[str, float]:
    """Return what an origin costs by mlforecast and by the array path, and by how much their numbers differ."""
    level = pl.col("y").mean().over("series")
    scaled = panel.select("series", "time", (pl.col("y") / level).cast(pl.Float32).cast(pl.Float64))
    last: datetime = panel["time"].max()  # type: ignore[assignment] # a column of moments
    origins = [last - timedelta(days=day) for day in range(ORIGINS, 0, -1)]
    recent = timedelta(days=KNOWN_DAYS)
    training = scaled.filter(pl.col("time").is_between(origins[0] - recent, origins[0]))
    model = ModelConfig(
        targets=(Target(scale="none"),), objective="l2", n_estimators=TREES, colsample=1, subsample=1
    )
    features = FeatureConfig(
        lags=LAGS, means=WINDOWS, deviations=WINDOWS, calendar=("hour", "weekday"), ids=(), holidays=None
    )
    ours = fit(training, features, model, seed=1, threads=1)
    peer = peer_of(training, model)
    panels = [scaled.filter(pl.col("time").is_between(at - recent, at)) for at in origins[:PEER_ORIGINS]]
    theirs = [predicted(peer, known) for known in panels]
    found = ours.predict_origins(scaled, origins, HORIZON)
    differences = [
        np.abs(part["prediction"].to_numpy() - other) / np.abs(other)
        for other, origin in zip(theirs, origins, strict=False)
        for part in [found.filter(pl.col("cutoff") == origin)]
    ]
    return {
        "peer_s": cpu_of(lambda: [predicted(peer, known) for known in panels], 2) / PEER_ORIGINS,
        "array_s": cpu_of(lambda: ours.predict_origins(scaled, origins, HORIZON), REPEATS) / len(origins),
        "difference": float(np.max(np.concatenate(differences))),
    }


def peer_of(training: pl.DataFrame, model: ModelConfig) -> Any:
    """Return mlforecast fitted with the same features and the same LightGBM."""
    import lightgbm as lgb
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean, RollingStd

    params: dict[str, Any] = lightgbm_params(model, seed=1, threads=1) | {"n_estimators": TREES}
    rolling = [*(RollingMean(size) for size in WINDOWS), *(RollingStd(size) for size in WINDOWS)]
    peer = MLForecast(
        models=[lgb.LGBMRegressor(**params)],
        freq="1h",
        lags=list(LAGS),
        lag_transforms={1: rolling},
        num_threads=1,
    )
    names: dict[str, Any] = {"id_col": "series", "time_col": "time", "target_col": "y"}
    peer.fit(_calendar(training.with_columns(pl.col("y").cast(pl.Float32))), static_features=[], **names)
    return peer


def predicted(peer: Any, known: pl.DataFrame) -> Any:
    """Forecast after the last stamp of ``known``."""
    plain = known.with_columns(pl.col("y").cast(pl.Float32))
    said = peer.predict(HORIZON, new_df=_calendar(plain), X_df=_calendar(_future(known)))
    return said.sort("series", "time")["LGBMRegressor"].to_numpy().astype(float)


def _future(known: pl.DataFrame) -> pl.DataFrame:
    last = known["time"].max()
    ahead = pl.DataFrame({"time": [last + timedelta(hours=hour) for hour in range(1, HORIZON + 1)]})
    stamps = ahead.with_columns(pl.col("time").cast(known.schema["time"]))
    return known.select(pl.col("series").unique().sort()).join(stamps, how="cross")


def _calendar(frame: pl.DataFrame) -> pl.DataFrame:
    """Add the calendar columns; mlforecast mixes stamps with and without a zone, so none has one."""
    hour, weekday = pl.col("time").dt.hour(), pl.col("time").dt.weekday() - 1
    plain = frame.with_columns(pl.col("time").dt.replace_time_zone(None))
    return plain.with_columns(hour=hour.cast(pl.Float32), weekday=weekday.cast(pl.Float32))


if __name__ == "__main__":
    main()
