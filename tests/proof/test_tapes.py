"""Every fault of a service, over real HTTP, ends in the right rows or in a clear error and an unchanged table."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from penstock.cli.commands import run_command_line
from penstock.domain.windows import Window
from penstock.sources.simulators.denmark import DenmarkSimulator, DenmarkSimulatorConfig
from penstock.sources.tapes.faults import FaultKind, parse_fault
from penstock.sources.tapes.player import TapePlayer
from penstock.sources.tapes.simulated import denmark_tape
from penstock.storage.tables.open import find_table
from penstock.storage.workspace import Workspace

WORLD = DenmarkSimulatorConfig.model_validate(
    {"consumer_types": ["111", "443"], "gaps_per_series_year": 0, "duplicates_per_series_year": 0}
)
OLD = Window(datetime(2023, 3, 1, tzinfo=UTC), datetime(2023, 3, 26, tzinfo=UTC))
NEW = Window(datetime(2023, 3, 20, tzinfo=UTC), datetime(2023, 4, 3, tzinfo=UTC))
KEYS = ["HourUTC", "PriceArea", "ConsumerType_DE35"]

RIGHT = ("moved", "too_many:1", "too_many@1:date", "away", "slow@1:30", "cut")
"""Faults after which the rows are there as if nothing had been."""

WRONG = {
    "moved_away": (5, "moved for good (301) to another host: https://elsewhere.example"),
    "missing": (5, "unknown there or was closed"),
    "closed": (5, "This dataset was closed"),
    "closed@2023-04-01/2023-05-01": (5, "This dataset was closed"),
    "forbidden": (5, "lets nobody in without permission"),
    "too_many:86400": (5, "come back in 86400 s"),
    "away@always": (5, "answered 500"),
    "truncated": (3, "is not whole JSON"),
    "truncated@2": (3, "is not whole JSON"),
    "renamed": (3, "missing columns: 'TotalCon' (now 'TotalCon_new'?)"),
    "renamed:HourDK": (3, "missing columns: 'HourDK' (now 'HourDK_new'?)"),
    "miscounted": (3, "the service says that there are"),
    "empty": (3, "has no rows, but table 'denmark' knows"),
}
"""Faults that end with this code and message, and leave the table as it was."""


def ingest(url: str, window: Window) -> int:
    return run_command_line(
        [
            *("data", "ingest", "denmark", "origin=energidata", f"energidata.base_url={url}"),
            *("energidata.dataset=ConsumptionDE35Hour", "energidata.http.first_pause_s=0"),
            *("energidata.http.read_timeout_s=2", "energidata.days_per_request=7", "--quiet"),
            *("--start", window.start.isoformat(), "--end", window.end.isoformat()),
        ]
    )


def known(home: Path) -> pl.DataFrame:
    table = find_table(Workspace.open(home), "denmark")
    return table.read(table.cut(as_of=datetime.now(UTC))).select(*KEYS, "TotalCon").sort(KEYS)


def shown(*windows: Window) -> pl.DataFrame:
    rows = [DenmarkSimulator(WORLD).fetch(window) for window in windows]
    return pl.concat(rows).unique().select(*KEYS, "TotalCon").sort(KEYS)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace in whose table the old window stands."""
    home = tmp_path_factory.mktemp("tapes") / "home"
    with pytest.MonkeyPatch.context() as patch, TapePlayer(denmark_tape(WORLD)) as player:
        patch.chdir(home.parent)
        patch.setenv("PENSTOCK_HOME", str(home))
        patch.setenv("PENSTOCK_TRACKING_URI", "off")
        assert ingest(player.url, OLD) == 0
    assert known(home).equals(shown(OLD))
    return home


@pytest.fixture
def home(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of it, in which commands work."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PENSTOCK_TRACKING_URI", "off")
    return Path(shutil.copytree(filled, tmp_path / "home"))


def test_every_fault_is_proven() -> None:
    tried = {parse_fault(text).fault for text in (*RIGHT, *WRONG)}
    assert tried | {FaultKind.REVISED} == set(FaultKind)


@pytest.mark.parametrize("fault", RIGHT)
def test_what_passes_does_no_harm(home: Path, fault: str) -> None:
    with TapePlayer(denmark_tape(WORLD), [parse_fault(fault)]) as player:
        assert ingest(player.url, NEW) == 0
        assert len(player.requests) >= 2
    assert known(home).equals(shown(OLD, NEW))


@pytest.mark.parametrize("fault", WRONG)
def test_what_does_not_pass_is_told_and_changes_nothing(
    home: Path, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    code, message = WRONG[fault]
    with TapePlayer(denmark_tape(WORLD), [parse_fault(fault)]) as player:
        assert ingest(player.url, NEW) == code
    assert message in capfd.readouterr().err
    before, after = shown(OLD), known(home)
    landed = Window(NEW.start, datetime(2023, 3, 27, tzinfo=UTC))
    assert after.equals(before) or (
        fault.startswith(("closed@", "truncated@")) and after.equals(shown(OLD, landed))
    )


def test_revised_values_are_revisions_of_what_was_known(home: Path) -> None:
    with TapePlayer(denmark_tape(WORLD), [parse_fault("revised:10")]) as player:
        assert ingest(player.url, NEW) == 0
    both = known(home).join(shown(OLD, NEW), on=KEYS, suffix="_before")
    raised = both["TotalCon"] / both["TotalCon_before"]
    inside = (both["HourUTC"] >= NEW.start) & (both["HourUTC"] < NEW.end)
    assert both.height == shown(OLD, NEW).height
    assert raised.filter(inside).is_between(1.0999, 1.1001).all()
    assert raised.filter(~inside).eq(1.0).all()


def test_asking_again_after_a_fault_ends_as_if_there_had_been_none(home: Path) -> None:
    with TapePlayer(denmark_tape(WORLD), [parse_fault("truncated@2"), parse_fault("closed@4")]) as player:
        codes = [ingest(player.url, NEW) for _ in range(3)]
    assert codes == [3, 5, 0]
    assert known(home).equals(shown(OLD, NEW))
