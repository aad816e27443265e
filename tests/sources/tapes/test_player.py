from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from penstock.domain.errors import UsageError
from penstock.sources.http.exchange import Answer, Request
from penstock.sources.tapes.answers import Recorded
from penstock.sources.tapes.player import TapePlayer
from penstock.sources.tapes.simulated import denmark_tape

if TYPE_CHECKING:
    from tests.sources.shipped import shipped
else:
    from sources.shipped import shipped

DANISH = "dataset/ConsumptionDE35Hour"
FRENCH = "catalog/datasets/consommation-quotidienne-brute"
MARCH = {"start": "2023-03-25T22:00", "end": "2023-03-26T03:00"}


def ask(player: TapePlayer, path: str, **query: str) -> tuple[int, Any]:
    answer = httpx.get(f"{player.url}/{path}", params=query, trust_env=False)
    return answer.status_code, json.loads(answer.text)


def hours(found: Any) -> list[str]:
    return sorted({row["HourUTC"][11:13] for row in found["records"]})


def test_danish_time_and_a_hundred_rows_are_the_service_s_own_habit() -> None:
    with TapePlayer(shipped("denmark")) as player:
        _, local = ask(player, DANISH, **MARCH, limit="0")
        _, utc = ask(player, DANISH, **MARCH, limit="0", timezone="UTC")
        _, plain = ask(player, DANISH)
        _, paged = ask(player, DANISH, limit="7", offset="3", sort="HourUTC ASC")
    assert hours(local) == ["00", "21", "22", "23"], (
        "22:00 in Denmark is 21:00 in UTC; 03:00 of summer is 01:00"
    )
    assert hours(utc) == ["00", "01", "02", "22", "23"]
    assert (len(plain["records"]), plain["limit"], plain["total"]) == (100, 100, 288)
    assert (len(paged["records"]), paged["total"]) == (7, 288)


def test_a_filter_of_the_service_is_equality() -> None:
    kept = json.dumps({"PriceArea": "DK1", "ConsumerType_DE35": ["111", "999"]})
    with TapePlayer(shipped("denmark")) as player:
        _, found = ask(player, DANISH, filter=kept, limit="0", columns="PriceArea,ConsumerType_DE35")
    assert {tuple(row.values()) for row in found["records"]} == {("DK1", "111")}
    assert found["total"] == 72


@pytest.mark.parametrize(
    ("path", "query", "status", "message"),
    [
        ("dataset/Unknown", {}, 404, "Unknown dataset: Unknown"),
        (DANISH, {"columns": "HourUTC,Colour"}, 400, "Unknown field: Colour"),
        (DANISH, {"sort": "Colour"}, 400, "Unknown field: Colour"),
        (DANISH, {"start": "soon"}, 400, "soon is no date"),
        ("elsewhere", {}, 400, "the tape denmark has no answer to GET elsewhere"),
    ],
)
def test_what_the_service_would_refuse_is_refused(
    path: str, query: dict[str, str], status: int, message: str
) -> None:
    with TapePlayer(shipped("denmark")) as player:
        found = ask(player, path, **query)
    assert found == (status, {"message": message})


def test_the_french_portal_counts_in_records_and_exports_all() -> None:
    where = "date_heure >= date'2023-03-26T00:00:00Z' and date_heure < date'2023-03-26T02:00:00Z'"
    with TapePlayer(shipped("french_load")) as player:
        _, counted = ask(player, f"{FRENCH}/records", where=where, limit="1")
        _, exported = ask(player, f"{FRENCH}/exports/json", where=where, select="date_heure,heure")
        refused, _ = ask(player, f"{FRENCH}/records", limit="101")
    assert (counted["total_count"], len(counted["results"])) == (6, 1)
    assert [row["heure"] for row in exported] == ["01:00", "01:30", "02:00", "03:00", "02:30", "03:30"]
    assert exported[0]["date_heure"] == "2023-03-26T00:00:00+00:00"
    assert refused == 400


def test_recorded_answers_come_in_their_order_before_the_tables() -> None:
    path = DANISH
    recorded = [Recorded(Request.of(path, {"limit": "1"}), Answer(200, b'"%d"' % n)) for n in (1, 2)]
    with TapePlayer(replace(shipped("denmark"), answers=recorded)) as player:
        said = [ask(player, path, limit="1")[1] for _ in range(3)]
        assert ask(player, path, limit="2")[1]["total"] == 288
    assert said == ["1", "2", "2"]


def test_the_embedded_tape_answers_any_window_that_is_published() -> None:
    with TapePlayer(denmark_tape()) as player:
        _, old = ask(player, DANISH, start="2019-05-01", end="2019-05-02", timezone="utc", limit="0")
        _, late = ask(player, DANISH, start="2023-07-14", end="2023-07-20", timezone="utc", limit="0")
    assert old["total"] == 24 * 76
    assert late["total"] == 0


def test_answers_that_nobody_gave_are_marked() -> None:
    with TapePlayer(shipped("denmark")) as player:
        answer = httpx.get(f"{player.url}/{DANISH}", trust_env=False)
    assert answer.headers["x-penstock-simulated"] == "yes"


def test_a_port_that_is_taken_is_told() -> None:
    with (
        TapePlayer(shipped("denmark")) as player,
        pytest.raises(UsageError, match=f"Port {player.port} cannot be used"),
    ):
        TapePlayer(shipped("denmark"), port=player.port).start()


def test_starting_and_closing_twice_is_the_same_as_once() -> None:
    player = TapePlayer(shipped("denmark")).start()
    assert player.start().port == player.port
    player.close()
    player.close()
    assert player.wait(0)
