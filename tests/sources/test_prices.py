from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, ClassVar

import pytest

from penstock.domain.errors import DataError, ServiceError
from penstock.domain.windows import Window
from penstock.sources.http.access import Access
from penstock.sources.http.exchange import Answer, Request
from penstock.sources.http.service import HttpPolicy
from penstock.sources.prices import DailyPrices, PricesConfig
from penstock.sources.tapes.answers import Recorded
from penstock.sources.tapes.player import TapePlayer
from penstock.sources.tapes.tape import Tape, TapeLabel
from penstock.testing.sources import FakeTime, TapedSourceContract

if TYPE_CHECKING:
    from tests.sources.shipped import shipped
else:
    from sources.shipped import shipped

JANUARY = Window(datetime(2024, 1, 3, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))
FORM = {"path": "daily/acme.csv", "values": ["Open", "Close"], "date_format": "%d/%m/%Y", "decimal": ","}


class TestPrices(TapedSourceContract):
    counted: ClassVar[bool] = False

    def tape(self) -> Tape:
        return shipped("prices")

    def connect(self, base_url: str, access: Access, policy: HttpPolicy) -> DailyPrices:
        return DailyPrices(
            PricesConfig.model_validate({"base_url": base_url, "http": policy, **FORM}), access
        )

    def window(self) -> Window:
        return JANUARY

    def test_a_renamed_column_is_named(self) -> None:
        # the last column is Volume, which nobody asked for
        with pytest.raises(DataError, match=r"missing columns: 'Close' \(now 'Close_new'\?\)"):
            self.played("renamed@1:Close").source.fetch(JANUARY)


def source_of(
    body: str, status: int = 200, environ: dict[str, str] | None = None, **more: object
) -> tuple[DailyPrices, TapePlayer]:
    """Return a source at a player that answers ``body``."""
    label = TapeLabel(name="made", base_url="https://prices.example", recorded_at=FakeTime().now)
    request = Request.of("daily/acme.csv", {})
    player = TapePlayer(Tape(label=label, answers=[Recorded(request, Answer(status, body.encode()))])).start()
    time = FakeTime()
    access = Access(clock=time.clock, sleep=time.sleep, environ=environ or {})
    return DailyPrices(PricesConfig.model_validate({"base_url": player.url, **FORM, **more}), access), player


def test_decimal_commas_and_foreign_days_are_read() -> None:
    source, player = source_of("Date;Open;Close\n03/01/2024;1,5;-2,25\n04/01/2024;;1 \n")
    with player:
        rows = source.fetch(JANUARY)
    assert rows.rows() == [(date(2024, 1, 3), 1.5, -2.25), (date(2024, 1, 4), None, 1.0)]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("Date;Open;Close\n03.01.2024;1;2\n", r"no days as '%d/%m/%Y': row 1 '03\.01\.2024'"),
        ("Date;Open;Close\n03/01/2024;1;two\n", r"text where numbers are expected in 'Close': row 1 'two'"),
        ("Date;Open;Closed\n03/01/2024;1;2\n", r"missing columns: 'Close' \(now 'Closed'\?\)"),
        ("Date;Open;Close\n03/01/2024;1;2\n04/01", "fewer fields than the header"),
        ("", "is empty"),
        ("<html><body>no</body></html>\n", "missing columns: 'Date', 'Open', 'Close'"),
    ],
    ids=["day", "number", "renamed", "short", "empty", "page"],
)
def test_what_is_no_table_of_prices_is_refused(body: str, message: str) -> None:
    source, player = source_of(body)
    with player, pytest.raises(DataError, match=message):
        source.fetch(JANUARY)


def test_days_can_be_part_of_the_address() -> None:
    time = FakeTime()
    with TapePlayer(shipped("prices")) as player:
        config = PricesConfig.model_validate(
            {"base_url": player.url, "query": {"from": "{start}", "to": "{last}"}, **FORM}
        )
        with pytest.raises(ServiceError, match=r"has no answer to GET daily/acme\.csv"):
            DailyPrices(config, Access(clock=time.clock, sleep=time.sleep)).fetch(JANUARY)
        assert player.requests[0].asked == {"from": "2024-01-03", "to": "2024-01-31"}
