"""Train, judge, track and register a forecaster: no configuration, no server, no pipeline."""

import sys
from pathlib import Path

from penstock.app.script import script
from penstock.evaluation.metrics import mae
from penstock.forecasting.backtest import backtest
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.training import fit
from penstock.sources.denmark_rows import to_panel
from penstock.sources.simulators.denmark import DenmarkSimulatorConfig, simulate

SOURCE = DenmarkSimulatorConfig(consumer_types=("111", "211"), days=60, gaps_per_series_year=0)
HORIZON = 24
home = Path(sys.argv[1]) if len(sys.argv) > 1 else None

panel = to_panel(simulate(SOURCE)).unique(["series", "time"]).sort("series", "time")
cutoff = panel["time"].unique().sort()[-1 - HORIZON]
with script("plain", {"horizon": HORIZON}, home=home) as mine:
    with mine.run.step("fit"):
        past = panel.filter(panel["time"] <= cutoff)
        model = fit(past, FeatureConfig(), ModelConfig(n_estimators=50), seed=1, threads=2)
    tested = backtest(model, panel, [cutoff], HORIZON)
    scores = {"model": {"mae": mae(y_true=tested["y"].to_numpy(), y_pred=tested["prediction"].to_numpy())}}
    mine.run.measure("model", scores["model"])
    release = mine.register(model, panel, HORIZON, scores)
print(f"{release.name}: MAE {scores['model']['mae']:.1f} kWh (simulated data)")
