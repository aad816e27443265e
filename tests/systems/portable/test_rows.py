from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from penstock.domain.errors import DataError
from penstock.systems.shared.portable.rows import Need, as_rows, history_of, microseconds

START = datetime(2026, 1, 1, tzinfo=UTC)
NEED = Need(series=("a", "b"), frequency="1h", steps=3, statics=("area",))


def rows(count: int = 5, name: str = "a", **changes: Any) -> list[dict[str, Any]]:
    return [
        {"series": name, "time": START + timedelta(hours=hour), "y": float(hour), "area": "x", **changes}
        for hour in range(count)
    ]


def test_the_end_of_each_series_is_taken_in_any_order() -> None:
    found = history_of([*reversed(rows()), *rows(4, "b", area=None)], NEED, 2)
    assert found.series == ("a", "b")
    assert found.values.tolist() == [[2.0, 3.0, 4.0], [1.0, 2.0, 3.0]]
    assert found.ahead.tolist() == [
        [microseconds(START + timedelta(hours=hour)) for hour in hours] for hours in ((5, 6), (4, 5))
    ]
    assert found.statics == {"area": ("x", None)}


@pytest.mark.parametrize(
    "form",
    [
        lambda stamp: stamp.isoformat(),
        lambda stamp: stamp.isoformat().replace("+00:00", "Z"),
        lambda stamp: stamp.replace(tzinfo=None),
        lambda stamp: (stamp + timedelta(hours=1)).replace(tzinfo=None).isoformat() + "+01:00",
        lambda stamp: np.datetime64(stamp.replace(tzinfo=None), "ns"),
    ],
)
def test_stamps_come_in_many_forms(form: Any) -> None:
    assert microseconds(form(START)) == int(START.timestamp()) * 1_000_000


def test_columns_do_as_well_as_rows() -> None:
    listed = rows()
    columns = {name: np.array([row[name] for row in listed]) for name in listed[0]}
    columns["time"] = np.array([row["time"].replace(tzinfo=None) for row in listed], dtype="datetime64[us]")
    assert history_of(columns, NEED, 1).values.tolist() == history_of(listed, NEED, 1).values.tolist()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "the panel has no rows"),
        ([{"series": "a", "y": 1.0}], "not a panel: columns time, area are missing"),
        (
            {"series": ["a"], "time": [START, START], "y": [1.0], "area": ["x"]},
            "its columns differ in length",
        ),
        (rows(y=math.nan), "row 0: y is missing, NaN or infinite, row 1"),
        (rows(y=None), "row 0: float"),
        (rows(time="soon"), "row 0: Invalid isoformat string: 'soon'"),
        (rows(time=7), "row 0: 7 is no moment"),
        ([*rows(), *rows()], "a: a stamp stands there twice"),
        (rows(2), "a has 2 rows and needs 3"),
        (rows(name="z"), "the model was not trained on 1 of the series: z"),
        ([*rows(2), *rows()[3:]], r"1 series have gaps or stamps off the common grid of 1h: a \(2026"),
    ],
)
def test_rows_that_cannot_be_forecast_from(given: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        history_of(given, NEED, 1)


def test_a_series_off_the_grid_of_the_others_is_refused() -> None:
    late = [{**row, "time": row["time"] + timedelta(minutes=30)} for row in rows(name="b")]
    with pytest.raises(DataError, match="off the common grid of 1h: b"):
        history_of([*rows(), *late], NEED, 1)


def test_what_has_no_bound_is_none_in_rows() -> None:
    columns = {
        "series": np.array(["a"], dtype=object),
        "time": np.array(["2026-01-01"], dtype="datetime64[us]"),
        "lower_90": np.array([np.nan]),
    }
    assert as_rows(columns) == [{"series": "a", "time": START, "lower_90": None}]
