"""Workspaces in trouble, through the command line: shared by two runs, damaged, or on a disk without room."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.samples import COLUMNS, TINY, Command, Finished, Rows, write_csv
else:
    from cli.samples import COLUMNS, TINY, Command, Finished, Rows, write_csv


@pytest.fixture
def copied(finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Finished:
    """Stand in a copy of the place where a run has ended well."""
    folder = tmp_path / "copy"
    shutil.copytree(finished.folder, folder)
    made = Finished(folder=folder, home=folder / "home", command=finished.command)
    monkeypatch.chdir(folder)
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    return made


def steps(record: Any) -> dict[str, Any]:
    return {step["report"]["name"]: step for step in record["steps"]}


def digests(found: dict[str, Any]) -> dict[str, str]:
    return {name: step["output"]["logical"] for name, step in found.items() if not step["effect"]}


def newest(penstock: Command) -> Any:
    run = json.loads(penstock("runs", "list", "--json").out)["runs"][0]["run_id"]
    return json.loads(penstock("runs", "show", run, "--json").out)


def flip_a_bit(folder: Path) -> None:
    file = max((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    file.chmod(0o600)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_a_damaged_artifact_is_made_again(copied: Finished, penstock: Command) -> None:
    before = steps(newest(penstock))
    digest = before["read"]["output"]["digest"]
    flip_a_bit(copied.home / "objects" / digest[:2] / digest)
    assert penstock(*copied.command, "--force").code == 0
    after = steps(newest(penstock))
    assert after["read"]["report"]["state"] == "ran"
    assert "damaged" in after["read"]["report"]["reason"]
    assert digests(after) == digests(before)


def test_doctor_moves_damaged_artifacts_aside_and_says_so(copied: Finished, penstock: Command) -> None:
    digest = steps(newest(penstock))["prepare"]["output"]["digest"]
    flip_a_bit(copied.home / "objects" / digest[:2] / digest)
    said = penstock("doctor", "--json")
    found = {line["subject"]: line for line in json.loads(said.out)["findings"]}
    assert said.code == 0
    assert found["artifacts"]["verdict"] == "note"
    assert "1 of " in found["artifacts"]["detail"]
    assert "damaged and moved aside; the steps that made them will run again" in found["artifacts"]["detail"]


def test_two_runs_at_once_share_every_step(tmp_path: Path, two_series: Rows) -> None:
    write_csv(tmp_path / "power.csv", two_series)
    words = ("run", "panel", "data=power.csv", *COLUMNS, *TINY, "search=false", "--json", "--quiet")
    both = [started(tmp_path, words) for _ in range(2)]
    answers = [process.communicate(timeout=280) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    first, second = (json.loads(out) for out, _ in answers)
    assert first["run_id"] != second["run_id"]
    assert (first["digest"], first["model"]) == (second["digest"], second["model"])
    states = [{step["name"]: step["state"] for step in result["steps"]} for result in (first, second)]
    for name in states[0]:
        assert sorted(each[name] for each in states) == ["ran", "reused"], name


@pytest.mark.skipif(sys.platform == "win32", reason="only POSIX limits the size of files")
def test_a_disk_without_room_is_told_with_the_way_out(tmp_path: Path, two_series: Rows) -> None:
    write_csv(tmp_path / "power.csv", two_series)
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
        "from penstock.cli.main import main; main()"
    )
    words = ("run", "panel", "data=power.csv", *COLUMNS, *TINY, "--quiet")
    out, err = started(tmp_path, words, ("-c", code)).communicate(timeout=280)
    assert out == ""
    assert err.startswith("Error: ")
    assert "PENSTOCK_HOME" in err
    assert "Traceback" not in err


def started(
    folder: Path, words: Sequence[str], how: Sequence[str] = ("-m", "penstock")
) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PENSTOCK_", "COV"))}
    return subprocess.Popen(
        [sys.executable, *how, *words],
        cwd=folder,
        env={**kept, "PENSTOCK_HOME": str(folder / "home"), "PENSTOCK_TRACKING_URI": "off"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
