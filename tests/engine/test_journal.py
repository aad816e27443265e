from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from penstock.engine.journal import Journal

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def test_lines_come_back_in_order(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "run" / "journal.jsonl")
    journal.write("run_started", now=NOW, system="denmark")
    journal.write("run_finished", now=NOW, status="done")
    assert [line["event"] for line in journal.read()] == ["run_started", "run_finished"]


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    journal = Journal(path=tmp_path / "journal.jsonl")
    journal.write("run_started", now=NOW)
    with journal.path.open("ab") as file:
        file.write(b'{"event": "step_comm')
    assert [line["event"] for line in journal.read()] == ["run_started"]


def test_a_journal_that_was_never_written_is_empty(tmp_path: Path) -> None:
    assert list(Journal(path=tmp_path / "none.jsonl").read()) == []
