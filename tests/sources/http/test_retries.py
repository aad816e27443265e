from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.sources.http.retries import retry_after_s
from penstock.sources.http.service import HttpPolicy

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@given(st.integers(-100_000, 100_000))
def test_a_date_counts_from_now_and_never_back(seconds: int) -> None:
    spelled = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after_s(spelled, NOW) == max(0, seconds)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Thu, 01 Jan 2026 12:00:05 -0000", 5.0),
        ("soon", None),
        ("-3", None),
        ("", None),
        (None, None),
        ("²", None),
    ],
)
def test_what_a_header_can_say(text: str | None, seconds: float | None) -> None:
    assert retry_after_s(text, NOW) == seconds


def test_pauses_double_up_to_the_longest() -> None:
    policy = HttpPolicy(first_pause_s=0.5, longest_pause_s=3.0)
    assert [policy.pause_s(failures) for failures in (1, 2, 3, 4, 20)] == [0.5, 1.0, 2.0, 3.0, 3.0]
