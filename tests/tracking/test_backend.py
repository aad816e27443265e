from __future__ import annotations

import shutil
from pathlib import Path

from penstock.testing.runs import lines, whole_run
from penstock.tracking.backend import Backend, open_backend, relocate
from penstock.tracking.mirror import RunMirror
from penstock.tracking.record import read_record
from penstock.tracking.settings import TrackingSettings


def test_artifacts_lie_beside_the_database(backend: Backend, tracking_folder: Path) -> None:
    found = backend.client.get_experiment(backend.experiment("denmark"))

    assert found.artifact_location == (tracking_folder / "artifacts" / "denmark").as_uri()


def test_a_deleted_experiment_is_brought_back(backend: Backend) -> None:
    number = backend.experiment("gone")
    backend.client.delete_experiment(number)

    again = Backend(backend.client, backend.settings).experiment("gone")

    assert again == number
    assert backend.client.get_experiment(number).lifecycle_stage == "active"


def test_a_moved_workspace_finds_its_artifacts_again(
    backend: Backend, tracking_folder: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    report.write_text("<html/>")
    record = read_record("moved", lines(whole_run("moved")))
    record.artifacts = {"report.html": str(report)}
    parent = RunMirror(backend).update(record)
    moved = shutil.copytree(tracking_folder, tmp_path / "else where")

    there = open_backend(TrackingSettings(folder=moved))

    uri = there.client.get_run(parent).info.artifact_uri
    assert uri.startswith((moved / "artifacts" / "denmark").as_uri())
    downloaded = there.client.download_artifacts(parent, "report.html", str(tmp_path))
    assert Path(downloaded).read_text() == "<html/>"
    assert relocate(there.settings) == 0
