from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from penstock.domain.errors import DataError
from penstock.domain.rows import ColumnKind, ColumnRule, RowSchema
from penstock.sources.http.exchange import Answer
from penstock.sources.http.records import check_count, json_of, no_rows, records_of, rows_of

KINDS: tuple[ColumnKind, ...] = ("text", "number", "whole", "instant", "local_time", "date")
SCHEMA = RowSchema(name="all", columns=tuple(ColumnRule(name=kind, kind=kind) for kind in KINDS))
ROW = {
    "text": "a",
    "number": 1.5,
    "whole": 3,
    "instant": "2023-03-26T01:00:00",
    "local_time": "2023-03-26T03:00:00",
    "date": "2023-03-26",
}


def test_cells_get_the_types_of_the_schema() -> None:
    rows = rows_of([ROW], SCHEMA, "rows")
    assert rows.schema == no_rows(SCHEMA).schema
    assert rows.row(0) == (
        "a",
        1.5,
        3,
        datetime(2023, 3, 26, 1, tzinfo=UTC),
        datetime(2023, 3, 26, 3),  # noqa: DTZ001 - a wall clock
        date(2023, 3, 26),
    )


@pytest.mark.parametrize(
    "spelled",
    [
        "2023-03-26T01:00:00",
        "2023-03-26T01:00:00Z",
        "2023-03-26T01:00:00+00:00",
        "2023-03-26T03:00:00+02:00",
        "2023-03-26T01:00:00.000",
    ],
)
def test_an_instant_keeps_its_moment(spelled: str) -> None:
    assert rows_of([{**ROW, "instant": spelled}], SCHEMA, "rows")["instant"][0] == datetime(
        2023, 3, 26, 1, tzinfo=UTC
    )


def test_what_is_not_known_is_null_and_codes_may_be_numbers() -> None:
    rows = rows_of([{**dict.fromkeys(KINDS), "text": 751}, ROW], SCHEMA, "rows")
    assert rows.row(0) == ("751", None, None, None, None, None)


def test_rows_of_nothing_have_all_columns() -> None:
    assert rows_of([], SCHEMA, "rows").schema == no_rows(SCHEMA).schema


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("text", 1.5, "'text' should hold text, but has 1.5"),
        ("text", {"a": 1}, "'text' should hold text"),
        ("number", "1,5", "'number' should hold numbers, but has '1,5'"),
        ("number", True, "'number' should hold numbers, but has True"),
        ("whole", 1.5, "'whole' should hold whole numbers, but has 1.5"),
        ("whole", 2**63, "'whole' should hold whole numbers, but has 9223372036854775808"),
        ("number", 10**400, "'number' should hold numbers, but has 1000"),
        ("instant", "26/03/2023", "'instant' should hold times in UTC, but has '26/03/2023'"),
        ("instant", 1679792400, "'instant' should hold times in UTC"),
        ("local_time", "x", "'local_time' should hold times without a zone"),
        ("date", "2023-02-30", "'date' should hold dates, but has '2023-02-30'"),
    ],
)
def test_a_cell_that_does_not_fit_is_shown(column: str, cell: object, message: str) -> None:
    with pytest.raises(DataError, match=f"rows: column {message}"):
        rows_of([ROW, {**ROW, column: cell}], SCHEMA, "rows")


@pytest.mark.parametrize("cell", [float("inf"), 10**400], ids=["infinite", "huge"])
def test_a_number_without_end_is_no_whole_one(cell: float) -> None:
    with pytest.raises(DataError, match=r"'whole' should hold whole numbers, but has (inf|1000)"):
        rows_of([{**ROW, "whole": cell}], SCHEMA, "rows")


def test_missing_and_new_columns_are_named_with_the_nearest() -> None:
    changed = {("numbre" if name == "number" else name): cell for name, cell in ROW.items()}
    with pytest.raises(
        DataError, match=r"missing columns: 'number' \(now 'numbre'\?\); new columns: 'numbre', 'zone'\."
    ):
        rows_of([ROW, {**changed, "zone": 1}], SCHEMA, "rows")


@pytest.mark.parametrize(
    "body", [b'{"a": [1, 2', b"", b"<html>", b"NaN", b"[Infinity]", b"\xff", b"[" * 100_000]
)
def test_what_is_no_json_is_refused_with_its_beginning(body: bytes) -> None:
    with pytest.raises(DataError, match="is not whole JSON"):
        json_of(Answer(200, body), "rows")


@pytest.mark.parametrize("found", [None, {}, "x", [1], [{"a": 1}, None]])
def test_what_is_no_list_of_rows_is_refused(found: object) -> None:
    with pytest.raises(DataError, match="expected a list of rows"):
        records_of(found, "rows")


@pytest.mark.parametrize("told", [99, 101, None, "100", 100.0, True])
def test_a_count_must_match_exactly(told: object) -> None:
    check_count("rows", 100, 100)
    with pytest.raises(DataError, match="100 rows came, but the service says that there are"):
        check_count("rows", 100, told)


def test_a_large_answer_becomes_the_same_rows_as_a_small_one() -> None:
    rows = rows_of([{**ROW, "whole": n} for n in range(5_000)], SCHEMA, "rows")
    assert rows["whole"].equals(pl.Series("whole", range(5_000), dtype=pl.Int64))
