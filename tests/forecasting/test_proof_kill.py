"""A search that is killed again and again ends as if nothing had happened."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """
import json, sys
from pathlib import Path
from penstock.evaluation.splits import SplitConfig, panel_times, parts, plan_split
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.tuning import Search, TuneConfig, tune
from penstock.testing.loads import load_panel

panel = load_panel()
split = plan_split(panel_times(panel), frequency="1h", horizon=12, config=SplitConfig(origins=3))
search = Search(
    features=FeatureConfig(lags=(1, 24), means=(), deviations=(), calendar=("hour",), ids=()),
    model=ModelConfig.model_validate({"n_estimators": 120, "targets": "auto/lag24"}),
    config=TuneConfig(trials=12),
    seed=1,
    threads=2,
)
study = tune(parts(panel, split)[0], split, search, Path(sys.argv[1]))
print(json.dumps(study.model_dump(mode="json", exclude={"seconds": True, "trials": {"__all__": {"seconds"}}})))
"""


@pytest.mark.proof
def test_kills_lose_no_finished_trial_and_change_nothing(tmp_path: Path) -> None:
    expected = run(tmp_path / "quiet")
    draws = random.Random(11)
    journal, kept = tmp_path / "killed" / "trials.journal", b""
    for _ in range(10):
        kill_after(draws.uniform(1.0, 3.5), tmp_path / "killed")
        body = journal.read_bytes() if journal.exists() else b""
        assert body.startswith(kept)
        kept = body[: body.rfind(b"\n") + 1]
    assert run(tmp_path / "killed") == expected


def run(folder: Path) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", SCRIPT, folder], capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def kill_after(seconds: float, folder: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, folder], stdout=subprocess.DEVNULL)
    time.sleep(seconds)
    process.kill()
    process.wait()
