"""No personal value reaches what people read: a real run, and every file and stream that it leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pydantic
import pytest

from penstock.domain.errors import WorkspaceError
from penstock.domain.pseudonyms import pseudonym
from penstock.storage.keys import personal_key
from penstock.storage.workspace import Workspace
from penstock.systems.panel.config import PanelConfig
from penstock.systems.panel.system import reveal

OWNERS = ("Zacharias Quimby", "Philippa Oddfellow", "Bartholomew Vance")
STREETS = ("Thistledown Lane 7", "Marmalade Alley 9", "Umberwick Court 3")
DATA = ("objects", "keys", "tables")
"""Folders of the workspace that hold data: the user's file among them, kept so that the run can be repeated."""


def _write(path: Path) -> None:
    hours = [datetime(2024, 1, 1, tzinfo=UTC) + n * timedelta(hours=1) for n in range(400)]
    chance = np.random.default_rng(1)
    parts = [
        pl.DataFrame({"ds": hours}).with_columns(
            y=pl.Series(10.0 * at + np.sin(np.arange(400) / 3.8) + chance.normal(0, 0.1, 400)),
            owner=pl.lit(owner),
            street=pl.lit(street),
        )
        for at, (owner, street) in enumerate(zip(OWNERS, STREETS, strict=True), start=1)
    ]
    # A gap, a frozen stretch and a copy, so that rules have something to tell.
    rows = pl.concat([*parts, parts[0][100:101]])
    pl.concat([rows[:50], rows[52:]]).write_parquet(path)


def test_names_are_not_put_back_by_another_key(tmp_path: Path) -> None:
    _write(tmp_path / "power.parquet")
    config = PanelConfig.model_validate(
        {
            "data": tmp_path / "power.parquet",
            "target": "y",
            "time": "ds",
            "series": "owner",
            "personal": "owner",
        }
    )
    workspace = Workspace.open(tmp_path / "home")
    hidden = pseudonym(personal_key(workspace), OWNERS[0])
    future = pl.DataFrame({"owner": [hidden], "prediction": [1.0]})
    assert reveal(config, future, workspace)["owner"].to_list() == [OWNERS[0]]
    (tmp_path / "home" / "keys" / "personal.key").unlink()
    with pytest.raises(WorkspaceError, match=r"is not the one with which power\.parquet was read"):
        reveal(config, future, workspace)


def _run(folder: Path) -> subprocess.CompletedProcess[bytes]:
    options = ["target=y", "time=ds", "series=owner", "static=street", "personal=[owner,street]", "horizon=6"]
    small = ["search=false", "ladder=[seasonal_naive_short]", "split.origins=2", "split.folds=2", "threads=1"]
    small += ["model.n_estimators=5", "checks.examples=2"]
    return subprocess.run(
        [
            *(sys.executable, "-m", "penstock", "run", "panel", f"data={folder / 'power.parquet'}"),
            *(*options, *small, "--forecast-to", str(folder / "forecast.csv")),
        ],
        env={**os.environ, "PENSTOCK_HOME": str(folder / "home")},
        capture_output=True,
        check=False,
    )


@pytest.mark.slow
def test_a_run_tells_no_personal_value(tmp_path: Path) -> None:
    _write(tmp_path / "power.parquet")
    done = _run(tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    home = tmp_path / "home"
    written = [
        path for path in home.rglob("*") if path.is_file() and path.relative_to(home).parts[0] not in DATA
    ]
    read = {"stdout": done.stdout, "stderr": done.stderr}
    read |= {str(path.relative_to(home)): path.read_bytes() for path in written}
    assert any(name.endswith("report.html") for name in read)
    assert any(name.startswith("tracking/") for name in read)
    told = [
        (name, value)
        for name, text in read.items()
        for value in (*OWNERS, *STREETS)
        if value.encode() in text
    ]
    assert told == []
    assert b"p-" in read[next(name for name in read if name.endswith("report.html"))]
    forecast = pl.read_csv(tmp_path / "forecast.csv")
    assert sorted(forecast["owner"].unique()) == sorted(OWNERS)
    assert "street" not in forecast.columns


def test_personal_columns_must_be_columns_that_are_kept() -> None:
    given = {"data": "f.csv", "target": "y", "time": "ds", "series": "owner"}
    assert PanelConfig.model_validate({**given, "personal": "owner"}).columns.personal == ("owner",)
    with pytest.raises(
        pydantic.ValidationError, match="personal: ownr is neither a series nor a static column"
    ):
        PanelConfig.model_validate({**given, "personal": "ownr"})
