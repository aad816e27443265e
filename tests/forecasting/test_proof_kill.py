"""A search that is killed again and again ends as if nothing had happened."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 6
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
print(study.model_dump_json())
"""
DURATIONS = {"seconds", "fit_seconds", "predict_seconds"}


@pytest.mark.proof
def test_kills_lose_no_finished_trial_and_change_nothing(tmp_path: Path) -> None:
    expected = run(tmp_path / "quiet")
    draws = random.Random(11)
    journal, kept, kills = tmp_path / "killed" / "trials.journal", b"", 0
    while kills < KILLS and kill_after_growth(journal, draws.uniform(0.0, 0.4)):
        kills += 1
        body = journal.read_bytes()
        assert body.startswith(kept)
        kept = body[: body.rfind(b"\n") + 1]
    assert kills > 2, "the study ended before it could be killed a few times"
    assert run(tmp_path / "killed") == expected


def run(folder: Path) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", SCRIPT, folder], capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout, object_hook=without_durations)
    return result


def without_durations(part: dict[str, Any]) -> dict[str, Any]:
    """Leave out what differs from one run to the next: how long it took."""
    return {name: value for name, value in part.items() if name not in DURATIONS}


def kill_after_growth(journal: Path, seconds: float) -> bool:
    """Run the study, kill it ``seconds`` after its journal has grown; return whether it was killed before its end."""
    before = size_of(journal)
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, journal.parent], stdout=subprocess.DEVNULL)
    while process.poll() is None and size_of(journal) <= before:
        time.sleep(0.01)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)
    process.kill()
    return process.wait() != 0


def size_of(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
