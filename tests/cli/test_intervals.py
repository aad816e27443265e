"""Intervals from the run to the bundle: the same bounds wherever a forecast is made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from penstock.app.pyfunc import _load_pyfunc

if TYPE_CHECKING:
    from tests.cli.samples import COLUMNS, TINY, Command, Finished, Rows, write_csv
else:
    from cli.samples import COLUMNS, TINY, Command, Finished, Rows, write_csv

NUMBERS = ("prediction", "lower_90", "upper_90")
FRESH = """
import sys
import polars as pl
from penstock.app.pipelines import BatchPredictor

history = pl.read_csv("power.csv").select(
    series="id", time=pl.col("stamp").str.to_datetime(time_unit="us", time_zone="UTC"), y="load"
)
BatchPredictor("panel", model="power@candidate").predict(history, int(sys.argv[1])).write_parquet(sys.argv[2])
"""


def kept(there: Finished, penstock: Command) -> Path:
    """Return the folder of the only run."""
    (line,) = json.loads(penstock("runs", "list", "--json").out)["runs"]
    return there.home / "runs" / str(line["run_id"])


def numbers(frame: pl.DataFrame, series: str) -> np.ndarray[Any, Any]:
    return frame.sort(series, "time" if "time" in frame.columns else "stamp").select(NUMBERS).to_numpy()


def in_a_fresh_process(horizon: int, place: Path) -> pl.DataFrame:
    done = subprocess.run(
        [sys.executable, "-c", FRESH, str(horizon), str(place)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_WAIT_POLICY": "passive"},
    )
    assert done.returncode == 0, done.stderr
    return pl.read_parquet(place)


def test_a_bundle_gives_the_bounds_of_the_run_in_a_fresh_process(
    there: Finished, penstock: Command, tmp_path: Path
) -> None:
    told = pl.read_parquet(kept(there, penstock) / "forecast.parquet")
    assert told.columns == ["id", "stamp", *NUMBERS]
    assert (told["lower_90"] < told["prediction"]).all()
    assert (told["prediction"] < told["upper_90"]).all()
    again = in_a_fresh_process(6, tmp_path / "again.parquet")
    np.testing.assert_allclose(numbers(again, "series"), numbers(told, "id"), rtol=1e-9)


def test_what_mlflow_loads_has_the_bounds_and_none_beyond_what_was_calibrated(
    there: Finished, penstock: Command
) -> None:
    told = pl.read_parquet(kept(there, penstock) / "forecast.parquet")
    (model,) = json.loads(penstock("models", "list", "--json").out)["models"]
    loaded = _load_pyfunc(str(there.home / model["bundle"]))
    history = pl.read_csv("power.csv").rename({"id": "series", "stamp": "time", "load": "y"}).to_pandas()
    again = pl.from_pandas(loaded.predict(history))
    np.testing.assert_allclose(numbers(again, "series"), numbers(told, "id"), rtol=1e-9)
    longer = pl.from_pandas(loaded.predict(history, {"horizon": 8}))
    assert longer.filter(pl.col("lower_90").is_null())["step"].unique().sort().to_list() == [7, 8]


def test_how_they_did_stands_beside_the_model_and_in_the_report(there: Finished, penstock: Command) -> None:
    (model,) = json.loads(penstock("models", "list", "--json").out)["models"]
    assert 0 <= model["metrics"]["coverage_90"] <= 1
    assert model["metrics"]["interval_score_90"] > 0
    page = (kept(there, penstock) / "report.html").read_text(encoding="utf-8")
    assert "What the intervals held on the test windows" in page
    assert "90 % interval" in page.replace("&#160;", " ").replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.usefixtures("home")
def test_levels_are_chosen_and_none_leaves_everything_else_as_it_is(
    penstock: Command, two_series: Rows
) -> None:
    write_csv(Path("power.csv"), two_series)
    words = ("run", "panel", "data=power.csv", *COLUMNS, *TINY, "search=false", "--quiet", "--json")
    found = {}
    for levels in ("[]", "[0.5,0.9]"):
        quantiles = "[]" if levels == "[]" else "[0.05,0.5,0.95]"
        said = penstock(*words, f"intervals.levels={levels}", f"intervals.quantiles={quantiles}")
        assert said.code == 0, said.err
        found[levels] = json.loads(said.out)
    plain, banded = (pl.read_parquet(found[levels]["forecast"]) for levels in found)
    assert plain.columns == ["id", "stamp", "prediction"]
    assert banded.columns == [*plain.columns, "lower_50", "upper_50", "lower_90", "upper_90"]
    assert banded.select(plain.columns).equals(plain)
    assert "calibrate" not in [step["name"] for step in found["[]"]["steps"]]
    reused = {step["name"] for step in found["[0.5,0.9]"]["steps"] if step["state"] == "reused"}
    assert {"prepare", "fit_candidate", "try_candidate", "prove", "refit", "forecast_future"} <= reused
    rungs = [rung for rung in found["[0.5,0.9]"]["metrics"] if rung != "model"]
    assert not any("coverage_90" in found["[0.5,0.9]"]["metrics"][rung] for rung in rungs)
    assert "90 % intervals hold " in found["[0.5,0.9]"]["headline"]
    ours, theirs = (found[levels]["metrics"]["model"] for levels in ("[]", "[0.5,0.9]"))
    assert {name: theirs[name] for name in ours} == ours
    assert {"pinball_5", "pinball_50", "pinball_95", "crps"} <= set(theirs)
    assert theirs["pinball_50"] == pytest.approx(theirs["mae"] / 2)
    assert {"coverage_90", "crps", "pinball_5"} <= set(found["[0.5,0.9]"]["intervals"]["model"])
