from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.domain.errors import DataError, UsageError
from penstock.domain.windows import Window
from penstock.sources.http.exchange import Answer, Request
from penstock.sources.simulators.denmark import DenmarkSimulator, DenmarkSimulatorConfig
from penstock.sources.tapes.answers import Recorded
from penstock.sources.tapes.simulated import denmark_tape, save_denmark_tape
from penstock.sources.tapes.tape import Tape, TapeLabel, load_tape, save_answers
from penstock.testing.sources import FakeTime

if TYPE_CHECKING:
    from tests.sources.shipped import NAMES, shipped
else:
    from sources.shipped import NAMES, shipped

LABEL = TapeLabel(name="made", base_url="https://api.example", recorded_at=FakeTime().now, note="for tests")
ANSWERS = [Recorded(Request.of("x", {"a": str(n)}), Answer(200, b"%d" % n)) for n in range(12)]


@pytest.mark.parametrize("name", NAMES)
def test_every_tape_of_the_tests_says_that_no_service_has_answered_so(name: str) -> None:
    tape = shipped(name)
    assert tape.label.simulated
    assert "(simulated " in tape.described
    assert "no real" in tape.label.note


def test_a_saved_tape_is_read_in_its_order(tmp_path: Path) -> None:
    save_answers(tmp_path / "deep/made", LABEL, ANSWERS)
    tape = load_tape(tmp_path / "deep/made")
    assert tape == Tape(label=LABEL, answers=ANSWERS, tables=[])
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["made"], (
        "nothing is left beside it"
    )


def test_a_tape_is_never_written_over(tmp_path: Path) -> None:
    save_answers(tmp_path / "made", LABEL, ANSWERS)
    with pytest.raises(UsageError, match="is there already"):
        save_answers(tmp_path / "made", LABEL, [])
    assert len(load_tape(tmp_path / "made").answers) == 12


def test_a_tape_that_cannot_be_written_is_not_there(tmp_path: Path) -> None:
    broken = Recorded(Request.of("x", {"a": "\ud800"}), Answer(200))
    with pytest.raises(UnicodeEncodeError):
        save_answers(tmp_path / "made", LABEL, [broken])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no label of a tape"),
        ("format: 2\nname: x\n", "has format 2, and this Penstock reads formats up to 1; upgrade"),
        ("format: 1\nname: x\n", "no label of a tape"),
        ("name: [x", "no label of a tape"),
        ("name: x\nbase_url: y\nrecorded_at: 2026-01-01\ncolour: red\n", "no label of a tape"),
    ],
)
def test_a_label_that_is_none_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "tape.yaml").write_text(text)
    with pytest.raises(DataError, match=message):
        load_tape(tmp_path)


def test_a_folder_that_is_no_tape_is_told_how_to_become_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is no tape: it has no tape\.yaml\. Make one with"):
        load_tape(tmp_path)


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    save_denmark_tape(tmp_path / "dk", _two_days())
    (tmp_path / "dk/ConsumptionDE35Hour.csv").unlink()
    with pytest.raises(DataError, match=r"ConsumptionDE35Hour\.csv: there is no such file, though"):
        load_tape(tmp_path / "dk")


def test_a_saved_table_holds_the_rows_of_the_simulator(tmp_path: Path) -> None:
    window = _two_days()
    save_denmark_tape(tmp_path / "dk", window)
    (saved,), (live,) = load_tape(tmp_path / "dk").tables, denmark_tape().tables
    assert saved.rows(window).equals(live.rows(window))
    assert live.rows(window).equals(DenmarkSimulator().fetch(window))


def _two_days() -> Window:
    start = DenmarkSimulatorConfig().start
    return Window(start, start.replace(day=3))
