from __future__ import annotations

from pathlib import Path

import pytest

from penstock.domain.errors import UsageError
from penstock.sources.http.exchange import Request
from penstock.sources.tapes.faults import (
    MEANING,
    Fault,
    FaultKind,
    asked_window,
    first_that_strikes,
    load_faults,
    parse_fault,
)

ANY = Request.of("x", {})
MARCH = Request.of("dataset/x", {"start": "2023-03-01T00:00", "end": "2023-03-02T00:00"})
FRENCH = Request.of(
    "catalog", {"where": "t >= date'2023-03-01T00:00:00Z' and t < date'2023-03-02T00:00:00Z'"}
)


def struck(text: str, request: Request = ANY) -> list[int]:
    return [number for number in range(1, 6) if parse_fault(text).strikes(number, request)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("away", [1, 2]),
        ("away@3", [3]),
        ("away@2-4", [2, 3, 4]),
        ("away@always", [1, 2, 3, 4, 5]),
        ("too_many", [1]),
        ("too_many:30", [1]),
        ("closed", [1, 2, 3, 4, 5]),
    ],
)
def test_a_fault_strikes_requests_by_number(text: str, numbers: list[int]) -> None:
    assert struck(text) == numbers


@pytest.mark.parametrize("request_", [MARCH, FRENCH], ids=["danish", "french"])
@pytest.mark.parametrize(
    ("window", "strikes"),
    [
        ("2023-03-01/2023-03-02", True),
        ("2023-03-01T23:00/2023-04-01", True),
        ("2023-03-02/2023-03-03", False),
        ("2023-02-01/2023-03-01T00:00:00+00:00", False),
        ("2023-03-01T23:59+01:00/2023-03-02T00:59+01:00", True),
    ],
)
def test_a_fault_strikes_requests_by_their_window(request_: Request, window: str, strikes: bool) -> None:
    assert bool(struck(f"closed@{window}", request_)) is strikes
    assert struck(f"closed@{window}") == [], "a request without a window"
    assert parse_fault(f"renamed@{window}:TotalCon").argument == "TotalCon"


def test_every_fault_can_be_written_alone_and_has_a_meaning() -> None:
    assert set(MEANING) == set(FaultKind)
    assert all(parse_fault(kind.value).fault == kind for kind in FaultKind)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("awy", "no fault 'awy'; did you mean 'away'"),
        ("", "no fault ''"),
        ("away@soon", "fault 'away@soon': when: 'soon' is no moment; write a number"),
        ("away@2-1", "'2-1' names no request"),
        ("away@0", "the first one has number 1"),
        ("away@2023-03-02/2023-03-01", "swap the two bounds"),
        ("away@2023-03-02/later", "Invalid isoformat string: 'later'"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_fault(text)


def test_a_file_holds_a_list(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text("- {fault: away, when: 1-2}\n- {fault: slow, when: 3, argument: 5}\n- fault: cut\n")
    assert load_faults(path) == [
        Fault(fault=FaultKind.AWAY, when="1-2"),
        Fault(fault=FaultKind.SLOW, when="3", argument="5"),
        Fault(fault=FaultKind.CUT),
    ]


@pytest.mark.parametrize("text", ["away", "- away", "- {fault: gone}", "- {fault: away, at: 1}", "[", "\x00"])
def test_a_file_that_holds_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "faults.yaml").write_text(text)
    with pytest.raises(UsageError, match="fault"):
        load_faults(tmp_path / "faults.yaml")


def test_the_first_fault_that_strikes_counts() -> None:
    faults = [parse_fault("away@2"), parse_fault("cut@1-3")]
    found = [first_that_strikes(faults, number, ANY) for number in (1, 2, 4)]
    assert [fault and fault.fault for fault in found] == [FaultKind.CUT, FaultKind.AWAY, None]


def test_a_window_that_is_not_in_utc_cannot_be_told() -> None:
    assert asked_window(Request.of("x", {"start": "now-P1D", "end": "now"})) is None
    assert asked_window(Request.of("x", {"start": "2023-03-01"})) is None
