"""The lines of Python in the README run, in a workspace where a model is registered."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "README.md"
SMALL = ("source.days=60", "source.areas=[DK1]", "source.consumer_types=['111','443']", "split.origins=4")
QUICK = ("tune.trials=1", "model.n_estimators=10", "checks.examples=1")


NEEDLE = "tr0utbeck"  # in an address, as a team would have it
ADDRESS = f"postgresql://anna:{NEEDLE}@db.example/penstock"


def run(command: list[str], folder: Path) -> str:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")}
    environ["PENSTOCK_DATABASE_URL"] = ADDRESS
    done = subprocess.run(
        command, check=False, cwd=folder, env=environ, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return a folder in which a small Danish model was trained, and what was printed."""
    folder = tmp_path_factory.mktemp("trained")
    command = [sys.executable, "-m", "penstock", "run", "denmark", *SMALL, *QUICK]
    return folder, run(command, folder)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_registered_model_forecasts_with_five_lines_or_fewer(trained: tuple[Path, str]) -> None:
    folder, _ = trained
    (lines,) = re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(lines.splitlines()) <= 5
    (folder / "forecast.py").write_text(
        lines.replace('"denmark"', f'"denmark", {list(SMALL)!r}'), encoding="utf-8"
    )
    printed = run([sys.executable, "forecast.py"], folder)
    assert Path(folder, printed.strip().splitlines()[-1]).is_file()


@pytest.mark.slow
def test_no_record_of_a_run_holds_a_secret(trained: tuple[Path, str]) -> None:
    folder, printed = trained
    assert NEEDLE not in printed
    records = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert records
    assert [path.name for path in records if NEEDLE.encode() in path.read_bytes()] == []
