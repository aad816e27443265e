from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.errors import UsageError
from penstock.testing.runs import whole_run, write
from penstock.tracking.journal import JournalWriter, Line, journal_path, plain, read_journal, run_ids

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_journal_returns_the_lines_written_to_it(tmp_path: Path) -> None:
    path = write(tmp_path, "run-1", whole_run("run-1"))

    kinds = [line.kind for line in read_journal(path)]

    assert kinds[0] == "RunStarted"
    assert kinds[-1] == "RunFinished"
    assert kinds.count("TrialFinished") == 3


def test_a_torn_last_line_is_ignored_and_the_next_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(b'{"at":1,"kind":"a","body":{}}\n{"at":2,"kind":"b","bo')

    with JournalWriter(path) as writer:
        writer.write(Line(3, "c", {}))

    assert [line.kind for line in read_journal(path)] == ["a", "c"]


def test_lines_that_are_no_entries_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(b'7\n{"at":1}\nnull\n\n{"at":1,"kind":"a","body":{}}\n')

    assert [line.kind for line in read_journal(path)] == ["a"]


@pytest.mark.parametrize("run_id", ["", "../x", "a/b", ".hidden", "a\\b", "a b"])
def test_a_run_id_that_could_leave_the_folder_is_refused(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(UsageError, match="cannot name a journal"):
        journal_path(tmp_path, run_id)


def test_run_ids_are_sorted(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        write(tmp_path, name, ())

    assert run_ids(tmp_path) == ["a", "b", "c"]


@settings(max_examples=30)
@given(json_values)
def test_plain_leaves_json_as_it_is(value: object) -> None:
    assert plain(value) == value


def test_plain_turns_everything_into_json() -> None:
    @dataclass
    class Odd:
        when: datetime
        items: tuple[object, ...]

    value = Odd(datetime(2026, 1, 1, tzinfo=UTC), (Path("x"), {1: None}))

    assert json.loads(json.dumps(plain(value))) == {
        "when": "2026-01-01T00:00:00+00:00",
        "items": ["x", {"1": None}],
    }
