from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.sources.http.exchange import Answer
from penstock.sources.tapes.services import json_answer
from penstock.sources.tapes.spoiling import empty, miscounted, renamed, revised, truncated

DANISH = json_answer({"total": 2, "records": [{"t": "a", "kWh": 10.0}, {"t": "b", "kWh": None}]})
FRENCH = json_answer([{"t": "a", "mw": 50}])
COUNTED = json_answer({"total_count": 1, "results": [{"t": "a", "mw": 50}]})
TABLE = Answer(200, b"Day;Open;Close\n01/02/2024;1,50;2\n02/02/2024;-2,00;\n", {"content-type": "text/csv"})


def said(answer: Answer) -> Any:
    return json.loads(answer.body)


def test_a_column_gets_another_name_the_last_unless_told() -> None:
    assert [list(row) for row in said(renamed(DANISH, ""))["records"]] == [["t", "kWh_new"]] * 2
    assert list(said(renamed(FRENCH, "t"))[0]) == ["t_new", "mw"]
    assert renamed(TABLE, "Open").body.startswith(b"Day;Open_new;Close\n01")
    assert renamed(TABLE, "").body.startswith(b"Day;Open;Close_new\n01")


def test_numbers_rise_and_nothing_else_changes() -> None:
    assert said(revised(DANISH, "10"))["records"] == [{"t": "a", "kWh": 11.0}, {"t": "b", "kWh": None}]
    assert said(revised(FRENCH, "-50")) == [{"t": "a", "mw": 25.0}]
    assert revised(TABLE, "100").body == (
        b"Day;Open;Close\n01/02/2024;3,000000;4.000000\n02/02/2024;-4,000000;\n"
    )


def test_a_wrong_count_is_told_where_one_is_told() -> None:
    assert said(miscounted(DANISH, "3"))["total"] == 5
    assert said(miscounted(COUNTED, "-1"))["total_count"] == 0
    assert miscounted(FRENCH, "1") == FRENCH
    assert miscounted(TABLE, "1") == TABLE


def test_no_rows_are_told_consistently() -> None:
    assert said(empty(DANISH, "")) == {"total": 0, "records": []}
    assert said(empty(COUNTED, "")) == {"total_count": 0, "results": []}
    assert said(empty(FRENCH, "")) == []
    assert empty(TABLE, "").body == b"Day;Open;Close\n"


def test_an_answer_that_ends_too_early_is_no_json_and_no_whole_row() -> None:
    with pytest.raises(ValueError, match="line 1"):
        said(truncated(DANISH, ""))
    assert truncated(TABLE, "").body.endswith(b"\n02/02/2024")
