"""What was known when, beside a slow loop over all rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import DataError
from penstock.forecasting.knowledge import (
    first_known,
    known_as_of,
    learned_between,
    require_history,
    static_columns,
)

START = datetime(2024, 1, 1, tzinfo=UTC)
UTC_TYPE = pl.Datetime("us", "UTC")
Row = tuple[str, int, float | None, int, bool]


def history_of(rows: list[Row]) -> pl.DataFrame:
    """Lay rows (series, hour, y, day known, deleted) out as a history."""
    table = [
        (name, START + timedelta(hours=hour), value, name.upper(), START + timedelta(days=day), gone, number)
        for number, (name, hour, value, day, gone) in enumerate(rows)
    ]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "series": pl.String,
        "time": UTC_TYPE,
        "y": pl.Float64,
        "area": pl.String,
        "known_at": UTC_TYPE,
        "deleted": pl.Boolean,
        "sequence": pl.Int64,
    }
    return pl.DataFrame(table, schema=schema, orient="row")


def known_by_loop(rows: list[Row], day: int) -> list[tuple[str, datetime, float | None]]:
    newest: dict[tuple[str, int], tuple[int, Row]] = {}
    for row in rows:
        key = (row[0], row[1])
        if row[3] <= day and (key not in newest or row[3] >= newest[key][0]):
            newest[key] = (row[3], row)
    kept = [row for _, row in newest.values() if not row[4]]
    return sorted((row[0], START + timedelta(hours=row[1]), row[2]) for row in kept)


ROWS = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.integers(0, 3),
        st.one_of(st.none(), st.floats(-5, 5)),
        st.integers(0, 4),
        st.booleans(),
    ),
    max_size=25,
)


@given(rows=ROWS, day=st.integers(-1, 5))
def test_newest_row_known_wins_as_in_a_loop_over_rows(rows: list[Row], day: int) -> None:
    found = known_as_of(require_history(history_of(rows)), START + timedelta(days=day))
    assert found.select("series", "time", "y").rows() == known_by_loop(rows, day)


@given(rows=ROWS, days=st.tuples(st.integers(-1, 5), st.integers(-1, 5)))
def test_what_is_known_later_is_what_was_known_and_what_was_learned(
    rows: list[Row], days: tuple[int, int]
) -> None:
    first, last = (START + timedelta(days=day) for day in sorted(days))
    history = require_history(history_of(rows))
    before = known_as_of(history, first).with_columns(
        pl.lit(START - timedelta(days=9), UTC_TYPE).alias("known_at"), deleted=pl.lit(value=False)
    )
    after = learned_between(history, first, last)
    joined = pl.concat([before, after.select(before.columns)]).with_row_index("sequence")
    again = known_as_of(require_history(joined.with_columns(pl.col("sequence").cast(pl.Int64))), last)
    assert again.equals(known_as_of(history, last))


@given(rows=ROWS)
def test_first_known_value_is_the_one_learned_first(rows: list[Row]) -> None:
    expected: dict[tuple[str, datetime], tuple[int, float]] = {}
    for name, hour, value, day, gone in rows:
        key = (name, START + timedelta(hours=hour))
        if value is not None and not gone and (key not in expected or day < expected[key][0]):
            expected[key] = (day, value)
    found = first_known(require_history(history_of(rows)))
    assert found.rows() == [
        (*key, value, START + timedelta(days=day)) for key, (day, value) in sorted(expected.items())
    ]


def test_static_columns_are_all_others() -> None:
    assert static_columns(history_of([]).with_columns(known_how=pl.lit("assumed"))) == ("area",)


def test_order_of_rows_does_not_matter() -> None:
    rows: list[Row] = [("a", 0, 1.0, 0, False), ("a", 0, 2.0, 0, False), ("b", 1, 3.0, 2, False)]
    history = history_of(rows)
    cutoff = START + timedelta(days=2)
    assert known_as_of(require_history(history.reverse()), cutoff).equals(
        known_as_of(require_history(history), cutoff)
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (pl.DataFrame.clone, None),
        (lambda frame: frame.drop("known_at"), "columns known_at are missing"),
        (
            lambda frame: frame.with_columns(pl.col("known_at").dt.replace_time_zone(None)),
            "both clocks must be",
        ),
        (lambda frame: frame.with_columns(deleted=pl.lit(None, pl.Boolean)), "deleted hold nulls"),
    ],
    ids=["right", "no known_at", "no zone", "nulls"],
)
def test_frames_that_are_no_history_are_refused(change: object, message: str | None) -> None:
    assert callable(change)
    frame = change(history_of([("a", 0, 1.0, 0, False)]))
    if message is None:
        assert require_history(frame).height == 1
    else:
        with pytest.raises(DataError, match=message):
            require_history(frame)


def test_covariates_are_refused_by_name() -> None:
    frame = history_of([("a", 0, 1.0, 0, False)]).with_columns(pl.lit(1.0).alias("known:price"))
    with pytest.raises(DataError, match=r"a replay cannot use covariates yet, and this history has price"):
        require_history(frame)
