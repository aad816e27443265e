from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from penstock.domain.errors import BundleError
from penstock.domain.values import Digest
from penstock.release.bundle import Bundle, write_bundle
from penstock.release.mirror import (
    DIGEST_TAG,
    RELEASE_TAG,
    ReleaseNote,
    mirror_aliases,
    mirror_release,
    save_pyfunc,
)
from penstock.testing.runs import lines, whole_run
from penstock.testing.toys import ToyNaive, toy_parts
from penstock.tracking.backend import QUIET_ENVIRONMENT, open_backend
from penstock.tracking.extensions import Shown
from penstock.tracking.mirror import RunMirror
from penstock.tracking.record import read_record
from penstock.tracking.settings import TrackingSettings

PLUGIN = """
from pathlib import Path
from pydantic import BaseModel
from penstock.engine import pipeline, step
from penstock.systems.shared.system import System
from penstock.testing.toys import KIND, load_toy

@step(stage="train")
def nothing(seed: int) -> int:
    return seed

@pipeline
def train(cfg: BaseModel) -> int:
    return nothing(1)

SYSTEM = System(
    name="toy", title="A toy", folder=Path(__file__).parent, config=BaseModel, train=train, loaders={KIND: load_toy}
)
"""

FRESH = """
import sys, warnings
warnings.simplefilter("ignore")
import mlflow, pandas as pd
model = mlflow.pyfunc.load_model("models:/denmark@candidate")
times = pd.date_range("2026-01-01", periods=48, freq="h", tz="UTC")
frame = pd.concat(
    [pd.DataFrame({"series": name, "time": times, "y": [scale * i for i in range(48)]}) for name, scale in (("b", 2.0), ("a", 1.0))]
)
whole = model.predict(frame)
two = model.predict(frame, params={"horizon": 2})
out = two.assign(time=two["time"].map(lambda at: at.isoformat()))
print(__import__("json").dumps({"rows": len(whole), "two": out.to_dict("records"), "kind": type(whole).__module__}))
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """A mirrored run on a database of its own."""
    settings = TrackingSettings(folder=tmp_path_factory.mktemp("home") / "tracking")
    before = dict(os.environ)
    os.environ.update(QUIET_ENVIRONMENT, MLFLOW_TRACKING_URI=settings.address)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow warns about its own use of SQLAlchemy while it is imported
        backend = open_backend(settings)
        record = read_record("run-1", lines(whole_run("run-1")))
        yield Shown(backend=backend, record=record, mlflow_run_id=RunMirror(backend).update(record))
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_bundle(tmp_path_factory.mktemp("bundles") / "toy", toy_parts())


def note(bundle: Bundle, version: int = 1, **changes: Any) -> dict[str, Any]:
    made = ReleaseNote(
        model="denmark",
        version=version,
        digest=bundle.digest,
        dataset="denmark@v3",
        bundle=bundle.folder,
        alias="candidate",
    )
    return {**made.model_dump(mode="json"), **changes}


def test_a_release_becomes_a_model_version_of_the_run(shown: Shown, bundle: Bundle) -> None:
    mirror_release(shown, note(bundle))

    client = shown.backend.client
    version = client.get_model_version_by_alias("denmark", "candidate")
    assert version.run_id == shown.mlflow_run_id
    assert version.tags[RELEASE_TAG] == "denmark@v1"
    assert version.tags[DIGEST_TAG] == bundle.digest
    assert version.tags["dataset"] == "denmark@v3"
    assert version.tags["penstock.run_id"] == "run-1"
    run: Any = client.get_run(shown.mlflow_run_id)
    [output] = run.outputs.model_outputs
    assert version.source == f"models:/{output.model_id}"


def test_nothing_in_the_logged_model_is_a_pickle(shown: Shown, bundle: Bundle) -> None:
    mirror_release(shown, note(bundle))

    files = {path.name: path for path in shown.backend.settings.artifacts.rglob("*") if path.is_file()}
    assert not any(path.suffix in {".pkl", ".pickle"} for path in files.values())
    text = files["MLmodel"].read_text()
    assert "loader_module: penstock.app.pyfunc" in text
    assert "python_model" not in text
    assert "cloudpickle" not in text


def test_mirroring_a_release_twice_makes_one_version(shown: Shown, bundle: Bundle) -> None:
    mirror_release(shown, note(bundle))
    mirror_release(shown, note(bundle))

    client = shown.backend.client
    assert len(client.search_model_versions("name = 'denmark'")) == 1
    assert len(client.search_logged_models([shown.backend.experiment("denmark")])) == 1


def test_a_mirror_that_was_cut_short_reuses_what_it_logged(
    shown: Shown, bundle: Bundle, monkeypatch: Any
) -> None:
    client = shown.backend.client
    other = note(bundle, model="cut")
    with monkeypatch.context() as patch:
        patch.setattr(type(client), "create_model_version", _fail)
        with pytest.raises(ConnectionError, match="away"):
            mirror_release(shown, other)

    mirror_release(shown, other)

    logged = client.search_logged_models([shown.backend.experiment("denmark")])
    assert [model.name for model in logged].count("cut") == 1
    assert client.get_model_version_by_alias("cut", "candidate").tags[RELEASE_TAG] == "cut@v1"


def test_the_alias_follows_the_newest_release(shown: Shown, tmp_path: Path) -> None:
    for season in (7, 12):
        made = write_bundle(tmp_path / str(season), toy_parts(ToyNaive(season=season)))
        mirror_release(shown, note(made, season, model="moving"))

    version = shown.backend.client.get_model_version_by_alias("moving", "candidate")

    assert version.tags[RELEASE_TAG] == "moving@v12"


def test_a_run_that_is_shown_late_leaves_the_alias_where_a_later_move_put_it(
    shown: Shown, tmp_path: Path
) -> None:
    moved_at = {season: f"2026-11-21T{season:02}:00:00Z" for season in (7, 12)}
    bundles = {
        season: write_bundle(tmp_path / str(season), toy_parts(ToyNaive(season=season))) for season in (7, 12)
    }
    found = []
    for season, when in ((12, 12), (7, 7), (7, None), (7, 12)):
        told = note(bundles[season], season, model="late", moved_at=moved_at[when] if when else None)
        mirror_release(shown, told)
        version = shown.backend.client.get_model_version_by_alias("late", "candidate")
        found.append(version.tags[RELEASE_TAG])

    assert found == ["late@v12", "late@v12", "late@v12", "late@v7"]


def test_aliases_that_serve_are_shown_and_an_old_note_moves_none_back(shown: Shown, tmp_path: Path) -> None:
    def told(season: int, **hours: int) -> dict[str, Any]:
        made = write_bundle(tmp_path / f"{season}-{len(hours)}", toy_parts(ToyNaive(season=season)))
        moves = {alias: f"2026-11-21T{hour:02}:00:00Z" for alias, hour in hours.items()}
        return note(made, season, model="serving", alias=None, moves=moves)

    first, second = told(7, champion=8, production=9), told(12, champion=10)
    found = []
    for content in (first, second, first):
        mirror_aliases(shown, content)
        client = shown.backend.client
        versions = [
            client.get_model_version_by_alias("serving", alias) for alias in ("champion", "production")
        ]
        found.append([version.tags[RELEASE_TAG] for version in versions])

    assert found == [["serving@v7", "serving@v7"], *[["serving@v12", "serving@v7"]] * 2]
    assert len(shown.backend.client.search_model_versions("name = 'serving'")) == 2


def test_a_moved_workspace_loads_its_models_from_where_it_is_now(
    shown: Shown, bundle: Bundle, tmp_path: Path
) -> None:
    mirror_release(shown, note(bundle))
    moved = shutil.copytree(shown.backend.settings.folder, tmp_path / "moved" / "tracking")

    client = open_backend(TrackingSettings(folder=moved)).client

    version = client.get_model_version_by_alias("denmark", "candidate")
    location = client.get_model_version_download_uri("denmark", version.version)
    assert location.startswith((moved / "artifacts").as_uri())


def test_a_bundle_that_was_changed_is_not_registered(shown: Shown, bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="not the expected"):
        mirror_release(shown, note(bundle, model="changed", digest=Digest("f" * 64)))


def test_a_bundle_without_a_horizon_gets_no_default(shown: Shown, tmp_path: Path) -> None:
    parts = toy_parts()
    plain = replace(parts, inference=parts.inference.model_copy(update={"parameters": {}}))

    save_pyfunc(write_bundle(tmp_path / "bundle", plain), tmp_path / "mlmodel")

    assert "horizon" not in (tmp_path / "mlmodel" / "MLmodel").read_text()


def test_a_fresh_process_loads_the_candidate_and_predicts(
    shown: Shown, bundle: Bundle, tmp_path: Path
) -> None:
    mirror_release(shown, note(bundle))
    (tmp_path / "toy_system.py").write_text(PLUGIN)
    info = tmp_path / "toy_system-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-system\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[penstock.systems]\ntoy = toy_system:SYSTEM\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-c", FRESH],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["rows"] == 2 * 48
    assert answer["kind"].startswith("pandas")
    assert answer["two"] == [
        {"series": name, "time": f"2026-01-03T0{step - 1}:00:00+00:00", "step": step, "prediction": value}
        for name, step, value in (("a", 1, 24.0), ("a", 2, 25.0), ("b", 1, 48.0), ("b", 2, 50.0))
    ]


def _fail(*_: object, **__: object) -> None:
    raise ConnectionError("the registry is away")
