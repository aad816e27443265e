from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import DataError
from penstock.sources.http.exchange import Answer, Request
from penstock.sources.tapes.answers import Recorded, read_recorded, write_recorded

words = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
queries = st.dictionaries(words.filter(lambda word: "=" not in word), words, max_size=3)
HEADERS = {"content-type": "text/csv", "set-cookie": "id=1", "retry-after": "3"}


@given(queries, st.binary(max_size=200), st.integers(100, 599))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, query: dict[str, str], body: bytes, status: int
) -> None:
    path = tmp_path_factory.mktemp("answers") / "0001.txt"
    recorded = Recorded(Request.of("dataset/Load", query), Answer(status, body, HEADERS))
    write_recorded(path, recorded)
    found = read_recorded(path)
    assert found.request == recorded.request
    assert (found.answer.status, found.answer.body) == (status, body)
    assert found.answer.headers == {"content-type": "text/csv", "retry-after": "3"}, "no cookies on tapes"


def test_json_is_indented_for_people_and_means_the_same(tmp_path: Path) -> None:
    body = b'{"total":1,"records":[{"a":0.1,"b":null,"c":"\xc3\xa6"}]}'
    answer = Answer(200, body, {"content-type": "application/json; charset=utf-8"})
    write_recorded(tmp_path / "a.txt", Recorded(Request.of("x", {}), answer))
    assert '\n   "a": 0.1,\n' in (tmp_path / "a.txt").read_text(encoding="utf-8")
    assert json.loads(read_recorded(tmp_path / "a.txt").answer.body) == json.loads(body)


def test_what_calls_itself_json_and_is_none_is_kept_as_it_came(tmp_path: Path) -> None:
    answer = Answer(200, b'{"total":', {"content-type": "application/json"})
    write_recorded(tmp_path / "a.txt", Recorded(Request.of("x", {}), answer))
    assert read_recorded(tmp_path / "a.txt").answer.body == b'{"total":'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "request: GET x\nstatus: 200\nbody: text\n",
        "request: GET x\nstatus: two\nbody: text\n\n",
        "request: GET x\nbody: text\n\n",
        "request: POST x\nstatus: 200\nbody: text\n\n",
        "request: GET x\nquery: start\nstatus: 200\nbody: text\n\n",
        "request: GET x\nstatus: 200\nbody: morse\n\n",
    ],
)
def test_what_is_no_answer_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "0001.txt").write_text(text)
    with pytest.raises(DataError, match=r"0001\.txt: is no recorded"):
        read_recorded(tmp_path / "0001.txt")
