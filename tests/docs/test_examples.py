from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from penstock.app.models import load_model
from penstock.app.session import Session
from penstock.release.registry import resolve

EXAMPLE = Path(__file__).parents[2] / "examples" / "plain_script.py"


def test_a_plain_script_of_thirty_lines_trains_tracks_and_registers(tmp_path: Path) -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 30
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_WAIT_POLICY": "passive"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("plain@v1: MAE ")
    session = Session.open(tmp_path)
    release = resolve(session.catalogue, "plain@candidate")
    assert release.metrics["model"]["mae"] > 0
    assert hasattr(load_model(session, "plain@candidate"), "predict")
