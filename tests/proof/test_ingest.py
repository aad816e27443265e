"""Ingests that run at once, or die: the table holds every row once, and nothing is lost."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from penstock.domain.windows import Window
from penstock.sources.simulators.denmark import DenmarkSimulator, DenmarkSimulatorConfig
from penstock.storage.tables.open import find_table
from penstock.storage.workspace import Workspace

pytestmark = pytest.mark.proof

START, END = datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 7, 1, tzinfo=UTC)
KEYS = ["HourUTC", "PriceArea", "ConsumerType_DE35"]
KILLS = 12


def begin(home: Path, start: datetime, end: datetime) -> subprocess.Popen[str]:
    window = ("--start", start.isoformat(), "--end", end.isoformat())
    environ = {**os.environ, "PENSTOCK_HOME": str(home), "PENSTOCK_TRACKING_URI": "off"}
    command = [sys.executable, "-m", "penstock", "data", "ingest", "denmark", *window, "--quiet", "--json"]
    return subprocess.Popen(
        command, cwd=home.parent, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def require_truth(home: Path) -> None:
    """Compare the table with what the simulator shows: every row, once, with its value."""
    shown = DenmarkSimulator(DenmarkSimulatorConfig(as_of=datetime(2026, 1, 1, tzinfo=UTC)))
    truth = shown.fetch(Window(START, END)).unique(KEYS).sort(KEYS)
    table = find_table(Workspace.open(home), "denmark")
    cut = table.cut(as_of=datetime.now(UTC))
    assert table.read(cut).select(truth.columns).sort(KEYS).equals(truth)
    assert table.history(cut).height == truth.height


def test_many_at_once_on_overlapping_windows(tmp_path: Path) -> None:
    home = tmp_path / "home"
    days = (END - START).days
    spans = [
        (START + timedelta(days=30 * n), START + timedelta(days=min(30 * n + 75, days))) for n in range(6)
    ]
    running = [begin(home, *span) for span in spans]
    ended = [process.communicate(timeout=600) for process in running]
    assert [process.returncode for process in running] == [0] * 6, ended
    require_truth(home)


def test_killed_at_any_moment(tmp_path: Path) -> None:
    home, chance = tmp_path / "home", random.Random(3)
    for _ in range(KILLS):
        process = begin(home, START, END)
        try:
            process.wait(timeout=chance.uniform(0.5, 9.0))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
    last = begin(home, START, END)
    out, err = last.communicate(timeout=600)
    assert last.returncode == 0, err
    assert '"dataset":"denmark@v1"' in out
    require_truth(home)
    assert pl.DataFrame(find_table(Workspace.open(home), "denmark").pinned()).height >= 1
