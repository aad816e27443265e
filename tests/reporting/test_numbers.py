from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.reporting.numbers import (
    count,
    duration,
    frequency,
    level,
    measure,
    megabytes,
    moment,
    number,
    share,
)


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1234567.0, "1,230,000"),
        (-12.345, "-12.3"),
        (0.9996, "1.000"),
        (0.012345, "0.0123"),
        (999.6, "1,000"),
        (1.5e-7, "1.50 × 10⁻⁷"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
    ],
)
def test_numbers_have_three_significant_digits_and_separated_thousands(
    value: float | None, text: str
) -> None:
    assert plain(number(value)) == text


@given(st.floats(min_value=1e-3, max_value=1e12))
def test_a_number_reads_back_within_half_of_its_last_digit(value: float) -> None:
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=0.0051)


def test_a_unit_stays_on_the_line_of_its_number() -> None:
    assert measure(0.1234, "%", 100.0) == "12.3\N{NO-BREAK SPACE}%"
    assert measure(3.0, "") == "3.00"
    assert measure(None, "kWh") == "–"
    assert share(0.5) == "50.0\N{NO-BREAK SPACE}%"
    assert level(0.9) == "90\N{NO-BREAK SPACE}%"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.0, "0 s"),
        (0.0042, "4.2 ms"),
        (0.62, "0.62 s"),
        (42.35, "42.4 s"),
        (59.97, "60.0 s"),
        (125.0, "2 min 05 s"),
        (3725.0, "1 h 02 min"),
    ],
)
def test_durations_choose_their_unit(seconds: float | None, text: str) -> None:
    assert plain(duration(seconds)) == text


def test_sizes_turn_into_gigabytes() -> None:
    assert plain(megabytes(905.0)) == "905 MB"
    assert plain(megabytes(1536.0)) == "1.50 GB"
    assert megabytes(None) == "–"


def test_counts_are_exact() -> None:
    assert count(328320) == "328,320"
    assert plain(count(-5)) == "-5"
    assert count(None) == "–"


def test_moments_are_shown_in_utc() -> None:
    local = datetime(2023, 3, 26, 3, 30, tzinfo=timezone(timedelta(hours=2)))
    assert moment(local) == "2023-03-26 01:30 UTC"
    assert moment(datetime(2023, 1, 1, 0, 0, 5, tzinfo=UTC)) == "2023-01-01 00:00:05 UTC"
    assert moment(None) == "–"


@pytest.mark.parametrize(
    ("given_", "words"),
    [("1h", "1 hour"), ("30m", "30 minutes"), ("1mo", "1 month"), ("2w", "2 weeks"), ("odd", "odd")],
)
def test_frequencies_are_words(given_: str, words: str) -> None:
    assert frequency(given_) == words
