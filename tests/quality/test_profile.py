from __future__ import annotations

import math
from datetime import date, timedelta
from statistics import fmean, pstdev

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.domain.errors import UsageError
from penstock.quality.profile import MAX_SERIES, MAX_TEXTS, ColumnProfile, Profile, profile
from penstock.testing.quality import HOUR, START, panel, rows


def _column(frame: pl.DataFrame, name: str = "y") -> ColumnProfile:
    found = profile(frame).column(name)
    assert found is not None
    return found


@given(st.lists(st.sampled_from([0.5, -1.0, 2.0, 2.0, 30.0, None, math.nan]), max_size=40), st.randoms())
def test_numbers_agree_with_plain_counting(values: list[float | None], chance: object) -> None:
    del chance
    frame = pl.DataFrame({"y": values}, schema={"y": pl.Float64})
    found = _column(frame)
    known = sorted(value for value in values if value is not None and not math.isnan(value))
    assert (found.rows, found.missing, found.distinct) == (
        len(values),
        len(values) - len(known),
        len(set(known)),
    )
    if not known:
        assert (found.mean, found.percentiles, found.minimum) == (None, (), None)
        return
    assert (found.minimum, found.maximum) == (known[0], known[-1])
    assert found.mean == pytest.approx(fmean(known))
    assert found.deviation == pytest.approx(pstdev(known))
    assert found.percentiles == tuple(
        next(value for value in known if sum(other <= value for other in known) * 100 >= percent * len(known))
        for percent in range(101)
    )


def test_order_of_rows_changes_nothing() -> None:
    frame = panel(rows("a", range(50), [0.1 * n for n in range(50)]), rows("b", [3, 9], [None, 7.3]))
    assert profile(frame.sample(fraction=1.0, shuffle=True, seed=4), frequency="1h") == profile(
        frame, frequency="1h"
    )


def test_texts_are_counted_most_frequent_first_within_bounds() -> None:
    frame = pl.DataFrame({"zone": ["b", "a", "b", None, "c", "a"]})
    found = _column(frame, "zone")
    assert (found.kind, found.texts, found.missing) == ("text", (("a", 2), ("b", 2), ("c", 1)), 1)
    assert (found.minimum, found.maximum) == ("a", "c")
    many = pl.DataFrame({"zone": [str(n) for n in range(200)]})
    assert len(_column(many, "zone").texts) == MAX_TEXTS


def test_moments_and_days_have_their_ends() -> None:
    frame = panel(rows("a")).with_columns(pl.Series("day", [date(2024, 5, 1 + n) for n in range(6)]))
    assert _column(frame, "time").maximum == "2024-01-01T05:00:00+00:00"
    assert _column(frame, "day").minimum == "2024-05-01"


def test_series_that_miss_most_come_first() -> None:
    frame = panel(
        rows("full", range(5)),
        rows("holes", [0, 1, 5, 9], [1.0, 2.0, 3.0, 6.0]),
        rows("empty", range(3), [None, math.nan, None]),
        rows("half", range(4), [1.0, None, 2.0, 3.0]),
    )
    found = profile(frame, frequency="1h")
    assert [(one.series, one.rows, one.missing) for one in found.worst] == [
        ("holes", 4, 6),
        ("empty", 0, 3),
        ("half", 3, 1),
        ("full", 5, 0),
    ]
    holes = found.worst[0]
    assert (holes.first, holes.last, holes.mean) == (START, START + 9 * HOUR, 3.0)
    assert (found.worst[1].first, found.worst[1].mean) == (None, None)
    assert (found.rows, found.series, found.missing) == (16, 4, 10)


def test_without_a_frequency_only_rows_without_a_value_are_missing() -> None:
    assert profile(panel(rows("a", [0, 9]))).missing == 0


def test_months_are_counted_on_the_calendar() -> None:
    frame = panel([("a", START, 1.0), ("a", START + timedelta(days=121), 1.0)])
    assert profile(frame, frequency="1mo").worst[0].missing == 3


def test_the_listing_of_series_is_bounded() -> None:
    found = profile(panel(*(rows(f"s{n:03}") for n in range(90))))
    assert (found.series, len(found.worst)) == (90, MAX_SERIES)


def test_personal_columns_are_only_counted() -> None:
    frame = panel(rows("Ann"), rows("Bob")).with_columns(owner=pl.lit("Carol"))
    text = profile(frame, personal=["series", "owner"]).model_dump_json()
    assert not any(name in text for name in ("Ann", "Bob", "Carol"))
    assert '"series":"series 1"' in text
    assert profile(frame, personal=["owner"]).worst[0].series == "Ann"


def test_a_profile_survives_json() -> None:
    found = profile(panel(rows("a", range(4), [1.0, math.inf, None, 2.0])), frequency="1h")
    assert Profile.model_validate_json(found.model_dump_json()) == found
    assert profile(panel()).rows == 0


def test_a_table_that_is_no_panel_has_columns_only() -> None:
    found = profile(pl.DataFrame({"n": [1, 2, 2], "ok": [True, None, False]}))
    assert (found.series, found.worst) == (0, ())
    assert [(one.name, one.kind, one.distinct) for one in found.columns] == [
        ("n", "number", 2),
        ("ok", "other", 2),
    ]


def test_a_wrong_frequency_is_refused() -> None:
    with pytest.raises(UsageError, match="frequency='often' is not a step"):
        profile(panel(rows("a")), frequency="often")
