from __future__ import annotations

import sys
from pathlib import Path

import pytest

from penstock.app.new import create_system
from penstock.app.plan import plan
from penstock.app.session import Session
from penstock.domain.errors import UsageError


def test_a_new_system_can_be_planned_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    made = create_system("kiosk_of_tests", tmp_path)
    assert sorted(path.name for path in made.iterdir()) == [
        "README.md",
        "config.yaml",
        "data.csv",
        "smoke.yaml",
        "system.py",
    ]
    planned = plan(str(made), ["horizon=3"], Session.open(tmp_path / "workspace", environ={}))
    assert planned.system.name == "kiosk_of_tests"
    assert planned.graph.node("sales").step.reads == ("data.csv",)
    assert "release" in planned.graph.outputs
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_code_of_a_new_system_fits_a_page(tmp_path: Path) -> None:
    code = (create_system("stall_of_tests", tmp_path) / "system.py").read_text(encoding="utf-8")
    assert sum(1 for line in code.splitlines() if line.strip()) < 60
    assert "SYSTEM_NAME" not in code


def test_the_data_of_a_new_system_are_three_series_without_gaps(tmp_path: Path) -> None:
    import polars as pl

    table = pl.read_csv(create_system("stall_of_tests", tmp_path) / "data.csv", try_parse_dates=True)
    counts = table.group_by("shop").agg(pl.len(), pl.col("day").n_unique().alias("days"))
    assert counts["len"].to_list() == counts["days"].to_list() == [420, 420, 420]
    assert table["day"].n_unique() == 420


@pytest.mark.parametrize("name", ["Bakery", "9lives", "two words", "a-b", "", "class", "bäckerei", "../up"])
def test_a_name_that_python_cannot_import_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="lower-case letters"):
        create_system(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "what"), [("denmark", "installed system"), ("json", "installed Python module")]
)
def test_a_name_that_is_taken_is_refused(tmp_path: Path, name: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        create_system(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "bakery").mkdir()
    with pytest.raises(UsageError, match="is there already"):
        create_system("bakery", tmp_path)


def test_a_folder_that_cannot_be_filled_is_not_left_half_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from penstock.app import new

    def fail(folder: Path, name: str) -> None:
        (folder / "system.py").write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(new, "_fill", fail)
    with pytest.raises(OSError, match="No space left"):
        create_system("bakery", tmp_path)
    assert list(tmp_path.iterdir()) == []
