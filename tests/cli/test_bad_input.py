"""What a user may get wrong, through the command line: the message, the exit code, and nothing half-written."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.samples import COLUMNS, TINY, Command, Rows, files_in, wave, write_csv
else:
    from cli.samples import COLUMNS, TINY, Command, Rows, files_in, wave, write_csv

BAD_DATA, WRONG_USE = 3, 2

Change = Callable[[list[tuple[object, ...]]], Rows]


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A panel that is wrong in one way, and what is said of it."""

    change: Change
    said: Sequence[str]
    words: Sequence[str] = ()


def changed(row: int, column: int, value: object) -> Change:
    """Return a change of one cell."""

    def change(rows: list[tuple[object, ...]]) -> Rows:
        cells = list(rows[row])
        cells[column] = value
        return [*rows[:row], tuple(cells), *rows[row + 1 :]]

    return change


def in_turn(*changes: Change) -> Change:
    """Return the change that makes all of these."""

    def change(rows: list[tuple[object, ...]]) -> Rows:
        for each in changes:
            rows = list(each(rows))
        return rows

    return change


BROKEN_PANELS = {
    "cells": Broken(
        change=in_turn(
            changed(2, 2, "many"),
            changed(5, 2, "inf"),
            changed(3, 1, "2024-01-01T03:00:00 XYZ"),
            changed(4, 1, "2024-01-01T04:00:00"),
            changed(7, 1, "01/02/2024 07:00"),
            changed(8, 1, ""),
        ),
        said=[
            "power.csv: 6 faults",
            "text where numbers are expected in 'load': row 3 'many'",
            "infinite values in 'load'",
            "row 6 'inf'",
            "unknown time zones in 'stamp' (write an offset such as +01:00, or no zone and set timezone): row 4",
            "mixed time zones in 'stamp': row 1 '2024-01-01T00:00:00+00:00' has one, row 5 '2024-01-01T04:00:00' has none",
            "unreadable stamps in 'stamp'",
            "row 8 '01/02/2024 07:00'",
            "empty cells in the time column 'stamp': row 9",
        ],
    ),
    "rules": Broken(
        change=in_turn(
            lambda rows: [*rows, ("a", rows[7][1], 1.5)],
            lambda rows: [*rows[:50], *rows[60:]],
            lambda rows: [(*row[:2], "NaN" if 80 <= at < 90 else row[2]) for at, row in enumerate(rows)],
            changed(9, 2, -4.0),
            changed(12, 1, "2024-01-01T12:07:00+00:00"),
        ),
        said=[
            "conflicting_duplicates (1)",
            "a 2024-01-01T07:00Z (1.5 and",
            "gaps (2)",
            "a 2024-01-03T02:00Z (10 steps)",
            "a 2024-01-04T18:00Z (10 steps)",
            "raise quality.max_gap",
            "off_grid (2)",
            "a 2024-01-01T12:07Z",
            "negative_values (1)",
            "a 2024-01-01T09:00Z (-4.0)",
            "set quality.allow_negative=true",
        ],
        words=["quality.allow_negative=false"],
    ),
    "nothing changes": Broken(
        change=lambda rows: [(name, stamp, 5) for name, stamp, _ in rows],
        said=["constant_series (1)", "a (always 5.0)", "check the target column"],
    ),
    "too short to split": Broken(
        change=lambda rows: rows[:20],
        said=["the panel is too short to split", "there are 20", "give more data"],
    ),
    "a series too short": Broken(
        change=lambda rows: [*rows, *wave(20, "b")],
        said=["short_series (1)", "b (20 values)", "set quality.drop_short=true"],
    ),
}


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace in which no run ends well; it knows the source already, so refusals are quick."""
    return tmp_path_factory.mktemp("refused") / "home"


@pytest.fixture
def home(home: Path, warm: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder, before that workspace."""
    monkeypatch.setenv("PENSTOCK_HOME", str(warm))
    return warm


@pytest.mark.parametrize("broken", BROKEN_PANELS.values(), ids=BROKEN_PANELS)
def test_a_broken_panel_is_bad_data(home: Path, penstock: Command, broken: Broken) -> None:
    before = files_in(home)
    write_csv(Path.cwd() / "power.csv", broken.change(wave()))
    said = penstock("run", "panel", "data=power.csv", *COLUMNS, *TINY, *broken.words)
    refused(said.out, said.err, *broken.said)
    assert said.code == BAD_DATA
    assert files_in(home) == before


FILES: dict[str, tuple[bytes, str]] = {
    "power.csv": (b"", "is empty (0 bytes)"),
    "power.csv.gz": (gzip.compress(b"id,stamp,load\n" * 99)[:-9], "is a damaged gzip file"),
    "latin.csv": ("id,stamp,load\nø,2024-01-01,1\n".encode("latin-1"), "line 2 is not UTF-8 text"),
    "other.csv": (b"id,Stamp,load\na,b,c\n", "no column 'stamp'; did you mean 'Stamp'?"),
}
"""Each with its content and what is said of it; more of them in the tests of the reader."""


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_read_is_bad_data(home: Path, penstock: Command, name: str) -> None:
    content, message = FILES[name]
    (Path.cwd() / name).write_bytes(content)
    before = files_in(home)
    said = penstock("run", "panel", f"data={name}", *COLUMNS, *TINY)
    refused(said.out, said.err, f"{name}: ", message)
    assert said.code == BAD_DATA
    assert files_in(home) == before


def test_a_file_that_is_not_there_names_the_nearest(home: Path, penstock: Command) -> None:
    write_csv(Path.cwd() / "power.csv", wave(2))
    said = penstock("run", "panel", "data=pwer.csv", *COLUMNS, *TINY)
    refused(said.out, said.err, "there is no such file", "did you mean 'power.csv'?")
    assert said.code == BAD_DATA


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("horizn=6",), "unknown key horizn (command line); did you mean horizon?"),
        (
            ("model.learning_rate=2",),
            "model.learning_rate = 2 (command line): must be less than or equal to 1",
        ),
        (("timezone=Europe/Copenhagn",), "Europe/Copenhagen"),
        (("metric=mapee",), "did you mean 'mape'?"),
        (("checks.names=[finit]",), "did you mean 'finite'?"),
        (("checks.names=[]",), "every model would be refused"),
        (("ladder=[]",), "ladder = [] (command line)"),
        (("name=../x",), "'../x' cannot name a model"),
        (("model=forest",), "Allowed: default, fast, lightgbm, linear"),
        (("static=id",), "columns with more than one part to play: id; give each of them one"),
        (("--forecast-to", "f.xlsx"), "the ending '.xlsx' is not known; allowed: .parquet, .csv"),
        (("--forecast-to", "power.csv/f.csv"), "is not a folder; choose another place"),
        (("--config", "power/best_config@v1"), "There is no configuration 'power/best_config@v1'"),
    ],
)
def test_wrong_configuration_is_told_before_anything_runs(
    home: Path, penstock: Command, words: Sequence[str], message: str
) -> None:
    write_csv(Path.cwd() / "power.csv", wave(2))
    given = [
        word for word in TINY if word.partition("=")[0] not in {each.partition("=")[0] for each in words}
    ]
    said = penstock("run", "panel", "data=power.csv", *COLUMNS, *given, *words)
    refused(said.out, said.err, message)
    assert said.code == WRONG_USE
    assert "acquire: read" not in said.err
    assert sorted(Path.cwd().iterdir()) == [Path.cwd() / "power.csv"]


def test_an_unknown_system_is_wrong_use(home: Path, penstock: Command) -> None:
    said = penstock("run", "penal", "data=power.csv")
    refused(said.out, said.err, "There is no system 'penal'; did you mean 'panel'?")
    assert said.code == WRONG_USE


@pytest.mark.parametrize(
    ("rows", "words", "message"),
    [
        (changed(9, 2, -4.0)(wave()), ("model.targets=[log]",), "target scale log needs values above zero"),
        (wave(40), (), "fold 1 is too short: it ends at 2024-01-01 07:00"),
    ],
    ids=["logarithm", "fold"],
)
def test_what_only_learning_finds_is_bad_data_too(
    home: Path, penstock: Command, rows: Rows, words: Sequence[str], message: str
) -> None:
    before = files_in(home)
    write_csv(Path.cwd() / "power.csv", rows)
    said = penstock("run", "panel", "data=power.csv", *COLUMNS, *TINY, *words)
    refused(said.out, said.err, message)
    assert said.code == BAD_DATA
    # The rows were in order, so their version stays; nothing else does.
    assert files_in(home) == {**before, "manifests/dataset": before["manifests/dataset"] + 1}


def test_a_workspace_of_a_newer_version_is_left_alone(
    tmp_path: Path, penstock: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / "workspace.json").write_text(json.dumps({"format": 99}))
    monkeypatch.setenv("PENSTOCK_HOME", str(newer))
    for words in (("run", "panel", "data=x.csv", *COLUMNS), ("runs", "list"), ("models", "list")):
        said = penstock(*words)
        refused(said.out, said.err, "has format 99", "upgrade Penstock or set PENSTOCK_HOME")
        assert said.code == WRONG_USE
    assert [path.name for path in newer.iterdir()] == ["workspace.json"]


def test_a_workspace_that_cannot_be_written_is_wrong_use(
    home: Path, penstock: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert penstock("runs", "list").code == 0
    monkeypatch.setattr(os, "access", lambda *_: False)  # as on a read-only disk; root passes mode bits
    for words in (("run", "panel", "data=x.csv", *COLUMNS), ("runs", "list")):
        said = penstock(*words)
        refused(
            said.out, said.err, f"the workspace {home} is read-only", "set PENSTOCK_HOME to a folder that is"
        )
        assert said.code == WRONG_USE


def test_a_file_in_place_of_a_workspace_is_wrong_use(
    tmp_path: Path, penstock: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("mine")
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path / "taken"))
    said = penstock("runs", "list")
    refused(said.out, said.err, "is not a folder; set PENSTOCK_HOME to a folder")
    assert said.code == WRONG_USE
    assert (tmp_path / "taken").read_text() == "mine"


def refused(out: str, err: str, *said: str) -> None:
    """Check that nothing but one clear error was said."""
    message = err[err.index("Error: ") :]
    assert [word for word in said if word not in message] == []
    assert out == ""
    assert "Traceback" not in err
    assert "fault of Penstock" not in err
