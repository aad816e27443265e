from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.domain.events import StepProgress
from penstock.domain.values import RunId
from penstock.testing.runs import Ticking, ended, started, step, whole_run, write
from penstock.tracking.facts import RunFacts
from penstock.tracking.journal import read_journal
from penstock.tracking.report import MirrorReport
from penstock.tracking.settings import TrackingSettings, tracking_settings
from penstock.tracking.tracker import Tracker

if TYPE_CHECKING:
    import pytest


def tracker_of(settings: TrackingSettings) -> Tracker:
    return Tracker(settings, environ=os.environ, clock=Ticking())


def runs_in(folder: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        return database.execute("SELECT name, status FROM runs ORDER BY name").fetchall()


def test_a_run_is_mirrored_by_a_process_of_its_own(
    tracking_folder: Path, backend: object, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = TrackingSettings(folder=tmp_path, uri=f"sqlite:///{tracking_folder}/mlflow.db")
    tracker = tracker_of(settings)
    for event in whole_run("by-process"):
        tracker.on(event)
    tracker.describe("by-process", RunFacts(tags={"commit": "abc"}))

    report = tracker.close(60)

    assert report.failed == {}
    assert set(report.mirrored) == {"by-process"}
    assert ("by-process", "FINISHED") in runs_in(tracking_folder)
    assert capfd.readouterr() == ("", "")
    assert settings.log_file.read_text() == ""


def test_a_run_in_which_nothing_ran_waits_for_the_next_sync(tmp_path: Path) -> None:
    tracker = tracker_of(tracking_settings(tmp_path, {}))
    for event in (started("still"), *step("still", "load", "reused"), ended("still")):
        tracker.on(event)

    report = tracker.close(0)

    assert report.pending == ("still",)
    assert not (tmp_path / "mlflow.db").exists()


def test_a_sync_shows_what_is_missing(tracking_folder: Path, backend: object, tmp_path: Path) -> None:
    settings = TrackingSettings(folder=tmp_path, uri=f"sqlite:///{tracking_folder}/mlflow.db")
    write(settings.journals, "missing", whole_run("missing"))

    report = tracker_of(settings).sync(60)

    assert set(report.mirrored) == {"missing"}
    assert ("missing", "FINISHED") in runs_in(tracking_folder)
    assert tracker_of(settings).sync(60) == MirrorReport()


def test_a_worker_that_dies_is_reported(
    tmp_path: Path, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false" if Path("/bin/false").exists() else "/usr/bin/false")
    tracker = tracker_of(tracking_settings(tmp_path, {}))
    for event in whole_run("dies"):
        tracker.on(event)

    report = tracker.close(10)

    assert len(caplog.messages) == 1
    assert "Nothing is lost" in caplog.messages[0]
    assert "ended without a report" in report.failed["worker"]


def test_a_process_that_cannot_start_turns_tracking_off(
    tmp_path: Path, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "absent"))
    tracker = tracker_of(tracking_settings(tmp_path, {}))

    for event in whole_run("none"):
        tracker.on(event)
    tracker.close(0)

    assert [record.getMessage()[:15] for record in caplog.records] == ["Tracking is off"]


def test_a_journal_that_cannot_be_written_turns_tracking_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "journals").write_text("a file where the folder should be")
    tracker = tracker_of(tracking_settings(tmp_path, {}))

    for event in whole_run("full"):
        tracker.on(event)
    tracker.close(0)

    assert len(caplog.messages) == 1
    assert "its journal cannot be written" in caplog.messages[0]


def test_tracking_that_is_off_leaves_nothing_behind(tmp_path: Path) -> None:
    tracker = tracker_of(tracking_settings(tmp_path, {"PENSTOCK_TRACKING_URI": "off"}))
    for event in whole_run("off"):
        tracker.on(event)

    assert tracker.close(0).pending == ()
    assert tracker.sync(0).pending == ()
    assert list(tmp_path.iterdir()) == []


def test_progress_is_not_journalled(tmp_path: Path) -> None:
    settings = TrackingSettings(folder=tmp_path, warm=False)
    tracker = tracker_of(settings)

    tracker.on(started("p"))
    tracker.on(StepProgress(run_id=RunId("p"), step="fit", done=1))
    tracker.close(0)

    assert [line.kind for line in read_journal(settings.journals / "p.jsonl")] == ["RunStarted"]


def test_events_import_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys, penstock.tracking.tracker\n"
        "heavy = {'mlflow', 'pandas', 'numpy', 'sqlalchemy'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.stderr == ""
