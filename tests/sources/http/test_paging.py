from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import DataError
from penstock.domain.rows import ColumnRule, RowSchema
from penstock.domain.windows import Window
from penstock.sources.http.access import Access, Progress
from penstock.sources.http.paging import fetch_pages, pages, time_column
from penstock.sources.http.rounding import rounded_up
from penstock.testing.sources import FakeTime

SCHEMA = RowSchema(name="load", columns=(ColumnRule(name="time", kind="instant"),))
START = datetime(2023, 3, 25, 7, 30, tzinfo=UTC)

moments = st.integers(0, 10**7).map(lambda seconds: START + timedelta(seconds=seconds))
windows = st.tuples(moments, moments).map(lambda pair: Window(min(pair), max(pair)))


def hourly(window: Window) -> pl.DataFrame:
    first = rounded_up(window, timedelta(hours=1))
    return pl.DataFrame(
        {"time": pl.datetime_range(first.start, first.end, "1h", closed="left", time_zone="UTC", eager=True)}
    )


@given(windows, st.integers(1, 40))
def test_pages_meet_cover_the_window_and_are_no_longer_than_asked(window: Window, days: int) -> None:
    cut = list(pages(window, days))
    assert all(piece.length <= timedelta(days=days) for piece in cut)
    assert [piece.start for piece in cut[1:]] == [piece.end for piece in cut[:-1]]
    if window.length:
        assert (cut[0].start, cut[-1].end) == (window.start, window.end)
        assert all(piece.start.time() == piece.start.time().min for piece in cut[1:])
    else:
        assert cut == []


@given(windows, st.sampled_from([timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)]), moments)
def test_rounding_keeps_what_lies_inside(window: Window, unit: timedelta, moment: datetime) -> None:
    stamp = rounded_up(Window(moment, moment), unit).start
    assert (stamp in rounded_up(window, unit)) == (stamp in window)


@given(windows, st.integers(1, 40))
def test_rows_in_pages_are_the_rows_in_one(window: Window, days: int) -> None:
    access = Access(clock=FakeTime().clock)
    assert fetch_pages(window, days, hourly, SCHEMA, access).equals(hourly(window))


def test_a_page_that_fails_ends_the_whole() -> None:
    def broken(piece: Window) -> pl.DataFrame:
        if piece.start > START:
            raise DataError("the second page is broken")
        return hourly(piece)

    with pytest.raises(DataError, match="second page"):
        fetch_pages(
            Window(START, START + timedelta(days=3)), 1, broken, SCHEMA, Access(clock=FakeTime().clock)
        )


def test_rows_beside_the_page_are_refused() -> None:
    def late(piece: Window) -> pl.DataFrame:
        return hourly(Window(piece.start, piece.end + timedelta(hours=2)))

    with pytest.raises(DataError, match=r"asked for .* answered with time = 2023-03-26 00:00:00\+00:00"):
        fetch_pages(Window(START, START + timedelta(days=3)), 1, late, SCHEMA, Access(clock=FakeTime().clock))


def test_progress_counts_pages() -> None:
    told: list[Progress] = []
    access = Access(clock=FakeTime().clock, tell=told.append)
    fetch_pages(Window(START, START + timedelta(days=2)), 1, hourly, SCHEMA, access)
    assert [(progress.done, progress.total) for progress in told] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_a_table_without_a_time_is_refused() -> None:
    with pytest.raises(DataError, match="no column of kind instant or date"):
        time_column(RowSchema(name="names", columns=(ColumnRule(name="name", kind="text"),)))
