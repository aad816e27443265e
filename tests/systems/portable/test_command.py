"""The loader as a file of its own: what it needs, what it refuses, and that it says what the model says."""

from __future__ import annotations

import csv
import io
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from penstock.domain.errors import BundleError
from penstock.forecasting.features import FeatureConfig
from penstock.forecasting.forecaster import ForecastModel
from penstock.forecasting.models import ModelConfig
from penstock.forecasting.training import fit
from penstock.release.bundle import load_bundle
from penstock.release.manifest import MANIFEST, manifest_of
from penstock.systems.shared.portable.command import open_bundle
from penstock.testing.bundles import portable_bundle
from penstock.testing.loads import load_panel

BLOCKED = ("penstock", "polars", "pandas", "lightgbm", "sklearn", "pydantic", "pyarrow", "onnx")
ALONE = """
import runpy, sys
blocked = sys.argv.pop(1).split()
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ImportError(name + " is not here")
sys.meta_path.insert(0, Blocker())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def panel() -> pl.DataFrame:
    return load_panel(2, 24 * 8)


@pytest.fixture(scope="module")
def model(panel: pl.DataFrame) -> ForecastModel:
    features = FeatureConfig(lags=(1, 24), means=(), deviations=(), holidays="DK")
    config = ModelConfig.model_validate({"n_estimators": 8, "min_child_samples": 5, "targets": "auto/lag24"})
    return fit(panel, features, config, seed=1, threads=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, model: ForecastModel, panel: pl.DataFrame) -> Path:
    return portable_bundle(tmp_path_factory.mktemp("made"), model, panel, runtime="onnx").folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "bundle")
    return tmp_path / "bundle"


def restamp(folder: Path) -> None:
    """Make the manifest fit what was changed, as an attacker would."""
    (folder / MANIFEST).unlink()
    (folder / MANIFEST).write_bytes(manifest_of(folder).to_bytes())


def run_alone(
    folder: Path, *arguments: str, blocked: Sequence[str] = BLOCKED
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", ALONE, " ".join(blocked), str(folder / "loader.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_the_loader_forecasts_without_penstock_and_says_what_the_model_says(
    folder: Path, tmp_path: Path, model: ForecastModel, panel: pl.DataFrame
) -> None:
    panel.write_csv(tmp_path / "rows.csv")
    digest = load_bundle(folder).digest

    done = run_alone(folder, str(tmp_path / "rows.csv"), "--horizon", "30", "--expect", digest)

    assert (done.returncode, done.stderr) == (0, "")
    found, wanted = list(csv.DictReader(io.StringIO(done.stdout))), model.predict(panel, 30)
    assert [row["series"] for row in found] == wanted["series"].to_list()
    assert [row["time"] for row in found] == [stamp.isoformat() for stamp in wanted["time"]]
    np.testing.assert_allclose(
        [float(row["prediction"]) for row in found], wanted["prediction"].to_numpy(), rtol=1e-9
    )


def test_the_loader_refuses_a_changed_bundle_and_bad_rows_by_code(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("series,time,y\na,soon,1\n")
    bad = run_alone(folder, str(tmp_path / "rows.csv"))
    assert (bad.returncode, bad.stdout) == (3, "")
    assert "the model was not trained on" not in bad.stderr
    assert "not a panel" in bad.stderr or "row 0" in bad.stderr
    change_byte(folder)
    changed = run_alone(folder, str(tmp_path / "rows.csv"))
    assert (changed.returncode, changed.stdout) == (1, "")
    assert "changed file onnx/member_0.onnx: its bytes do not match the digest" in changed.stderr


def test_the_loader_reads_what_excel_saves_and_ends_with_its_reader(
    folder: Path, tmp_path: Path, panel: pl.DataFrame
) -> None:
    (tmp_path / "rows.csv").write_bytes("\ufeff".encode() + panel.write_csv().encode())
    command = [
        sys.executable,
        "-I",
        str(folder / "loader.py"),
        str(tmp_path / "rows.csv"),
        "--horizon",
        "2000",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("series,time,step,prediction")
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=120) == 0


def test_without_onnxruntime_the_loader_names_the_package(
    folder: Path, tmp_path: Path, panel: pl.DataFrame
) -> None:
    panel.write_csv(tmp_path / "rows.csv")
    done = run_alone(folder, str(tmp_path / "rows.csv"), blocked=(*BLOCKED, "onnxruntime"))
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == "This bundle forecasts with onnxruntime, which is not installed: pip install onnxruntime\n"
    )


def ordinary(folder: Path, lines: str) -> subprocess.CompletedProcess[str]:
    """Run ``lines`` beside the loader in a Python that may write bytecode, as most do."""
    unwanted = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
    return subprocess.run(
        [sys.executable, "-c", f"import sys\nsys.path.insert(0, {str(folder)!r})\n{lines}"],
        env={name: value for name, value in os.environ.items() if name not in unwanted},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_bytecode_of_the_loader_that_runs_is_no_extra_file(folder: Path) -> None:
    done = ordinary(folder, f"from loader import open_bundle\nopen_bundle({str(folder)!r})")
    assert (done.returncode, done.stderr) == (0, "")
    (left,) = (folder / "__pycache__").iterdir()
    with pytest.raises(
        BundleError, match=rf"extra file __pycache__/{left.name} \(bytecode: delete the folder"
    ):
        open_bundle(folder)  # this process does not run it


def test_other_bytecode_beside_the_loader_that_runs_is_refused(folder: Path) -> None:
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "json.cpython-311.pyc").write_bytes(b"")
    done = ordinary(folder, f"from loader import open_bundle\nopen_bundle({str(folder)!r})")
    assert "extra file __pycache__/json.cpython-311.pyc (" in done.stderr
    assert "extra file __pycache__/loader" not in done.stderr


def change_byte(folder: Path) -> None:
    path = folder / "onnx" / "member_0.onnx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def remove_file(folder: Path) -> None:
    (folder / "onnx" / "member_0.onnx").unlink()


def add_file(folder: Path) -> None:
    (folder / "onnx" / "member_1.onnx").write_bytes(b"\x08")


def newer_format(folder: Path) -> None:
    content = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(content | {"format": 2}))


def break_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text("[]")


def lead_out(folder: Path) -> None:
    content = json.loads((folder / MANIFEST).read_text())
    content["files"]["../evil.json"] = content["files"]["inference.json"]
    (folder / MANIFEST).write_text(json.dumps(content))


def smuggle_pickle(folder: Path) -> None:
    (folder / "onnx" / "notes.txt").write_bytes(pickle.dumps(OrderedDict(a=1), 0))
    restamp(folder)


def smuggle_code(folder: Path) -> None:
    (folder / "onnx" / "loader.py").write_text("print(1)")
    restamp(folder)


def lose_the_model(folder: Path) -> None:
    (folder / "onnx" / "member_0.onnx").unlink()
    restamp(folder)


FAULTS: list[tuple[Callable[[Path], None], str]] = [
    (change_byte, "changed file onnx/member_0.onnx"),
    (remove_file, "missing file onnx/member_0.onnx"),
    (add_file, "extra file onnx/member_1.onnx"),
    (newer_format, "has format 2; this loader reads format 1"),
    (break_manifest, "is not a bundle"),
    (lead_out, "name '../evil.json' is not allowed"),
    (smuggle_pickle, "onnx/notes.txt is a pickle, which can run code"),
    (smuggle_code, "onnx/loader.py is refused: .py files can run code"),
    (lose_the_model, "onnx/member_0.onnx is missing or was changed"),
]


@pytest.mark.parametrize(("harm", "message"), FAULTS, ids=[harm.__name__ for harm, _ in FAULTS])
def test_a_bundle_that_was_harmed_is_refused(
    folder: Path, harm: Callable[[Path], None], message: str
) -> None:
    harm(folder)
    with pytest.raises(BundleError, match=message):
        open_bundle(folder)


def test_another_bundle_than_expected_is_refused(folder: Path) -> None:
    digest = load_bundle(folder).digest
    open_bundle(str(folder), digest)
    (folder / "CARD.md").write_text("# another\n")
    restamp(folder)
    with pytest.raises(BundleError, match=f"not the expected {digest}"):
        open_bundle(folder, digest)
