"""What prediction intervals hold over many origins, beside plain conformal ones, as JSON; run with Penstock's Python.

python interval_work.py FOLDER

One fit on the training part of each set, and forecasts from every origin after it, as a run does with ``search=false``
(at most 50,000 rows for the trees). Plain conformal: for each series one quantile of the absolute errors of the same
rehearsal, all steps of the horizon together. Plain, rolling: the same of the last 28 windows known at each cutoff.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from penstock.app.plan import configure
from penstock.app.session import Session
from penstock.evaluation.bounds import interval_metrics
from penstock.evaluation.splits import panel_times, up_to
from penstock.forecasting.calibration import CalibrationPlan, IntervalsConfig, rehearse
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.panel import regularise
from penstock.forecasting.rehearsal import Rehearsal, static, with_followed_bounds
from penstock.forecasting.training import fit
from penstock.sources.denmark_rows import to_panel
from penstock.sources.simulators.denmark import history

LEVEL, ROWS, ROLLING, SEED = 0.9, 50_000, 28, 7
DENMARK_DAYS = 300


@dataclass(frozen=True, kw_only=True)
class Case:
    """One data set and where its origins stand; distances in steps."""

    name: str
    data: str
    horizon: int
    season: int
    every: int
    origins: int


CASES = (
    Case(name="PJM, every 24 h", data="pjm", horizon=24, season=24, every=24, origins=250),
    Case(name="PJM, every 6 h", data="pjm", horizon=24, season=24, every=6, origins=250),
    Case(name="Victoria, every 3 days", data="victoria", horizon=48, season=48, every=144, origins=250),
    Case(name="Victoria, every day", data="victoria", horizon=48, season=48, every=48, origins=250),
    Case(name="Denmark, simulated", data="denmark", horizon=24, season=24, every=24, origins=60),
)


def main() -> None:
    """Print the results."""
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    panels = {"pjm": pjm(folder), "victoria": victoria(folder), "denmark": denmark()}
    sys.stdout.write(json.dumps([measured(case, panels[case.data]) for case in CASES]))


def pjm(folder: Path) -> pl.DataFrame:
    """Return five zones of hourly load."""
    rows = pl.read_csv(folder / "pjm_zones_2023.csv.gz")
    return _panel(rows.select(series="unique_id", time="ds", y="y"), "1h")


def victoria(folder: Path) -> pl.DataFrame:
    """Return half-hourly demand, without the temperature."""
    rows = pl.read_csv(folder / "victoria_demand.csv.gz")
    return _panel(rows.select(pl.lit("VIC").alias("series"), time="Time", y="Demand"), "30m")


def denmark() -> pl.DataFrame:
    """Return the simulated consumption of 76 groups."""
    source = configure("denmark", (), Session.open()).config.value.source
    rows = to_panel(history(source.model_copy(update={"days": DENMARK_DAYS})))
    return regularise(rows.select("series", "time", "y").unique(["series", "time"]), "1h", 3)[0]


def measured(case: Case, panel: pl.DataFrame) -> dict[str, Any]:
    """Return coverage and interval score of ours and of plain conformal intervals."""
    times = panel_times(panel)
    last = len(times) - 1 - case.horizon
    cutoffs = [times[last - case.every * back] for back in reversed(range(case.origins))]
    config = IntervalsConfig(levels=(LEVEL,))
    model = fit(up_to(panel, cutoffs[0]), FeatureConfig(), ModelConfig(max_rows=ROWS), seed=SEED, threads=1)
    plan = CalibrationPlan(
        config=config, train_end=cutoffs[0], horizon=case.horizon, every=case.every, season=case.season
    )
    rehearsal = rehearse(panel, model, plan)
    judged = model.predict_origins(panel, cutoffs, case.horizon)
    found = {
        "ours": with_followed_bounds(rehearsal, judged, times, config.promise),
        "still": static(rehearsal, config.levels).with_bounds(judged),
        "plain": plain(rehearsal, judged),
        "rolling": rolling(rehearsal, judged, case),
    }
    scores = {name: interval_metrics(bounded) for name, bounded in found.items()}
    return {
        "case": case.name,
        "data": case.data,
        "origins": case.origins,
        "values": judged["y"].drop_nulls().len(),
        "coverage": {name: each["coverage_90"] for name, each in scores.items()},
        "score": {name: each["interval_score_90"] for name, each in scores.items()},
    }


def plain(rehearsal: Rehearsal, judged: pl.DataFrame) -> pl.DataFrame:
    """Put plain conformal bounds around forecasts: a quantile for each series, horizons together."""
    widths = _widths(rehearsal.forecasts)
    return _bounded(judged.join(widths, on="series", how="left", maintain_order="left"))


def rolling(rehearsal: Rehearsal, judged: pl.DataFrame, case: Case) -> pl.DataFrame:
    """Do the same at every cutoff with the last windows that were known by then."""
    all_of = pl.concat([rehearsal.forecasts, judged.select(rehearsal.forecasts.columns)])
    origins = all_of["cutoff"].unique().sort()
    step = judged.filter(pl.col("step") == case.horizon).select(pl.col("time") - pl.col("cutoff")).item(0, 0)
    parts = []
    for (cutoff,), part in judged.group_by("cutoff", maintain_order=True):
        known = origins.filter(origins + step <= cutoff).tail(ROLLING)
        widths = _widths(all_of.filter(pl.col("cutoff").is_in(known.implode())))
        parts.append(part.join(widths, on="series", how="left", maintain_order="left"))
    return _bounded(pl.concat(parts))


def _widths(forecasts: pl.DataFrame) -> pl.DataFrame:
    def width(errors: pl.Series) -> float:
        known = errors.drop_nulls().sort()
        return float(known[min(math.ceil(LEVEL * (len(known) + 1)), len(known)) - 1])

    rows = [
        (name, width((part["y"] - part["prediction"]).abs()))
        for (name,), part in forecasts.group_by("series", maintain_order=True)
    ]
    return pl.DataFrame(rows, schema={"series": pl.String, "width": pl.Float64}, orient="row")


def _bounded(rows: pl.DataFrame) -> pl.DataFrame:
    low, high = pl.col("prediction") - pl.col("width"), pl.col("prediction") + pl.col("width")
    return rows.with_columns(lower_90=low, upper_90=high)


def _panel(rows: pl.DataFrame, frequency: str) -> pl.DataFrame:
    stamps = pl.col("time").str.to_datetime(time_unit="us", time_zone="UTC")
    return regularise(rows.with_columns(stamps, pl.col("y").cast(pl.Float64)), frequency, 3)[0]


if __name__ == "__main__":
    main()
