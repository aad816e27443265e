"""The lines of Python on the page about bundles run, beside a bundle."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.training import fit
from penstock.testing.bundles import portable_bundle
from penstock.testing.loads import load_panel

PAGE = Path(__file__).parents[2] / "docs" / "bundle.md"


def test_a_bundle_forecasts_with_the_lines_of_the_page(tmp_path: Path) -> None:
    panel = load_panel(1, 24 * 5)
    model = fit(panel, FeatureConfig(lags=(1,)), ModelConfig(n_estimators=2), seed=1, threads=1)
    portable_bundle(tmp_path, model, panel)
    panel.write_csv(tmp_path / "rows.csv")
    (lines,) = re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )

    ordinary = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
    }
    done = subprocess.run(
        [sys.executable, "-c", lines],
        cwd=tmp_path,
        env=ordinary,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert not (tmp_path / "bundle" / "__pycache__").exists(), "a bundle stays as it was released"

    first = model.predict(panel, 1).row(0, named=True)
    name, time, value = done.stdout.split()
    assert (name, time) == ("s00", f"{first['time']:%Y-%m-%dT%H:%M:%S.%f}")
    assert abs(float(value) / first["prediction"] - 1) < 1e-9
