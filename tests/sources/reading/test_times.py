from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.domain.errors import ConfigError
from penstock.sources.reading.faults import ROW, SERIES, Faults
from penstock.sources.reading.times import Clock, check_timezone, read_times

_UTC = Clock("UTC")
_DANISH = Clock("Europe/Copenhagen")
_NAIVE = st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1))  # noqa: DTZ001 - naive on purpose


def _read(
    cells: list[Any], clock: Clock = _UTC, series: list[str] | None = None
) -> tuple[list[Any], list[str]]:
    table = pl.DataFrame({"t": cells}).with_row_index(ROW, offset=1)
    faults = Faults(Path("f"))
    names = pl.Series(SERIES, series or ["a"] * len(cells))
    times = read_times(table.with_columns(names), "t", clock, faults)
    assert times.dtype == pl.Datetime("us", "UTC")
    return times.to_list(), faults.found


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]  # the zone is not among the parts


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-31 13:00", _utc(2024, 1, 31, 13)),
        ("2024-01-31T13:00:05", _utc(2024, 1, 31, 13, 0, 5)),
        (" 2024-01-31T13:00:05.25 ", _utc(2024, 1, 31, 13, 0, 5, 250_000)),
        ("2024-01-31T13:00:00.123456789", _utc(2024, 1, 31, 13, 0, 0, 123_456)),
        ("2024-01-31T13:00Z", _utc(2024, 1, 31, 13)),
        ("2024-01-31 13:00:00+00:00", _utc(2024, 1, 31, 13)),
        ("2024-01-31 13:00:00 +0530", _utc(2024, 1, 31, 7, 30)),
        ("2024-01-31 13:00:00-03", _utc(2024, 1, 31, 16)),
        ("2024-01-31 13:00 UTC", _utc(2024, 1, 31, 13)),
        ("2024-01-31 13:00-00:30", _utc(2024, 1, 31, 13, 30)),
    ],
)
def test_iso_text(text: str, moment: datetime) -> None:
    assert _read([text]) == ([moment], [])


@pytest.mark.parametrize(
    "text",
    [
        "31/01/2024",
        "2024-02-30",
        "2024-01-31 25:00",
        "2024-1-31",
        "noon",
        "2024-01-31 1:00 PM",
        "20240131",
        "2024-01-31 11:00 pm",
    ],
)
def test_unreadable_text_is_a_fault(text: str) -> None:
    _, faults = _read(["2024-01-01", text])
    assert len(faults) == 1
    assert "unreadable stamps in 't'" in faults[0]
    assert f"row 2 {text!r}" in faults[0]


def test_format_given_reads_other_spellings() -> None:
    assert _read(["31/01/2024 13:00"], Clock("UTC", "%d/%m/%Y %H:%M")) == ([_utc(2024, 1, 31, 13)], [])
    assert _read(["31/01/2024 13:00+0200"], Clock("UTC", "%d/%m/%Y %H:%M%z")) == ([_utc(2024, 1, 31, 11)], [])
    _, faults = _read(["2024-01-31"], Clock("UTC", "%d/%m/%Y"))
    assert "not in time_format '%d/%m/%Y': row 1" in faults[0]


def test_format_of_dates_gives_midnights() -> None:
    assert _read(["31/01/2024"], Clock("Europe/Copenhagen", "%d/%m/%Y")) == ([_utc(2024, 1, 31)], [])


def test_different_offsets_keep_their_moments() -> None:
    times, faults = _read(["2024-03-31 01:00+01:00", "2024-03-31 03:00+02:00"])
    assert (times, faults) == ([_utc(2024, 3, 31), _utc(2024, 3, 31, 1)], [])


def test_stamps_with_and_without_zone_do_not_mix() -> None:
    _, faults = _read(["2024-01-01 01:00", "2024-01-01 02:00Z"])
    assert len(faults) == 1
    assert faults[0].startswith(
        "mixed time zones in 't': row 2 '2024-01-01 02:00Z' has one, row 1 '2024-01-01 01:00' has none; "
    )


@pytest.mark.parametrize("zone", ["CET", "EST", "Europe/Paris", "[Europe/Paris]"])
def test_named_zone_inside_a_stamp_is_unknown(zone: str) -> None:
    _, faults = _read([f"2024-01-01 01:00 {zone}"])
    assert len(faults) == 1
    assert faults[0].startswith("unknown time zones in 't' (write an offset")


def test_empty_cells_are_faults() -> None:
    _, faults = _read(["2024-01-01", None])
    assert faults == ["empty cells in the time column 't': row 2"]


@pytest.mark.parametrize(
    "cells",
    [[date(2024, 7, 1)], [datetime(2024, 7, 1)], ["2024-07-01"], ["2024-07-01 00:00"]],  # noqa: DTZ001 - naive on purpose
)
def test_dates_are_labels_that_no_zone_moves(cells: list[Any]) -> None:
    assert _read(cells, _DANISH) == ([_utc(2024, 7, 1)], [])


def test_types_of_parquet() -> None:
    naive = datetime(2024, 7, 1, 12)  # noqa: DTZ001 - naive on purpose
    assert _read([naive], _DANISH) == ([_utc(2024, 7, 1, 10)], [])
    assert _read([naive.replace(tzinfo=timezone(timedelta(hours=-4)))]) == ([_utc(2024, 7, 1, 16)], [])
    _, faults = _read([1, 2])
    assert faults == ["the time column 't' holds Int64, not times; give dates, date-times or ISO 8601 text"]


def test_hour_that_stands_twice_is_read_in_order_and_by_series() -> None:
    hour = ["2024-10-27 02:00", "2024-10-27 02:30"]
    times, faults = _read([*hour, hour[0], hour[0], hour[1], hour[0]], _DANISH, list("aaabab"))
    assert faults == []
    early, late = (
        [_utc(2024, 10, 27), _utc(2024, 10, 27, 0, 30)],
        [_utc(2024, 10, 27, 1), _utc(2024, 10, 27, 1, 30)],
    )
    assert times == [early[0], early[1], late[0], early[0], late[1], late[0]]


def test_stamp_that_could_be_two_moments_is_a_fault() -> None:
    _, faults = _read(["2024-10-27 02:00", "2024-10-27 03:00"], _DANISH)
    assert len(faults) == 1
    assert "can be two moments in Europe/Copenhagen" in faults[0]
    assert "row 1 '2024-10-27 02:00:00'" in faults[0]


def test_stamp_that_the_clock_skips_is_a_fault() -> None:
    _, faults = _read(["2024-03-31 02:30", "2024-03-31 03:30"], _DANISH)
    assert len(faults) == 1
    assert "that the clock of Europe/Copenhagen skips: row 1 '2024-03-31 02:30:00'" in faults[0]


@settings(max_examples=100, deadline=None)
@given(
    _NAIVE,
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(["T", " "]),
)
def test_text_with_an_offset_is_read_as_python_reads_it(
    local: datetime, offset_min: int, separator: str
) -> None:
    aware = local.replace(tzinfo=timezone(timedelta(minutes=offset_min)))
    assert _read([aware.isoformat(separator)]) == ([aware.astimezone(UTC)], [])


@settings(max_examples=100, deadline=None)
@given(_NAIVE, st.sampled_from(["Europe/Copenhagen", "America/New_York", "Asia/Kolkata"]))
def test_naive_stamps_agree_with_the_time_zone_database(local: datetime, zone: str) -> None:
    times, faults = _read([local, local.replace(month=1, day=2, hour=5)], Clock(zone))
    early, late = (local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    if early == late:
        assert (times[0], faults) == (early, [])
    else:
        assert len(faults) == 1


def test_unknown_zone() -> None:
    check_timezone("America/New_York")
    with pytest.raises(ConfigError, match="timezone='Mars/Phobos' is not in the time zone database"):
        check_timezone("Mars/Phobos")
