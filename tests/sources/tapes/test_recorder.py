from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from penstock.domain.errors import DataError, UsageError
from penstock.domain.windows import Window
from penstock.sources.energidata import EnergiData, EnergiDataConfig
from penstock.sources.http.access import Access
from penstock.sources.prices import DailyPrices, PricesConfig
from penstock.sources.tapes.faults import parse_fault
from penstock.sources.tapes.player import TapePlayer
from penstock.sources.tapes.recorder import record
from penstock.sources.tapes.tape import TapeLabel, load_tape
from penstock.testing.sources import FakeTime

if TYPE_CHECKING:
    from tests.sources.shipped import shipped
    from tests.sources.test_energidata import AUTUMN
    from tests.sources.test_prices import FORM, JANUARY
else:
    from sources.shipped import shipped
    from sources.test_energidata import AUTUMN
    from sources.test_prices import FORM, JANUARY

SECRET = "tr0utbeck"  # pragma: allowlist secret


def industry(url: str, access: Access) -> EnergiData:
    config = EnergiDataConfig(dataset="ConsumptionIndustry", base_url=url, days_per_request=1)
    return EnergiData(config, access)


def recorded(folder: Path, *faults: str, window: Window = AUTUMN) -> TapePlayer:
    """Record the industry tape into ``folder``; return the player that was asked."""
    time = FakeTime()
    access = Access(clock=time.clock, sleep=time.sleep)
    label = TapeLabel(name="again", base_url="https://api.example", recorded_at=time.now)
    player = TapePlayer(shipped("industry"), [parse_fault(fault) for fault in faults])
    with player:
        record(lambda lent: industry(player.url, lent), access, window, folder, label)
    return player


def test_a_recorded_tape_gives_the_same_rows_with_faults_left_out(tmp_path: Path) -> None:
    recorded(tmp_path / "again", "away@1-2", "moved@3")
    access = Access(clock=FakeTime().clock)
    with TapePlayer(load_tape(tmp_path / "again")) as again, TapePlayer(shipped("industry")) as first:
        assert industry(again.url, access).fetch(AUTUMN).equals(industry(first.url, access).fetch(AUTUMN))
    assert len(load_tape(tmp_path / "again").answers) == 2, "one for each page"
    assert load_tape(tmp_path / "again").label.simulated, "what was made up stays so"


def test_nothing_is_asked_if_there_is_a_tape_already(tmp_path: Path) -> None:
    player = recorded(tmp_path / "again")
    asked = len(player.requests)
    with pytest.raises(UsageError, match="is there already"):
        recorded(tmp_path / "again")
    assert len(player.requests) == asked


def test_a_fetch_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not whole JSON"):
        recorded(tmp_path / "again", "truncated@2")
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_sent_and_not_recorded(tmp_path: Path) -> None:
    time = FakeTime()
    access = Access(clock=time.clock, sleep=time.sleep, environ={"PRICE_KEY": SECRET})
    label = TapeLabel(name="again", base_url="https://prices.example", recorded_at=time.now)
    with TapePlayer(shipped("prices")) as player:
        config = PricesConfig.model_validate({"base_url": player.url, "key_variable": "PRICE_KEY", **FORM})
        record(lambda lent: DailyPrices(config, lent), access, JANUARY, tmp_path / "again", label)
    files = [path for path in (tmp_path / "again").rglob("*") if path.is_file()]
    assert len(files) == 2
    assert [path.name for path in files if SECRET.encode() in path.read_bytes()] == []
