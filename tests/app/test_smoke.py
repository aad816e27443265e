from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.app.new import create_system
from penstock.app.smoke import SmokeResult, smoke, told
from penstock.domain.errors import ConfigError, UsageError
from penstock.systems.panel.sample import FILE, write_sample

if TYPE_CHECKING:
    from tests.app.past import write_system
    from tests.cli.samples import TINY, wave, write_csv
else:
    from app.past import write_system
    from cli.samples import TINY, wave, write_csv

ENVIRON = {"PENSTOCK_TRACKING_URI": "off"}
SYSTEM = """\
from pathlib import Path

from penstock.systems.panel.config import PanelConfig
from penstock.systems.panel.system import train
from penstock.systems.shared.system import System

FOLDER = Path(__file__).parent
SYSTEM = System(name="wavy", title="A wave", folder=FOLDER, config=PanelConfig, train=train)
"""


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which scratch folders are made; nothing may stay there."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def system_with(folder: Path, smoke_yaml: str) -> str:
    """Write a system whose smoke test nobody gets as far as running."""
    write_system(folder)
    (folder / "smoke.yaml").write_text(smoke_yaml, encoding="utf-8")
    return str(folder)


def tiny(folder: Path, at_most: float, metric: str = "mape") -> str:
    """Write a system that reads a wave from a file in its own folder."""
    folder.mkdir()
    (folder / "system.py").write_text(SYSTEM)
    (folder / "config.yaml").write_text("target: load\ntime: stamp\n")
    write_csv(folder / "wave.csv", wave())
    listed = "\n".join(f"  - {text}" for text in ("data={folder}/wave.csv", *TINY))
    (folder / "smoke.yaml").write_text(f"overrides:\n{listed}\nmetric: {metric}\nat_most: {at_most}\n")
    return str(folder)


def test_the_error_is_judged_by_the_bound_and_nothing_stays(tmp_path: Path, scratch: Path) -> None:
    before = sorted(tmp_path.iterdir())
    found = smoke(tiny(tmp_path / "wavy", 0.5), ENVIRON)
    assert found.passed
    assert 0 < found.value < 0.5
    assert (found.system, found.metric, found.dataset, found.model) == ("wavy", "mape", "wave@v1", "wave@v1")
    assert found.overrides == ("data={folder}/wave.csv", *TINY)
    assert found.steps > 15
    assert list(scratch.iterdir()) == []
    assert sorted(tmp_path.iterdir()) == [*before, tmp_path / "wavy"]


def test_an_unknown_metric_names_the_nearest_one(tmp_path: Path, scratch: Path) -> None:
    with pytest.raises(
        ConfigError, match="the metric 'mapes', which the run does not have; did you mean 'mape"
    ):
        smoke(tiny(tmp_path / "wavy_odd", 0.5, metric="mapes"), ENVIRON)
    assert list(scratch.iterdir()) == []


def test_a_system_without_the_file_is_told_what_to_write(tmp_path: Path, scratch: Path) -> None:
    folder = write_system(tmp_path / "past_smokeless")
    with pytest.raises(UsageError, match=r"has no smoke\.yaml in .*`overrides`.*`metric`; and `at_most`"):
        smoke(str(folder), ENVIRON)
    assert list(scratch.iterdir()) == []


def test_all_faults_of_the_file_are_told_at_once(tmp_path: Path) -> None:
    folder = system_with(tmp_path / "past_with_faults", "overides: [a=1]\nat_most: much\n")
    with pytest.raises(ConfigError) as raised:
        smoke(folder, ENVIRON)
    message = str(raised.value)
    assert "3 faults" in message
    assert "smoke.yaml:1: unknown key overides; did you mean 'overrides'?" in message
    assert "smoke.yaml: metric is missing" in message
    assert "smoke.yaml:2: at_most = 'much': Input should be a valid number" in message


@pytest.mark.parametrize("bound", ["inf", "nan"])
def test_a_bound_is_a_finite_number(tmp_path: Path, bound: str) -> None:
    folder = system_with(tmp_path / f"past_with_{bound}", f"metric: mape\nat_most: .{bound}\n")
    with pytest.raises(ConfigError, match=f"at_most = {bound}: Input should be a finite number"):
        smoke(folder, ENVIRON)


def test_a_run_that_fails_leaves_nothing(tmp_path: Path, scratch: Path) -> None:
    folder = system_with(tmp_path / "past_failing", "overrides: [no.such=1]\nmetric: mape\nat_most: 1\n")
    with pytest.raises(ConfigError, match=r"unknown key no"):
        smoke(folder, ENVIRON)
    assert list(scratch.iterdir()) == []


def test_the_sample_of_the_panel_is_the_same_every_time(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        write_sample(tmp_path / name)
    one, other = ((tmp_path / name / FILE).read_bytes() for name in ("one", "other"))
    assert one == other
    table = pl.read_csv(tmp_path / "one" / FILE)
    assert table.columns == ["hour", "area", "kind", "load_kwh"]
    assert table.select("area", "kind").n_unique() == 4


@pytest.mark.parametrize(
    ("value", "says"), [(0.1, "passed: mape 0.1 ≤ 0.2"), (0.25, "FAILED: mape 0.25 > 0.2")]
)
def test_both_numbers_are_told(value: float, says: str) -> None:
    result = SmokeResult(
        system="a",
        passed=value <= 0.2,
        metric="mape",
        value=value,
        at_most=0.2,
        overrides=(),
        steps=3,
        checks=1,
        dataset=None,
        model=None,
        headline="",
        seconds=3.0,
    )
    assert told(result) == f"a: {says} (smoke.yaml), 3 steps and 1 checks in 3.0 s."


def test_a_new_system_says_what_a_smoke_test_of_it_is(tmp_path: Path) -> None:
    text = (create_system("booth_of_tests", tmp_path) / "smoke.yaml").read_text(encoding="utf-8")
    assert "`penstock smoke booth_of_tests`" in text
    assert "at_most:" in text
