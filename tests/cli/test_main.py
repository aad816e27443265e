from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.engine.surroundings import PINNED

if TYPE_CHECKING:
    from tests.cli.samples import COLUMNS, TINY, Finished, Rows, write_csv
else:
    from cli.samples import COLUMNS, TINY, Finished, Rows, write_csv

HEAVY = frozenset(
    {
        *("lightgbm", "mlflow", "mlforecast", "torch", "pandas", "polars", "numpy", "scipy", "sklearn"),
        *("optuna", "plotly", "pydantic", "pyarrow", "omegaconf", "rich", "yaml", "skops", "hypothesis"),
    }
)


def shell(folder: Path, *arguments: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "penstock", *arguments],
        cwd=folder,
        env={**clean_environ(), **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


def clean_environ() -> dict[str, str]:
    """Return the environment without what a developer, coverage or a test has set for Penstock."""
    dropped = ("PENSTOCK_", "PYTEST_", "COV_", "COVERAGE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)}


def modules_after(folder: Path, *arguments: str, environ: Mapping[str, str]) -> set[str]:
    """Return the top-level modules that a command had imported when it ended."""
    code = (
        "import atexit, sys; atexit.register(lambda: sys.stderr.write(' '.join(sys.modules)));"
        "from penstock.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env={**clean_environ(), **environ},
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
    )
    return {name.partition(".")[0] for name in done.stderr.split()}


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    assert modules_after(tmp_path, "--help", environ={}) & HEAVY == set()


def test_help_writes_nothing(tmp_path: Path) -> None:
    assert shell(tmp_path, "--help", environ={}).returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, two_series: Rows) -> Iterator[Finished]:
    """Return a place where a run has ended in a process of its own."""
    folder = tmp_path_factory.mktemp("door")
    write_csv(folder / "power.csv", two_series)
    words = ("run", "panel", "data=power.csv", *COLUMNS, *TINY, "search=false")
    made = Finished(folder=folder, home=folder / "home", command=words)
    # A file that was written while the process started would keep the door shut.
    time.sleep(0.1)
    done = shell(folder, *words, environ=made.environ)
    assert done.returncode == 0, done.stderr
    yield made
    shutil.rmtree(made.home, ignore_errors=True)


def test_an_unchanged_run_is_answered_without_importing_anything(place: Finished) -> None:
    environ = {**place.environ, **PINNED}
    assert modules_after(place.folder, *place.command, environ=environ) & {*HEAVY, "typer", "click"} == set()


def test_an_unchanged_run_says_so_to_people_and_machines(place: Finished) -> None:
    text = shell(place.folder, *place.command, environ=place.environ)
    assert text.stdout.startswith("Unchanged since run ")
    assert text.stderr == ""
    result = json.loads(shell(place.folder, *place.command, "--json", environ=place.environ).stdout)
    assert {step["state"] for step in result["steps"]} == {"reused"}
    assert result["status"] == "done"
    assert result["model"] == {"name": "power", "version": 1, "alias": "candidate"}


def test_force_plans_afresh_and_reuses_every_step(place: Finished) -> None:
    done = shell(place.folder, *place.command, "--force", "--json", environ=place.environ)
    result = json.loads(done.stdout)
    assert {step["name"]: step["state"] for step in result["steps"] if step["state"] != "reused"} == {}
    assert "acquire: read reused" in done.stderr


def test_a_report_that_was_removed_is_written_again(place: Finished) -> None:
    result = json.loads(shell(place.folder, *place.command, "--json", environ=place.environ).stdout)
    Path(result["report"]).unlink()
    again = shell(place.folder, *place.command, "--json", environ=place.environ)
    assert Path(json.loads(again.stdout)["report"]).is_file()
    assert "check_panel reused" in again.stderr


def test_ctrl_c_ends_with_130_and_one_line(tmp_path: Path, two_series: Rows) -> None:
    write_csv(tmp_path / "power.csv", two_series)
    words = ("run", "panel", "data=power.csv", *COLUMNS, *TINY, "--log-format", "json")
    with subprocess.Popen(
        [sys.executable, "-m", "penstock", *words],
        cwd=tmp_path,
        env={**clean_environ(), "PENSTOCK_TRACKING_URI": "off", "PENSTOCK_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        first = json.loads(running.stderr.readline())
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=120)
    assert first["event"] == "RunStarted"
    assert (running.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "Error: Interrupted. Finished steps are kept; the same command continues."
    assert "Traceback" not in err


def test_a_reader_that_had_enough_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m penstock systems --json | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env=clean_environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_encoding_without_our_signs_gets_plain_ones(there: Finished) -> None:
    environ = {**there.environ, "PYTHONIOENCODING": "ascii"}
    runs = json.loads(shell(there.folder, "runs", "list", "--json", environ=environ).stdout)["runs"]
    done = shell(there.folder, "runs", "show", runs[0]["run_id"], environ=environ)
    assert done.returncode == 0
    assert "+ passed" in done.stdout
    assert done.stdout.isascii()
