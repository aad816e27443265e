"""A bundle in an environment that holds NumPy and onnxruntime only, and behind MLflow's own model server."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from penstock.app.models import load_model, open_bundle
from penstock.app.pipelines import Trainer
from penstock.app.session import Session
from penstock.app.tracking import tracked
from penstock.release.registry import resolve
from penstock.testing.loads import load_panel

SMALL = (
    "name=alone",
    "horizon=12",
    "search=false",
    "model.n_estimators=30",
    "features.holidays=DK",
    "timezone=Europe/Copenhagen",
    "ladder=[moving_average]",
    "split.origins=4",
    "split.folds=1",
    "checks.names=[finite]",
    "export.formats=both",
    "export.runtime=onnx",
)
ADDED = frozenset(
    {"numpy", "onnxruntime", "flatbuffers", "protobuf", "packaging", "typing_extensions", "pip", "setuptools"}
)
PATIENCE_S = 240.0


@pytest.fixture(scope="module")
def panel() -> pl.DataFrame:
    return load_panel(3, 24 * 25)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, panel: pl.DataFrame) -> Session:
    folder = tmp_path_factory.mktemp("alone")
    panel.write_parquet(folder / "rows.parquet")
    columns = ("target=y", "time=time", "series=series", "static=[area]")
    Trainer("panel", [f"data={folder / 'rows.parquet'}", *columns, *SMALL], home=folder / "home").run()
    return Session.open(folder / "home")


def test_a_fresh_environment_with_numpy_and_onnxruntime_gives_the_same_path(
    session: Session, panel: pl.DataFrame, tmp_path: Path
) -> None:
    bundle = open_bundle(session, resolve(session.catalogue, "alone@candidate"))
    panel.write_csv(tmp_path / "rows.csv")
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    pins = [f"{name}=={version(name)}" for name in ("numpy", "onnxruntime")]
    subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--only-binary", ":all:", *pins], check=True
    )
    listed = subprocess.run(
        [str(python), "-m", "pip", "list", "--format=json"], capture_output=True, check=True
    )
    assert {one["name"].replace("-", "_").lower() for one in json.loads(listed.stdout)} <= ADDED

    done = subprocess.run(
        [
            str(python),
            "-I",
            str(bundle.folder / "loader.py"),
            str(tmp_path / "rows.csv"),
            "--expect",
            bundle.digest,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert (done.returncode, done.stderr) == (0, "")
    found, wanted = (
        list(csv.DictReader(io.StringIO(done.stdout))),
        load_model(session, "alone@candidate").predict(panel, 12),
    )
    for name in ("prediction", "lower_90", "upper_90"):
        np.testing.assert_allclose([float(row[name]) for row in found], wanted[name].to_numpy(), rtol=1e-9)
    assert [row["time"] for row in found] == [stamp.isoformat() for stamp in wanted["time"]]


def test_mlflow_serves_the_registered_bundle(session: Session, panel: pl.DataFrame, tmp_path: Path) -> None:
    with tracked(session) as tracker:
        while (report := tracker.sync(PATIENCE_S)).pending:
            assert not report.failed
    port = _free_port()
    environ = {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),  # of uvicorn
        "MLFLOW_TRACKING_URI": _tracking_uri(session),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", "models:/alone@candidate"]
    options = ["--env-manager", "local", "-h", "127.0.0.1", "-p", str(port)]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, *options], env=environ, stdout=log, stderr=log, cwd=tmp_path, start_new_session=True
        )
        try:
            _await(f"http://127.0.0.1:{port}/ping", server)
            rows = panel.with_columns(pl.col("time").dt.to_string("iso:strict")).to_dicts()
            answer = _post(port, {"dataframe_records": rows, "params": {"horizon": 5}})
            assert _status(port, {"dataframe_records": [{"series": "s00"}]}) == 400
        finally:
            os.killpg(server.pid, signal.SIGTERM)  # and its worker
            server.wait(60)

    wanted = load_model(session, "alone@candidate").predict(panel, 5)
    assert [row["series"] for row in answer] == wanted["series"].to_list()
    np.testing.assert_allclose(
        [row["prediction"] for row in answer], wanted["prediction"].to_numpy(), rtol=1e-9
    )
    assert {"lower_90", "upper_90"} <= set(answer[0])


def _tracking_uri(session: Session) -> str:
    return f"sqlite:///{session.workspace.tracking / 'mlflow.db'}"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _await(address: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers; it imports much."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server has ended"
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"no answer at {address} within {PATIENCE_S:g} s")


def _post(port: int, body: object) -> list[dict[str, Any]]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        found: list[dict[str, Any]] = json.load(answer)["predictions"]
    return found


def _status(port: int, body: object) -> int:
    try:
        _post(port, body)
    except urllib.error.HTTPError as error:
        return error.code
    return 200
