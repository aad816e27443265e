"""Forecasts beside both truths."""

from __future__ import annotations

import polars as pl
import pytest

from penstock.forecasting.knowledge import require_history
from penstock.forecasting.replay.truth import known_shares, with_truth
from penstock.testing.panels import START, grid

HOUR = grid(9)


def history(rows: list[tuple[int, float | None, int, bool]]) -> pl.DataFrame:
    """Lay (hour, y, hour known, deleted) out."""
    return require_history(
        pl.DataFrame(
            {
                "series": pl.Series(["a"] * len(rows), dtype=pl.String),
                "time": HOUR.gather([row[0] for row in rows]),
                "y": pl.Series([row[1] for row in rows], dtype=pl.Float64),
                "known_at": HOUR.gather([row[2] for row in rows]),
                "deleted": pl.Series([row[3] for row in rows], dtype=pl.Boolean),
                "sequence": pl.Series(range(len(rows)), dtype=pl.Int64),
            }
        )
    )


def test_revised_deleted_and_unknown_stamps() -> None:
    known = history(
        [
            (1, 10.0, 2, False),
            (1, 11.0, 5, False),
            (2, 20.0, 3, False),
            (2, 20.0, 4, True),
            (3, None, 4, False),
        ]
    )
    asked = pl.DataFrame({"series": ["a"] * 4, "time": HOUR.gather([3, 2, 1, 8]), "step": [1, 2, 3, 4]})
    found = with_truth(asked, known)
    assert found.drop("first_known_at").rows() == [
        ("a", HOUR[3], 1, None, None),
        ("a", HOUR[2], 2, None, 20.0),
        ("a", HOUR[1], 3, 11.0, 10.0),
        ("a", HOUR[8], 4, None, None),
    ]
    assert found["first_known_at"].to_list() == [None, HOUR[3], HOUR[2], None]


def test_an_empty_history_knows_nothing() -> None:
    asked = pl.DataFrame({"series": ["a"], "time": pl.Series([START], dtype=HOUR.dtype)})
    assert with_truth(asked, history([])).select("y", "y_first").rows() == [(None, None)]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (["assumed"] * 3 + ["published"], {"assumed": 0.75, "published": 0.25}),
        ([None, "received", "received", None], {"received": 0.5, "unknown": 0.5}),
        (None, {"unknown": 1.0}),
    ],
)
def test_shares_say_how_the_second_clock_is_known(
    how: list[str | None] | None, expected: dict[str, float]
) -> None:
    known = history([(hour, 1.0, hour, False) for hour in range(4)])
    frame = known if how is None else known.with_columns(known_how=pl.Series(how, dtype=pl.String))
    assert known_shares(frame) == expected


def test_no_rows_have_no_shares() -> None:
    assert known_shares(history([])) == {}
