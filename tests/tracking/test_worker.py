from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest

from penstock.domain.errors import ServiceError
from penstock.storage.locks import FileLock
from penstock.testing.runs import START, ended, started, step, whole_run, write
from penstock.tracking.backend import Backend
from penstock.tracking.extensions import Shown
from penstock.tracking.pending import mark_shown, pending_runs
from penstock.tracking.report import MirrorReport
from penstock.tracking.settings import TrackingSettings, settings_from, settings_line
from penstock.tracking.worker import Worker


@pytest.fixture
def worker(backend: Backend, tmp_path: Path) -> Worker:
    """A worker on journals of its own that shares the database."""
    settings = TrackingSettings(folder=tmp_path, uri=backend.settings.address)
    return Worker(settings, Backend(backend.client, settings))


def close(worker: Worker, *, dead: bool = False) -> MirrorReport:
    answers = io.StringIO()
    answers.close = lambda: None  # type: ignore[method-assign] # read after the worker has closed it
    worker.close(answers, dead=dead)
    return MirrorReport.model_validate_json(answers.getvalue())


def test_settings_survive_the_pipe(tmp_path: Path) -> None:
    settings = TrackingSettings(folder=tmp_path, uri="http://u:p@h", extensions={"a": "b:c"})

    assert settings_from(settings_line(settings)) == settings


def test_a_closed_worker_reports_and_marks_its_runs(worker: Worker) -> None:
    write(worker.settings.journals, "w-1", whole_run("w-1"))
    worker.show("w-1")
    assert pending_runs(worker.settings) == ["w-1"]

    report = close(worker)

    assert set(report.mirrored) == {"w-1"}
    assert report.pending == ()
    assert pending_runs(worker.settings) == []


def test_runs_that_were_left_are_shown_with_the_next(worker: Worker) -> None:
    write(worker.settings.journals, "left", whole_run("left"))
    write(worker.settings.journals, "next", whole_run("next"))
    worker.show("next")

    close(worker)

    assert set(worker.mirrored) == {"left", "next"}


def test_a_journal_that_grew_is_pending_again(worker: Worker) -> None:
    path = write(worker.settings.journals, "more", [started("more")])
    mark_shown(worker.settings, "more", path.stat().st_size)
    assert pending_runs(worker.settings) == []

    write(worker.settings.journals, "more", [ended("more")])

    assert pending_runs(worker.settings) == ["more"]


def test_marks_of_another_address_do_not_count(worker: Worker) -> None:
    path = write(worker.settings.journals, "other", [started("other")])
    mark_shown(worker.settings, "other", path.stat().st_size)

    elsewhere = TrackingSettings(folder=worker.settings.folder, uri="http://elsewhere")

    assert pending_runs(elsewhere) == ["other"]


def test_a_new_local_database_is_shown_every_journal_again(
    backend: Backend, tmp_path: Path, monkeypatch: Any
) -> None:
    settings = TrackingSettings(folder=tmp_path)
    path = write(settings.journals, "again", whole_run("again"))
    mark_shown(settings, "again", path.stat().st_size)
    monkeypatch.setattr("penstock.tracking.worker.open_backend", lambda _: backend)

    assert pending_runs(settings) == ["again"]
    assert set(close(Worker(settings)).mirrored) == {"again"}


def test_a_run_that_another_worker_shows_is_left_to_it(worker: Worker) -> None:
    write(worker.settings.journals, "taken", whole_run("taken"))

    with FileLock(worker.settings.journals / "taken.lock"):
        report = close(worker)

    assert report == MirrorReport(pending=("taken",))


def test_a_dead_parent_leaves_a_killed_run(worker: Worker, backend: Backend) -> None:
    write(worker.settings.journals, "dead", [started("dead"), *step("dead", "fit")])
    worker.show("dead")

    report = close(worker, dead=True)

    assert backend.client.get_run(report.mirrored["dead"]).info.status == "KILLED"


def test_a_run_abandoned_long_ago_is_shown_as_killed(worker: Worker, backend: Backend) -> None:
    path = write(worker.settings.journals, "old", [started("old")])
    os.utime(path, (START.timestamp(), START.timestamp()))

    report = close(worker)

    assert backend.client.get_run(report.mirrored["old"]).info.status == "KILLED"


def test_one_run_that_cannot_be_shown_does_not_stop_the_others(worker: Worker) -> None:
    events = [started("bad", system="x" * 600), *step("bad", "fit"), ended("bad")]
    write(worker.settings.journals, "bad", events)
    write(worker.settings.journals, "good", whole_run("good"))

    report = close(worker)

    assert set(report.mirrored) == {"good"}
    assert set(report.failed) == {"bad"}
    assert report.pending == ("bad",)
    assert len(report.failed["bad"]) <= 300


def test_an_extension_is_called_after_the_run_was_shown(worker: Worker, monkeypatch: Any) -> None:
    calls: list[tuple[str, Any]] = []
    monkeypatch.setattr(
        "penstock.testing.runs.note",
        lambda shown, content: calls.append((shown.record.run_id, content)),
        raising=False,
    )
    worker.settings = worker.settings.with_extensions({"release": "penstock.testing.runs:note"})
    path = write(worker.settings.journals, "ext", whole_run("ext"))
    with path.open("ab") as file:
        file.write(b'{"at":1,"kind":"Extension","body":{"name":"release","content":{"version":3}}}\n')

    report = close(worker)

    assert calls == [("ext", {"version": 3})]
    assert set(report.mirrored) == {"ext"}


def test_a_journal_cannot_choose_the_code_that_runs(worker: Worker) -> None:
    path = write(worker.settings.journals, "evil", whole_run("evil"))
    with path.open("ab") as file:
        file.write(b'{"at":1,"kind":"Extension","body":{"name":"os:system","content":{}}}\n')

    report = close(worker)

    assert "No tracking extension 'os:system'" in report.failed["evil"]


def test_a_failing_extension_keeps_the_run_pending(worker: Worker, monkeypatch: Any) -> None:
    def away(shown: Shown, content: object) -> None:
        raise ServiceError("the registry is away")

    monkeypatch.setattr("penstock.testing.runs.away", away, raising=False)
    worker.settings = worker.settings.with_extensions({"release": "penstock.testing.runs:away"})
    path = write(worker.settings.journals, "half", whole_run("half"))
    with path.open("ab") as file:
        file.write(b'{"at":1,"kind":"Extension","body":{"name":"release","content":{}}}\n')

    report = close(worker)

    assert report.failed == {"half": "the registry is away"}
    assert report.pending == ("half",)


def test_a_tracker_that_is_away_leaves_the_run_pending(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    settings = TrackingSettings(folder=tmp_path, uri="http://127.0.0.1:9")
    write(settings.journals, "away", whole_run("away"))

    report = close(Worker(settings))

    assert "127.0.0.1" in report.failed["away"]
    assert report.pending == ("away",)
