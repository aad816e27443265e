from __future__ import annotations

from pathlib import Path

import pytest

from penstock.testing.runs import Ticking
from penstock.tracking.facts import DatasetNote
from penstock.tracking.journal import read_journal
from penstock.tracking.record import RunRecord, read_record
from penstock.tracking.script import script_run
from penstock.tracking.settings import TrackingSettings
from penstock.tracking.tracker import Tracker


class JournalOnly(Tracker):
    """A tracker that starts no process."""

    def _start_worker(self) -> None:
        """Nothing: these tests read the journal."""


@pytest.fixture
def tracker(tmp_path: Path) -> Tracker:
    return JournalOnly(TrackingSettings(folder=tmp_path / "tracking"), environ={}, clock=Ticking())


def record(tmp_path: Path) -> RunRecord:
    return read_record("try-1", read_journal(tmp_path / "tracking" / "journals" / "try-1.jsonl"))


def test_a_script_tells_its_run(tracker: Tracker, tmp_path: Path) -> None:
    with script_run(tracker, "try-1", system="load", params={"season": 24}, clock=Ticking()) as run:
        with run.step("fit"):
            run.measure("naive", {"mae": 1.5}, step="fit")
        run.measure("", {"score": 2.0})
        run.trained_on(DatasetNote(name="load@v1", digest="d"))
        run.attach("report.html", tmp_path / "report.html")

    found = record(tmp_path)
    assert (found.system, found.status, found.config) == ("load", "done", {"season": 24})
    assert {name: step.state for name, step in found.steps.items()} == {"fit": "ran"}
    assert found.steps["fit"].metrics == {"naive.mae": 1.5}
    assert set(found.metrics) == {"naive.mae", "score"}
    assert found.dataset is not None
    assert set(found.artifacts) == {"report.html"}


@pytest.mark.parametrize(("error", "status"), [(ValueError, "failed"), (KeyboardInterrupt, "interrupted")])
def test_a_script_that_fails_says_so_and_passes_its_error_on(
    tracker: Tracker, tmp_path: Path, error: type[BaseException], status: str
) -> None:
    def broken() -> None:
        with script_run(tracker, "try-1", system="load", params={}, clock=Ticking()) as run, run.step("fit"):
            raise error("as told")

    with pytest.raises(error, match="as told"):
        broken()

    found = record(tmp_path)
    assert found.status == status
    assert found.steps["fit"].state == "failed"
