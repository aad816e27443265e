from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import DataError
from penstock.forecasting.stamps import extended, on_month_ends
from penstock.forecasting.transformers import CALENDAR_PARTS, Calendar
from penstock.systems.shared.portable.clock import (
    all_on_month_ends,
    calendar_part,
    clock_of,
    grid_stamps,
    moment,
)
from penstock.systems.shared.portable.describe import _clock

SPAN = (datetime(2019, 1, 1), datetime(2034, 12, 1))  # noqa: DTZ001 - Hypothesis adds the zone
MOMENTS = st.datetimes(*SPAN, timezones=st.just(UTC))
ZONES = ("UTC", "Europe/Copenhagen", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")


def series_of(*stamps: datetime) -> pl.Series:
    return pl.Series("time", stamps, dtype=pl.Datetime("us", "UTC"))


@pytest.fixture(scope="module")
def clocks() -> dict[str, Any]:
    return {zone: clock_of(_clock(zone, (2019, 2035))) for zone in ZONES}


@given(zone=st.sampled_from(ZONES), stamp=MOMENTS)
def test_parts_of_local_stamps_are_those_of_polars(
    clocks: dict[str, Any], zone: str, stamp: datetime
) -> None:
    stamps = series_of(stamp, stamp + timedelta(hours=13))
    local = clocks[zone].local(stamps.to_physical().to_numpy())
    wanted = Calendar(list(CALENDAR_PARTS), zone).transform(stamps.to_frame())
    for part in CALENDAR_PARTS:
        assert calendar_part(part, local).tolist() == wanted[part].to_list(), part


@given(
    frequency=st.sampled_from(["15m", "1h", "6h", "1d", "1w", "1mo", "1q", "1y", "2mo"]),
    start=MOMENTS,
    steps=st.integers(1, 40),
    end=st.booleans(),
)
def test_grids_are_those_of_the_table_library(frequency: str, start: datetime, steps: int, end: bool) -> None:
    first = series_of(start).dt.month_end() if end else series_of(start)
    wanted = extended(first, frequency, steps)
    began = int(first.to_physical()[0])
    month_ends = all_on_month_ends(np.array([began]), frequency)
    assert month_ends == on_month_ends(first, frequency)
    found = grid_stamps(began, frequency, steps + 1, month_ends=month_ends)
    assert found.tolist() == wanted.to_physical().to_list()
    assert moment(int(found[0])) == first[0]


def test_a_stamp_outside_the_calendar_is_refused(clocks: dict[str, Any]) -> None:
    late = series_of(datetime(2036, 1, 1, tzinfo=UTC)).to_physical().to_numpy()
    with pytest.raises(DataError, match=r"the calendar of the bundle \(UTC\) reaches from .* to 2035-01-01"):
        clocks["UTC"].local(late)
