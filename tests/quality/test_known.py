"""Rules about when rows became known."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from penstock.testing.quality import HOUR, START, ask, panel, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = 24 * HOUR


def _with_known(delays: Sequence[timedelta | None], how: str = "published") -> pl.DataFrame:
    frame = panel(rows("a", range(len(delays))))
    moments = [None if delay is None else START + hour * HOUR + delay for hour, delay in enumerate(delays)]
    known = pl.Series("known_at", moments, dtype=pl.Datetime("us", "UTC"))
    return frame.with_columns(known, pl.lit(how).alias("known_how"))


def test_late_rows() -> None:
    now = START + timedelta(days=15, hours=4)
    result = ask("late_rows", panel(rows("a")), now=now, lag_days=15)
    assert (result.verdict, result.count) == ("broken", 1)
    assert str(result.examples[0]) == "a 2024-01-01T05:00Z"
    assert "nothing after 2024-01-01T04:00Z can be known" in result.remedy


def test_rows_known_before_the_lag_are_noted() -> None:
    frame = _with_known([DAY, 23 * HOUR, None, 3 * DAY])
    result = ask("early_rows", frame, now=START + 9 * DAY, lag_days=1)
    assert (result.verdict, result.count) == ("noted", 1)
    assert str(result.examples[0]) == "a 2024-01-01T01:00Z (known 2024-01-02T00:00Z)"
    assert ask("early_rows", frame, now=START + 9 * DAY, lag_days=0.5).verdict == "passed"
    assert (
        ask("early_rows", frame, now=START + 9 * DAY, lag_days=1, stop_on=["early_rows"]).verdict == "broken"
    )


def test_rows_published_after_lag_and_tolerance_are_noted() -> None:
    delays = [DAY, 3 * DAY, 3 * DAY + HOUR, None]
    result = ask("overdue_rows", _with_known(delays), now=START + 9 * DAY, lag_days=1)
    assert (result.verdict, result.count) == ("noted", 1)
    assert str(result.examples[0]) == "a 2024-01-01T02:00Z (known 2024-01-04T03:00Z)"
    assert result.finding == "rows known later than 3 days after their time"


def test_a_late_ingest_is_not_a_late_source() -> None:
    frame = _with_known([90 * DAY] * 4, how="received")
    assert ask("overdue_rows", frame, now=START + 99 * DAY, lag_days=1).verdict == "passed"


def test_rules_about_knowing_need_a_lag_and_the_column() -> None:
    assert ask("early_rows", _with_known([HOUR])).verdict == "passed"
    assert ask("overdue_rows", panel(rows("a")), now=START + 9 * DAY, lag_days=1).verdict == "passed"


def test_stale_input_names_the_command_that_fetches() -> None:
    now = START + 5 * HOUR + 3 * DAY + timedelta(minutes=1)
    frame = panel(rows("b", range(3)), rows("a", range(6)))
    result = ask("stale_input", frame, now=now, lag_days=1, system="denmark")
    assert (result.verdict, result.count) == ("noted", 1)
    assert str(result.examples[0]) == "a 2024-01-01T05:00Z"
    assert "the newest row is 3 days old, more than 1 days of lag and 2 of tolerance" in result.finding
    assert result.remedy == "Fetch what came since: penstock data ingest denmark"


def test_fresh_input_is_not_stale() -> None:
    now = START + 5 * HOUR + 3 * DAY
    assert ask("stale_input", panel(rows("a")), now=now, lag_days=1).verdict == "passed"
    assert ask("stale_input", panel(rows("a")), now=now, lag_days=1, lag_tolerance_days=1).verdict == "noted"
    assert ask("stale_input", panel(), now=now, lag_days=1).verdict == "passed"
